"""What a photo's file says of itself before any pixel is decoded."""

from dataclasses import dataclass
from pathlib import Path

from .metadata import exif_values, orientation_of
from .opening import opened


@dataclass(frozen=True, slots=True)
class Header:
    """`width` and `height` in pixels as stored, `orientation` (EXIF, 1..8) what turns them upright, and the embedded
    XMP packet."""

    width: int
    height: int
    orientation: int
    xmp: bytes | None


def read_header(path: Path) -> Header:
    """Raises ImageReadError and OSError."""
    with opened(path) as (image, photo_format, _):
        width, height = image.size
        xmp = image.info.get("xmp")
        orientation = orientation_of(exif_values(image)[0])
        if photo_format == "heif":  # turned by its decoder
            orientation = int(image.info.get("original_orientation") or 1)
            width, height = (height, width) if orientation >= 5 else (width, height)
    return Header(width, height, orientation, xmp.encode() if isinstance(xmp, str) else xmp)
