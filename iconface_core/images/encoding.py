"""The bytes of a restored copy: its samples and its metadata in the format that the original has."""

import struct
import zlib
from functools import partial
from typing import IO, Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .carrying import DeepPicture, Samples
from .deep import U16, png_pieces
from .embedded import Embedded, app13, photoshop_block
from .png_rows import chunk
from .strips import row_slices
from .tiff_strips import TIFF_DIRECTORIES, tiff_tags, write_tiff

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})


class _NoDescriptor:
    """An open file without its descriptor. Handed a real file, Pillow writes to that and overlooks a short write, so
    that a disk that fills up would leave a truncated picture and no error."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write, self.flush = file.write, file.flush


def _plain(file: IO[bytes]) -> Any:  # Pillow needs these two of a file, whatever its annotation says
    return _NoDescriptor(file)


def encode(
    file: IO[bytes],
    samples: Samples,
    suffix: str,
    options: dict[str, Any],
    embedded: Embedded,
    notes: list[str],
    *,
    lossless: bool,
) -> None:
    """Write all of an empty file, as it is encoded: of all formats only WebP is in memory as a whole."""
    out = _plain(file)
    kind = suffix.lower()
    if kind == ".png" or isinstance(samples, DeepPicture):
        _write_png(file, samples, options, embedded)
        return
    image = Image.fromarray(samples) if isinstance(samples, np.ndarray) else samples
    if kind in JPEG_SUFFIXES:
        if image.mode in {"LA", "RGBA"}:
            image = image.convert(image.mode[:-1])
        options |= _jpeg_extras(embedded, notes)
        image.save(out, "JPEG", quality=95, subsampling=0, **options)
    elif kind == ".webp":
        if embedded.iptc or embedded.comment:
            notes.append("IPTC captions and comments have no place in WebP, and stay in the original")
        image.save(out, "WEBP", quality=95, method=4, lossless=lossless, exact=True, **options)
    else:
        directory = tiff_tags(image, options, embedded)
        packed = TIFF_DIRECTORIES.isdisjoint(directory)
        write_tiff(file, image, "tiff_adobe_deflate" if packed else "raw", directory)
    if embedded.texts:
        notes.append(f"the texts of the PNG have no place in {suffix[1:]}, and stay in the original")


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


def _write_png(file: IO[bytes], samples: Samples, options: dict[str, Any], embedded: Embedded) -> None:
    if isinstance(samples, np.ndarray):
        samples = _in_strips(samples)
    if isinstance(samples, DeepPicture):  # Pillow has no 16-bit colour
        file.writelines(png_pieces(samples.size, samples.strips(), png_chunks(options, embedded)))
        return
    samples.info = {}  # of which Pillow would write what it holds
    info = PngInfo()
    for kind, data in [*embedded.colour, *_png_texts(options, embedded)]:
        info.add(kind, data)
    kept = {key: options[key] for key in ("exif", "icc_profile", "dpi") if key in options}
    samples.save(_plain(file), "PNG", compress_level=4, pnginfo=info, **kept)


def _in_strips(samples: U16) -> DeepPicture:
    height, width = samples.shape[:2]
    rows = partial(row_slices, height, 2 * samples[:1].size)
    return DeepPicture((width, height), lambda: (samples[some] for some in rows()))


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
