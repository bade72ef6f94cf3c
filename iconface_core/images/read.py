"""Reading photos: any supported format to upright sRGB pixels, honest about what is broken. Writes nothing.

`max_pixels` is checked against the header before anything is decoded. What is large is decoded in strips (`strips.py`),
so that memory stays bounded whatever the file says.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from iconface_core import reason_codes as codes
from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.types import RgbU8

from . import memory_limits
from .colour import GREY_MODES, plain, to_srgb
from .formats import PHOTO_SUFFIXES, content_hash, is_photo_name, name_matches, sniff_format
from .memory_limits import DEFAULT_FULL_PIXELS, DEFAULT_MAX_PIXELS, check_whole
from .metadata import capture_date, exif_values, orientation_of, rebuilt_exif
from .opening import check_photo, damage_said, opened, said
from .photo import Photo
from .png_rows import late_png_metadata
from .strips import bands, reduced, stored_size, strips
from .turning import laid_down
from .whole_webp import whole_webp

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = [
    "DEFAULT_FULL_PIXELS",
    "DEFAULT_MAX_PIXELS",
    "PHOTO_SUFFIXES",
    "Photo",
    "check_photo",
    "content_hash",
    "is_photo_name",
    "photo_size",
    "read_photo",
    "read_xmp",
    "sniff_format",
]

_BANDS_FROM = 4_000_000  # pixels; smaller pictures are converted in one piece
_OLD_EXIF = "Raw profile type exif"  # how ImageMagick keeps it in a PNG
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One fully decoded, upright Pillow image in its own colour space and mode, with its metadata.

    `orientation` is the one the file states, `stored_orientation` how the pixels lie in the file (HEIC turns them
    itself and hides that); `image` and `full_size` have it applied."""

    image: Image.Image
    full_size: tuple[int, int]
    format: str
    orientation: int
    stored_orientation: int
    exif: bytes | None
    icc: bytes | None
    xmp: bytes | None
    dpi: tuple[float, float] | None
    tags: dict[int, object]
    notes: tuple[str, ...]


def read_photo(
    path: Path,
    *,
    reduce_to: int | None = None,
    least_pixels: int = 0,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    full_pixels: int = DEFAULT_FULL_PIXELS,
) -> Photo:
    """Read a photo upright, in sRGB, transparent parts on white.

    `reduce_to` allows a cheaper, smaller picture whose long side is still at least that many pixels (and less than
    twice as many) and whose area is at least `least_pixels`: meant for indexing. A panorama reduced by its long side
    alone would be a strip some hundred pixels high. Without `reduce_to` the full picture is returned, which may have
    at most `full_pixels`.

    Raises ImageReadError with the reason (missing, empty, truncated, not a picture), ImageTooLargeError.
    """
    with opened(path) as (image, photo_format, file):
        _check_size(path, image.size, max_pixels, None if reduce_to is not None else full_pixels)
        goal = None if reduce_to is None else _goal_side(*image.size, reduce_to, least_pixels)
        large = goal is None and math.prod(image.size) >= memory_limits.STREAM_FROM
        parts = strips(image, photo_format, file) if large else None
        decoded = _decode(path, image, photo_format, file, goal, load=parts is None)
        notes = list(decoded.notes)
        pixels = _srgb_pixels(path, decoded, notes) if parts is None else _joined(path, decoded, parts, notes)
    return Photo(
        pixels,
        *decoded.full_size,
        decoded.format,
        decoded.image.mode in GREY_MODES,
        capture_date(decoded.tags, decoded.xmp, path.name),
        tuple(notes),
    )


@contextmanager
def undecoded(
    path: Path, *, max_pixels: int = DEFAULT_MAX_PIXELS, full_pixels: int = DEFAULT_FULL_PIXELS
) -> Iterator[tuple[Decoded, BinaryIO, Callable[[], Decoded]]]:
    """What is known of a photo, with an `image` that is neither decoded nor turned yet; the open file; and what decodes
    all of it and turns it upright, in its own mode. Errors as `read_photo`, of damaged pixels only from the last."""
    with opened(path) as (image, photo_format, file):
        _check_size(path, image.size, max_pixels, full_pixels)
        described = _decode(path, image, photo_format, file, None, load=False)
        yield described, file, partial(_decode, path, image, photo_format, file, None)


def photo_size(path: Path) -> tuple[int, int]:
    """Width and height as the file's header says, without decoding pixels or turning. Errors as `read_photo`."""
    with opened(path) as (image, _, _):
        return image.size


def read_xmp(path: Path) -> bytes | None:
    """The photo's embedded XMP packet, without decoding pixels. Errors as `read_photo`."""
    with opened(path) as (image, _, _):
        return _as_bytes(image.info.get("xmp"))


def _check_size(path: Path, size: tuple[int, int], most: int, most_full: int | None) -> None:
    width, height = size
    shown = f"{path}: {width} x {height} = {width * height / 1e6:.0f} megapixels"
    if width * height > most:
        raise ImageTooLargeError(
            f"{shown}, more than the limit of {most / 1e6:.0f}; raise max_megapixels if this is a real photo",
            codes.TOO_MANY_PIXELS(width=width, height=height, megapixels=most / 1e6),
        )
    if most_full is not None and width * height > most_full:
        raise ImageTooLargeError(
            f"{shown}; at full size at most {most_full / 1e6:.0f} are read, because the whole picture is held in "
            "memory. Cut out the part with the face, save it smaller, or raise full_megapixels",
            codes.TOO_LARGE_IN_FULL(width=width, height=height, megapixels=most_full / 1e6),
        )


def _decode(
    path: Path, image: "ImageFile", photo_format: str, file: BinaryIO, goal: int | None, *, load: bool = True
) -> Decoded:
    """Without `load` the pixels stay in the file, as they lie there."""
    notes: list[str] = []
    if not name_matches(path, photo_format):
        notes.append(f"named {path.suffix or 'without a suffix'} but holds {photo_format}")
    width, height = image.size
    if photo_format == "png" and (not load or width * height >= memory_limits.STREAM_FROM):
        image.info.update(late_png_metadata(file))
        if width * height >= memory_limits.STREAM_FROM or _OLD_EXIF not in image.info:
            image.info.setdefault("exif", b"")  # else Pillow decodes the whole picture to find it
    tags, readable = exif_values(image)
    if not readable:
        notes.append("damaged EXIF ignored")
    exif = image.info.get("exif") or (rebuilt_exif(image) if photo_format == "tiff" else None)
    orientation = orientation_of(tags)
    pixels: Image.Image = image
    upright = photo_format == "tiff"  # in its sides, before it is loaded
    if load:
        with damage_said(path, photo_format):
            pixels, upright = _pixels(image, photo_format, file, goal)
        if orientation in _TRANSPOSE and not upright:
            pixels = pixels.transpose(_TRANSPOSE[orientation])
    if orientation >= 5 and photo_format != "tiff":  # whose sides Pillow swaps when it opens one
        width, height = height, width
    info = image.info
    return Decoded(
        pixels,
        (width, height),
        photo_format,
        orientation,
        (image.info.get("original_orientation") or 1) if photo_format == "heif" else orientation,
        exif,
        info.get("icc_profile") or None,
        _as_bytes(info.get("xmp")),
        info.get("dpi"),
        tags,
        tuple(notes),
    )


def _pixels(image: "ImageFile", photo_format: str, file: BinaryIO, goal: int | None) -> tuple[Image.Image, bool]:
    """The decoded picture, its long side at least `goal`, and whether it is upright already."""
    width, height = stored_size(image, photo_format)
    if goal is not None and photo_format in {"jpeg", "raw"}:
        image.draft(None, (_at_least(width, height, goal), _at_least(height, width, goal)))
    factor = max(image.size) // goal if goal else 1
    if math.prod(image.size) >= memory_limits.STREAM_FROM and factor >= 2:
        return reduced(image, photo_format, file, factor), False
    check_whole(image, photo_format)
    still = whole_webp(image, file) if photo_format == "webp" else None
    if still is not None:
        return still if factor < 2 else plain(still).reduce(factor), False
    image.load()
    # Pillow turns a TIFF, and swaps its sides, while loading it; nothing else, and no strips of one
    return image if factor < 2 else plain(image).reduce(factor), photo_format == "tiff"


def _goal_side(width: int, height: int, reduce_to: int, least_pixels: int) -> int:
    """The least long side of the reduced picture."""
    long, short = max(width, height), max(1, min(width, height))
    return max(1, reduce_to, math.ceil(math.sqrt(least_pixels * long / short)))


def _at_least(side: int, other: int, goal: int) -> int:
    """The size of `side` when the long side has `goal` pixels, rounded up."""
    return max(1, -(-side * goal // max(side, other)))


def _srgb_pixels(path: Path, decoded: Decoded, notes: list[str]) -> RgbU8:
    """All pixels in sRGB; a large picture band by band, because every conversion is a copy."""
    image = decoded.image
    try:
        if image.width * image.height < _BANDS_FROM or image.mode in {"I", "F"}:  # whose range is that of the whole
            return np.asarray(to_srgb(image, decoded.icc, notes))
        return _converted((band for band, _ in bands(image)), image.size, 1, decoded.icc, notes)
    except Exception as e:
        raise ImageReadError(
            f"{path}: cannot convert {image.mode} pixels to RGB ({said(e)})",
            codes.NOT_CONVERTIBLE(mode=image.mode, detail=said(e)),
        ) from e


def _joined(path: Path, decoded: Decoded, parts: Iterator[Image.Image], notes: list[str]) -> RgbU8:
    """All pixels upright and in sRGB, from strips as they are stored: Pillow's picture is never there as a whole."""
    with damage_said(path, decoded.format):
        return _converted(parts, decoded.full_size, decoded.orientation, decoded.icc, notes)


def _converted(
    parts: Iterator[Image.Image], size: tuple[int, int], orientation: int, icc: bytes | None, notes: list[str]
) -> RgbU8:
    """An upright picture of this size in sRGB from pieces of the one that is stored. Raises OSError where some lack."""
    out = np.empty((size[1], size[0], 3), np.uint8)
    stored, top = laid_down(out, orientation), 0
    for part in parts:
        remarks: list[str] = []
        stored[top : top + part.height] = np.asarray(to_srgb(part, icc, remarks))
        notes.extend(r for r in remarks if r not in notes)
        top += part.height
    if top < len(stored):
        raise OSError(f"only {top} of {len(stored)} rows could be read")
    return out


def _as_bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes) and value else None
