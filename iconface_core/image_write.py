"""Writing a restored photo: a new file beside the untouched original, complete or not there at all.

The restored pixels come as 8-bit sRGB, while the original may be 16-bit, grey, transparent or in another colour space.
So not the pixels are written but the *change*: the difference between the restored and the original sRGB pixels is
carried into the original's own values. Where nothing was restored the difference is zero, and the original's samples
reach the encoder as they were, at full depth and in their own colour profile.

| original | written as |
|---|---|
| JPEG, MPO | JPEG, quality 95, 4:4:4; CMYK becomes sRGB |
| PNG, GIF, BMP | PNG (first frame); 16-bit stays 16-bit; a palette becomes RGB |
| TIFF | TIFF, deflate or uncompressed (first page); 16-bit colour becomes 16-bit PNG: Pillow cannot write it as TIFF |
| WebP | WebP, lossless when it was, else quality 95 |
| HEIC, AVIF, RAW | JPEG, quality 95, 4:4:4; PNG when transparent |
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from .atomic_write import publish
from .colour import GREY_MODES, to_srgb
from .errors import ImageWriteError
from .image_io import DEFAULT_MAX_PIXELS, Decoded, decode_upright
from .photo_info import upright_exif
from .provenance import Provenance
from .types import RgbU8

_Samples = NDArray[np.uint8] | NDArray[np.uint16]  # (H, W) or (H, W, C): grey, grey + alpha, RGB, RGBA
_JPEG_XMP_LIMIT = 65_502 - 29
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Written:
    """Where the restored photo lies, and what differs from the original apart from the faces."""

    path: Path
    notes: tuple[str, ...] = ()


def restored_names(source: Path, folder: Path, suffix: str) -> Iterator[Path]:
    """`NAME_restored.EXT`, `NAME_restored-2.EXT`, ... in `folder`."""
    yield folder / f"{source.stem}_restored{suffix}"
    for i in range(2, 10_000):
        yield folder / f"{source.stem}_restored-{i}{suffix}"


def write_restored(
    source: Path, restored: RgbU8, provenance: Provenance, folder: Path, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> Written:
    """Write `restored` (H, W, 3), the full upright pixels of `source` with some faces replaced, into `folder`.

    The original is read again, never written. An existing file is never overwritten: the next free name is taken.
    EXIF (orientation 1, no thumbnail), colour profile, resolution and foreign XMP are kept; provenance is added.
    Raises ImageReadError when the original can no longer be read, ImageWriteError when the output cannot be written;
    then no file is left behind.
    """
    decoded = decode_upright(source, max_pixels=max_pixels)
    width, height = decoded.full_size
    if restored.shape != (height, width, 3):
        raise ValueError(f"{source} has {width} x {height} pixels, but the restored array has shape {restored.shape}")
    notes: list[str] = []
    samples, icc = _carry_change(source, decoded, restored, notes)
    suffix = _suffix_for(source, decoded, samples)
    if suffix.lower() != source.suffix.lower():
        notes.append(f"written as {suffix[1:]} instead of {decoded.format}")
    xmp = provenance.to_xmp(decoded.xmp)
    if suffix.lower() in _JPEG and len(xmp) > _JPEG_XMP_LIMIT:
        xmp = provenance.to_xmp()
        notes.append("the original's XMP was too long to keep in a JPEG")
    exif = upright_exif(decoded.exif) if decoded.exif else None
    if decoded.exif and exif is None:
        notes.append("damaged EXIF was not copied")
    metadata = {"exif": exif, "icc_profile": icc, "xmp": xmp, "dpi": decoded.dpi}
    options: dict[str, Any] = {key: value for key, value in metadata.items() if value}

    try:
        data = _encode(samples, suffix, options, lossless=_is_lossless_webp(source, decoded.format))
    except (OSError, ValueError, TypeError, RuntimeError, struct.error, cv2.error) as e:
        raise ImageWriteError(f"{source}: the restored photo cannot be encoded as {suffix[1:]} ({e})") from e
    return Written(publish(data, restored_names(source, folder, suffix), source), tuple(notes))


_JPEG = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})


def _suffix_for(source: Path, decoded: Decoded, samples: _Samples) -> str:
    """The suffix of the output: the original's own where the format stays and the name is honest."""
    own = source.suffix
    deep_colour = samples.dtype == np.uint16 and samples.ndim == 3
    transparent = samples.ndim == 3 and samples.shape[2] in {2, 4}
    match decoded.format:
        case "jpeg":
            return own if own.lower() in _JPEG else ".jpg"
        case "tiff" if not deep_colour:
            return own if own.lower() in {".tif", ".tiff"} else ".tif"
        case "webp":
            return ".webp"
        case "heif" | "avif" | "raw" if not transparent:
            return ".jpg"
    return own if own.lower() == ".png" else ".png"


def _carry_change(source: Path, decoded: Decoded, restored: RgbU8, notes: list[str]) -> tuple[_Samples, bytes | None]:
    """The original's own samples plus the change, and the colour profile that belongs to them."""
    before = np.asarray(to_srgb(decoded.image, decoded.icc))
    samples, icc = _native_samples(source, decoded, notes)
    if samples is None:
        return restored, None
    changed = np.flatnonzero((before != restored).any((1, 2)))
    if changed.size == 0:
        return samples, icc
    rows = slice(int(changed[0]), int(changed[-1]) + 1)
    colours = 1 if samples.ndim == 2 or samples.shape[2] == 2 else 3
    to_native = _to_native(colours, icc)
    change = to_native(restored[rows]).astype(np.int32) - to_native(before[rows])
    top = np.iinfo(samples.dtype).max
    out = samples.copy()
    target = out[rows] if samples.ndim == 2 else out[rows, :, :colours]
    moved = target.astype(np.int32) + change.reshape(target.shape) * (top // 255)
    target[...] = np.clip(moved, 0, top)
    return out, icc


def _native_samples(source: Path, decoded: Decoded, notes: list[str]) -> tuple[_Samples | None, bytes | None]:
    """The decoder's own values; None where they are in a space that is written as sRGB instead (CMYK, palette)."""
    image = decoded.image
    deep = _deep_samples(source, decoded) if decoded.format in {"png", "tiff"} else None
    if deep is not None:
        return deep, decoded.icc
    if image.mode in {"L", "LA", "RGB", "RGBA"} and "transparency" not in image.info:
        return np.asarray(image), decoded.icc
    if image.mode in GREY_MODES and "transparency" not in image.info:
        return np.asarray(to_srgb(image, None).convert("L")), None
    notes.append(f"{image.mode} pixels converted to sRGB")  # CMYK, a palette, Lab, one transparent colour
    return None, None


def _deep_samples(source: Path, decoded: Decoded) -> NDArray[np.uint16] | None:
    """The 16-bit samples that Pillow drops for colour pictures; None when the file has 8."""
    if decoded.image.mode.startswith("I;16"):
        return np.asarray(decoded.image).astype(np.uint16)
    if decoded.image.mode not in {"RGB", "RGBA", "LA"}:
        return None
    if decoded.format == "png":
        with source.open("rb") as file:
            bits = file.read(25)[24]
    else:
        depth = decoded.tags.get(258, 8)
        bits = max(depth) if isinstance(depth, tuple) else int(str(depth))
    if bits != 16:
        return None
    samples = cv2.imdecode(np.fromfile(source, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        return None
    order = [2, 1, 0, 3][: samples.shape[2]]
    upright: NDArray[np.uint16] = np.ascontiguousarray(_turn(samples[:, :, order], decoded.orientation))
    return upright if upright.shape[:2] == (decoded.image.height, decoded.image.width) else None


def _turn(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply an EXIF orientation to an array."""
    if orientation >= 5:
        samples = samples.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        samples = samples[::-1]
    if orientation in {2, 3, 6, 7}:
        samples = samples[:, ::-1]
    return samples


def _to_native(colours: int, icc: bytes | None) -> Any:
    """A function from sRGB pixels to 8-bit values of the original's colour space."""
    mode = "L" if colours == 1 else "RGB"
    if icc is not None:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", mode)
            return lambda rgb: np.asarray(
                ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(rgb)), transform)
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # reading ignored the same unusable profile
    if mode == "L":
        return lambda rgb: (rgb @ _LUMA + 0.5).astype(np.uint8)
    return lambda rgb: rgb


def _is_lossless_webp(source: Path, photo_format: str) -> bool:
    if photo_format != "webp":
        return False
    with source.open("rb") as file:
        return b"VP8L" in file.read(64 * 1024)


def _encode(samples: _Samples, suffix: str, options: dict[str, Any], *, lossless: bool) -> memoryview:
    """The bytes of the file.

    In memory: handed a real file, Pillow writes to its descriptor and overlooks a short write, so that a disk that
    fills up would leave a truncated picture and no error.
    """
    file = io.BytesIO()
    kind = suffix.lower()
    if kind == ".png":
        _write_png(file, samples, options)
        return file.getbuffer()
    image = Image.fromarray(samples)
    if kind in _JPEG:
        if image.mode in {"LA", "RGBA"}:
            image = image.convert(image.mode[:-1])
        image.save(file, "JPEG", quality=95, subsampling=0, **options)
    elif kind == ".webp":
        image.save(file, "WEBP", quality=95, method=4, lossless=lossless, exact=True, **options)
    else:
        image.save(file, "TIFF", **_tiff_options(options))
    return file.getbuffer()


def _tiff_options(options: dict[str, Any]) -> dict[str, Any]:
    """Pillow's TIFF writer takes XMP as a tag of the EXIF it is given, and writes EXIF and GPS only uncompressed."""
    exif = Image.Exif()
    if "exif" in options:
        exif.load(options["exif"])
    compression = "raw" if 0x8769 in exif or 0x8825 in exif else "tiff_adobe_deflate"
    exif[700] = options["xmp"]
    return {**{key: value for key, value in options.items() if key != "xmp"}, "exif": exif, "compression": compression}


def _write_png(file: io.BytesIO, samples: _Samples, options: dict[str, Any]) -> None:
    """OpenCV encodes the pixels, because Pillow has no 16-bit colour; the metadata chunks go in after the header."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if channels == 2:  # OpenCV has no grey + alpha
        samples = samples[:, :, [0, 0, 0, 1]]
    elif channels >= 3:
        samples = samples[:, :, [2, 1, 0, 3][:channels]]
    done, encoded = cv2.imencode(".png", samples)
    if not done:
        raise ValueError("OpenCV could not encode the PNG")
    png = memoryview(encoded.tobytes())
    header_end = 8 + 25  # signature, IHDR
    file.write(png[:header_end])
    if icc := options.get("icc_profile"):
        file.write(_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if dpi := options.get("dpi"):
        file.write(_chunk(b"pHYs", struct.pack(">IIB", *(round(float(d) / 0.0254) for d in dpi), 1)))
    if exif := options.get("exif"):
        file.write(_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")))
    file.write(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + options["xmp"]))
    file.write(png[header_end:])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
