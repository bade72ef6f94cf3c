"""How large a photo may be, how much memory its decoder may take, and the pictures that would take more."""

import struct
from typing import TYPE_CHECKING, Any

from iconface_core.errors import ImageTooLargeError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

DEFAULT_MAX_PIXELS = 400_000_000
"""Twice a large flatbed scan; 1.2 GB of RGB. Beyond this a file is taken for a decompression bomb."""

DEFAULT_FULL_PIXELS = 80_000_000
"""What may be read at full size. A restoration holds the picture in memory two or three times."""

STREAM_FROM = 40_000_000
"""Pixels from which a picture is read in strips: below, the whole needs at most some 200 MB."""

MOST_BYTES = 600_000_000
"""What one decoder may hold. With models and results a worker stays below 1 GB."""

STRIP_BYTES = 8_000_000
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # in Pillow's memory; others 4
_OVERHEAD = {"webp": 12, "heif": 6, "avif": 9}  # bytes a pixel of the libraries' own buffers and copies, as measured
_WAY_OUT = {
    "png": "save it without interlacing",
    "jpeg": "save it as a baseline (not progressive) JPEG",
    "tiff": "save it in strips or tiles, uncompressed or with deflate",
    "bmp": "save it as PNG",
    "gif": "save it as PNG",
}


def check_whole(image: "ImageFile", photo_format: str) -> None:
    """Raises ImageTooLargeError when decoding the picture in one piece would need more than `MOST_BYTES`."""
    width, height = image.size
    needed = width * height * (_PIXEL_BYTES.get(image.mode, 4) + _OVERHEAD.get(photo_format, 0))
    if photo_format == "jpeg" and image.info.get("progressive"):
        needed += coefficient_bytes(image)
    if needed > MOST_BYTES:
        way = _WAY_OUT.get(photo_format, "save it smaller, or as JPEG, PNG or TIFF")
        raise ImageTooLargeError(
            f"{width} x {height} pixels of this kind of {photo_format} can only be decoded in one piece, which needs "
            f"{needed / 1e9:.1f} GB of memory; {way}"
        )


def is_heavy(width: int, height: int, photo_format: str) -> bool:
    """Whether decoding or writing such a picture as a whole takes what 40 megapixels of a JPEG take, or more."""
    return width * height * (4 + _OVERHEAD.get(photo_format, 0)) >= 4 * STREAM_FROM


def coefficient_bytes(image: Any) -> int:
    """What libjpeg keeps of a progressive JPEG until its end: two bytes for every sample, at any scale of decoding."""
    (_, _, right, bottom) = image.tile[0][1]
    scale = (getattr(image, "decoderconfig", None) or (1,))[0]
    layers = image.layer
    most = max(h * v for _, h, v, _ in layers)
    return int(right * scale * bottom * scale * 2 * sum(h * v for _, h, v, _ in layers) / most)


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Width and height from the first 30 bytes of a WebP: Pillow reserves memory for the pixels when it opens one."""
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8 " and len(head) >= 30:
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(head) >= 25:
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def check_webp(head: bytes) -> None:
    """Raises ImageTooLargeError before a WebP is opened whose decoding would need more than `MOST_BYTES`."""
    width, height = webp_size(head) or (0, 0)
    if (needed := width * height * (4 + _OVERHEAD["webp"])) > MOST_BYTES:
        raise ImageTooLargeError(
            f"{width} x {height} pixels of WebP can only be decoded in one piece, which needs {needed / 1e9:.1f} GB of "
            "memory; save it smaller, or as JPEG, PNG or TIFF"
        )
