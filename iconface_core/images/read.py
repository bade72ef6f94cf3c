"""Reading photos: any supported format to upright sRGB pixels, honest about what is broken. Writes nothing.

Each format is opened with its own Pillow class, chosen by content. So a stranger's file can reach only the decoders
listed here, and Pillow's process-wide pixel limit, which refuses legitimate 200-megapixel scans, is neither used nor
changed: `max_pixels` is checked against the header before anything is decoded. What is large is decoded in strips
(`strips.py`), so that memory stays bounded whatever the file says; what a decoder raises, whichever exception it is, is
the reason why this one file cannot be read.
"""

import io
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from iconface_core import reason_codes as codes
from iconface_core.errors import ImageReadError, ImageTooLargeError
from iconface_core.types import F32, BBox, DetectedFace, RgbU8

from .colour import GREY_MODES, plain, to_srgb
from .formats import PHOTO_SUFFIXES, content_hash, is_photo_name, name_matches, sniff_bytes, sniff_format
from .metadata import capture_date, exif_values, orientation_of, rebuilt_exif
from .regular_files import open_regular
from .strips import STREAM_FROM, bands, check_webp, check_whole, late_png_metadata, reduced, stored_size, strips
from .turning import laid_down

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

DEFAULT_MAX_PIXELS = 400_000_000
"""Twice a large flatbed scan; 1.2 GB of RGB. Beyond this a file is taken for a decompression bomb."""

DEFAULT_FULL_PIXELS = 80_000_000
"""What may be read at full size. A restoration holds the picture in memory two or three times."""

_MOST_BYTES_A_PIXEL = 8  # 16-bit RGBA, uncompressed
_BANDS_FROM = 4_000_000  # pixels; smaller pictures are converted in one piece
_OLD_EXIF = "Raw profile type exif"  # how ImageMagick keeps it in a PNG
_MOST_METADATA = 300_000_000  # the videos of motion photos
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
class Photo:
    """An upright photo in sRGB.

    `pixels` may be smaller than the photo; `width` x `height` is the photo's full upright size and everything that
    is stored or shown is in those pixels: convert with `full_face`. `notes` are human sentences on what was odd
    about the file but did not stop it from being read. `grey` says that the file itself holds no colour.
    """

    pixels: RgbU8
    width: int
    height: int
    format: str
    grey: bool
    captured_at: datetime | None
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> tuple[float, float]:
        """Full pixels per pixel of `pixels`, in x and y (they differ by rounding). (1, 1) for a full read."""
        height, width = self.pixels.shape[:2]
        return self.width / width, self.height / height

    def full_face(self, face: DetectedFace) -> DetectedFace:
        """A face found in `pixels`, in pixels of the full photo."""
        return _scaled(face, *self.scale)

    def own_face(self, face: DetectedFace) -> DetectedFace:
        """A face in pixels of the full photo, in those of `pixels`."""
        x, y = self.scale
        return _scaled(face, 1 / x, 1 / y)

    def own_points(self, points: F32) -> F32:
        """Points (N, 2) in pixels of the full photo, in those of `pixels`."""
        x, y = self.scale
        return _scaled_points(points, 1 / x, 1 / y)


def _scaled(face: DetectedFace, x: float, y: float) -> DetectedFace:
    box = BBox(face.bbox.x1 * x, face.bbox.y1 * y, face.bbox.x2 * x, face.bbox.y2 * y)
    return DetectedFace(box, _scaled_points(face.landmarks, x, y), face.det_score)


def _scaled_points(points: F32, x: float, y: float) -> F32:
    # landmarks name pixel centres, box corners name pixel edges
    scaled: F32 = ((points + 0.5) * np.array([x, y], np.float32) - 0.5).astype(np.float32)
    return scaled


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
        large = goal is None and math.prod(image.size) >= STREAM_FROM
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


def check_photo(path: Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> None:
    """Whether it is worth reading all of a file: by its first bytes, and its size. A sparse file may say that it has
    terabytes. Raises ImageReadError with the reason."""
    with _recognised(path) as (file, _, _):
        size = os.fstat(file.fileno()).st_size
    if size > (most := max_pixels * _MOST_BYTES_A_PIXEL + _MOST_METADATA):
        raise ImageReadError(
            f"{path}: {size / 1e9:.1f} GB, more than a photo of {max_pixels / 1e6:.0f} megapixels can have "
            f"({most / 1e9:.1f} GB); raise max_megapixels if this is a real photo",
            codes.TOO_MANY_BYTES(bytes=size, most=most, megapixels=max_pixels / 1e6),
        )


@contextmanager
def _recognised(path: Path) -> Iterator[tuple[BinaryIO, str, bytes]]:
    """The open file, its format by content, and its first bytes. Raises ImageReadError."""
    try:
        file = open_regular(path)
    except FileNotFoundError as e:
        raise ImageReadError(f"{path}: no such file", codes.FILE_MISSING()) from e
    except OSError as e:
        denied = isinstance(e, PermissionError)
        reason = codes.NOT_PERMITTED() if denied else codes.CANNOT_OPEN(detail=e.strerror or _said(e))
        raise ImageReadError(f"{path}: cannot be opened ({e.strerror})", reason) from e
    with file:
        try:
            head = file.read(4096)
        except OSError as e:
            reason = codes.CANNOT_READ(detail=e.strerror or _said(e))
            raise ImageReadError(f"{path}: cannot be read ({e.strerror})", reason) from e
        if not head:
            raise ImageReadError(f"{path}: the file is empty (0 bytes)", codes.FILE_EMPTY())
        photo_format = sniff_bytes(head, path.suffix)
        if photo_format is None:
            raise ImageReadError(
                f"{path}: not a picture format we read; first bytes {head[:8]!r}",
                codes.NOT_A_PICTURE(first_bytes=repr(head[:8])),
            )
        yield file, photo_format, head


@contextmanager
def opened(path: Path) -> Iterator[tuple["ImageFile", str, BinaryIO]]:
    """The header, read by the decoder that the content asks for; its format; and the open file."""
    with _recognised(path) as (file, photo_format, head):
        file.seek(0)
        try:
            if photo_format == "webp":
                check_webp(head)
            stream: Any = io.BytesIO(_raw_preview(path)) if photo_format == "raw" else file
            image = _OPENERS[photo_format](stream)
        except ImageTooLargeError as e:
            raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=_said(e))) from e
        except ImageReadError:
            raise
        except Image.DecompressionBombError as e:  # the WebP reader checks Pillow's own limit (179 megapixels)
            raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=_said(e))) from e
        except Exception as e:  # Pillow and libheif document only a part of what they raise
            raise ImageReadError(
                f"{path}: damaged {photo_format}, its header cannot be read ({_said(e)})",
                codes.HEADER_DAMAGED(format=photo_format, detail=_said(e)),
            ) from e
        yield image, photo_format, stream


def _said(e: Exception) -> str:
    """An exception's own words, or its name where it has none (MemoryError, RecursionError of the C libraries)."""
    return str(e).strip() or type(e).__name__


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
    if photo_format == "png" and (not load or width * height >= STREAM_FROM):
        image.info.update(late_png_metadata(file))
        if width * height >= STREAM_FROM or _OLD_EXIF not in image.info:
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


@contextmanager
def damage_said(path: Path, photo_format: str) -> Iterator[None]:
    """Whatever decoding pixels raises becomes the reason why a photo cannot be read: ImageReadError."""
    try:
        yield
    except ImageTooLargeError as e:
        raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=_said(e))) from e
    except Image.DecompressionBombError as e:  # Pillow checks a TIFF again when it loads it whole
        raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=_said(e))) from e
    except Exception as e:
        raise ImageReadError(
            f"{path}: truncated or damaged {photo_format} ({_said(e)})",
            codes.PICTURE_DAMAGED(format=photo_format, detail=_said(e)),
        ) from e


def _pixels(image: "ImageFile", photo_format: str, file: BinaryIO, goal: int | None) -> tuple[Image.Image, bool]:
    """The decoded picture, its long side at least `goal`, and whether it is upright already."""
    width, height = stored_size(image, photo_format)
    if goal is not None and photo_format in {"jpeg", "raw"}:
        image.draft(None, (_at_least(width, height, goal), _at_least(height, width, goal)))
    factor = max(image.size) // goal if goal else 1
    if math.prod(image.size) >= STREAM_FROM and factor >= 2:
        return reduced(image, photo_format, file, factor), False
    check_whole(image, photo_format)
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
            f"{path}: cannot convert {image.mode} pixels to RGB ({_said(e)})",
            codes.NOT_CONVERTIBLE(mode=image.mode, detail=_said(e)),
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


def _open_heif(stream: Any) -> "ImageFile":
    from pillow_heif import HeifImageFile  # loads libheif and its codecs: only when such a file turns up

    opener: Callable[[Any], ImageFile] = HeifImageFile
    return opener(stream)


def _raw_preview(path: Path) -> bytes:
    """The embedded JPEG of a camera RAW file, in its own orientation."""
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            preview = raw.extract_thumb()
            if preview.format == rawpy.ThumbFormat.JPEG:
                return bytes(preview.data)
            bitmap = io.BytesIO()
            Image.fromarray(np.asarray(preview.data)).save(bitmap, "PNG", compress_level=1)
            return bitmap.getvalue()
    except rawpy.LibRawError as e:
        raise ImageReadError(
            f"{path}: camera RAW without a readable embedded preview ({e}); convert it to JPEG",
            codes.NO_RAW_PREVIEW(detail=_said(e)),
        ) from e


def _open_preview(stream: Any) -> "ImageFile":
    return JpegImageFile(stream) if stream.getbuffer()[:2] == b"\xff\xd8" else PngImageFile(stream)


_OPENERS: dict[str, Callable[[Any], "ImageFile"]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "tiff": TiffImageFile,
    "webp": WebPImageFile,
    "gif": GifImageFile,
    "bmp": BmpImageFile,
    "avif": AvifImageFile,
    "heif": _open_heif,
    "raw": _open_preview,
}
