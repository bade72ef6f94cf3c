"""The bytes of a restored copy: its samples and its metadata in the format that the original has."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .deep import swap_red_and_blue
from .embedded import Embedded, app13, photoshop_block
from .png_rows import chunk

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})


def encode(
    samples: Image.Image | NDArray[np.uint16],
    suffix: str,
    options: dict[str, Any],
    embedded: Embedded,
    notes: list[str],
    *,
    lossless: bool,
) -> memoryview:
    """The bytes of the file.

    In memory: handed a real file, Pillow writes to its descriptor and overlooks a short write, so that a disk that
    fills up would leave a truncated picture and no error.
    """
    file = io.BytesIO()
    kind = suffix.lower()
    if kind == ".png":
        _write_png(file, samples, options, embedded)
        return file.getbuffer()
    image = Image.fromarray(samples) if isinstance(samples, np.ndarray) else samples
    if kind in JPEG_SUFFIXES:
        if image.mode in {"LA", "RGBA"}:
            image = image.convert(image.mode[:-1])
        options |= _jpeg_extras(embedded, notes)
        image.save(file, "JPEG", quality=95, subsampling=0, **options)
    elif kind == ".webp":
        if embedded.iptc or embedded.comment:
            notes.append("IPTC captions and comments have no place in WebP, and stay in the original")
        image.save(file, "WEBP", quality=95, method=4, lossless=lossless, exact=True, **options)
    else:
        image.save(file, "TIFF", **_tiff_options(options, embedded))
    if embedded.texts and kind != ".png":
        notes.append(f"the texts of the PNG have no place in {suffix[1:]}, and stay in the original")
    return file.getbuffer()


def _jpeg_extras(embedded: Embedded, notes: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    if embedded.comment:
        found["comment"] = embedded.comment[:65_533]
    block = photoshop_block(embedded.iptc, embedded.resources)
    if block is not None:
        try:
            found["extra"] = app13(block)
        except ValueError:
            notes.append("the IPTC captions were too long to keep in a JPEG")
    return found


def _tiff_options(options: dict[str, Any], embedded: Embedded) -> dict[str, Any]:
    """Pillow's TIFF writer takes XMP and IPTC as tags of the EXIF it is given, and writes EXIF and GPS only
    uncompressed."""
    exif = Image.Exif()
    if "exif" in options:
        exif.load(options["exif"])
    compression = "raw" if 0x8769 in exif or 0x8825 in exif else "tiff_adobe_deflate"
    exif[700] = options["xmp"]
    if embedded.iptc:
        exif[33723] = embedded.iptc
    if (block := photoshop_block(embedded.iptc, embedded.resources)) is not None:
        exif[34377] = block
    return {**{key: value for key, value in options.items() if key != "xmp"}, "exif": exif, "compression": compression}


def _write_png(
    file: io.BytesIO, samples: Image.Image | NDArray[np.uint16], options: dict[str, Any], embedded: Embedded
) -> None:
    """OpenCV encodes 16-bit pixels, because Pillow has no 16-bit colour; the metadata chunks go in after the header."""
    if isinstance(samples, Image.Image):
        samples.info = {}  # of which Pillow would write what it holds
        info = PngInfo()
        for kind, data in [*embedded.colour, *_png_texts(options, embedded)]:
            info.add(kind, data)
        kept = {key: options[key] for key in ("exif", "icc_profile", "dpi") if key in options}
        samples.save(file, "PNG", compress_level=4, pnginfo=info, **kept)
        return
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if channels == 2:  # OpenCV has no grey + alpha
        samples = samples[:, :, [0, 0, 0, 1]]
    elif channels >= 3:
        swap_red_and_blue(samples)  # nobody needs them any more
    done, encoded = cv2.imencode(".png", samples)
    if not done:
        raise ValueError("OpenCV could not encode the PNG")
    png = encoded.data
    header_end = 8 + 25  # signature, IHDR
    file.write(png[:header_end])
    file.writelines(png_chunks(options, embedded))
    file.write(png[header_end:])


def png_chunks(options: dict[str, Any], embedded: Embedded) -> list[bytes]:
    """The metadata of a PNG, whole chunks, for behind its header."""
    chunks = list(embedded.colour)
    if icc := options.get("icc_profile"):
        chunks.append((b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if dpi := options.get("dpi"):
        chunks.append((b"pHYs", struct.pack(">IIB", *(round(float(d) / 0.0254) for d in dpi), 1)))
    if exif := options.get("exif"):
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    return [chunk(kind, data) for kind, data in [*chunks, *_png_texts(options, embedded)]]


def _png_texts(options: dict[str, Any], embedded: Embedded) -> list[tuple[bytes, bytes]]:
    """XMP first: our mark is looked for near the beginning of the file."""
    chunks = [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + options["xmp"])]
    for keyword, text in embedded.texts:
        chunks.append((b"iTXt", keyword.encode("latin-1", "replace")[:79] + b"\0\0\0\0\0" + text.encode()))
    if embedded.comment:
        comment = embedded.comment.decode("utf-8", "replace").encode()
        chunks.append((b"iTXt", b"Comment\0\0\0\0\0" + comment))
    if embedded.iptc:  # as ImageMagick and exiftool keep it in a PNG
        profile = f"\niptc\n{len(embedded.iptc):8d}\n{embedded.iptc.hex()}\n".encode()
        chunks.append((b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(profile)))
    return chunks
