"""Opening a photo: told by its content, its header read by the one decoder for it; pixels stay where they are.

Each format is opened with its own Pillow class. So a stranger's file can reach only the decoders listed here, and
Pillow's process-wide pixel limit, which refuses legitimate 200-megapixel scans, is neither used nor changed. What a
decoder raises, whichever exception it is, is the reason why this one file cannot be read.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

from .formats import sniff_bytes
from .memory_limits import DEFAULT_MAX_PIXELS, check_webp
from .regular_files import open_regular

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_MOST_BYTES_A_PIXEL = 8  # 16-bit RGBA, uncompressed
_MOST_METADATA = 300_000_000  # the videos of motion photos


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
        reason = codes.NOT_PERMITTED() if denied else codes.CANNOT_OPEN(detail=e.strerror or said(e))
        raise ImageReadError(f"{path}: cannot be opened ({e.strerror})", reason) from e
    with file:
        try:
            head = file.read(4096)
        except OSError as e:
            reason = codes.CANNOT_READ(detail=e.strerror or said(e))
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
            raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=said(e))) from e
        except ImageReadError:
            raise
        except Image.DecompressionBombError as e:  # the WebP reader checks Pillow's own limit (179 megapixels)
            raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=said(e))) from e
        except Exception as e:  # Pillow and libheif document only a part of what they raise
            raise ImageReadError(
                f"{path}: damaged {photo_format}, its header cannot be read ({said(e)})",
                codes.HEADER_DAMAGED(format=photo_format, detail=said(e)),
            ) from e
        yield image, photo_format, stream


@contextmanager
def damage_said(path: Path, photo_format: str) -> Iterator[None]:
    """Whatever decoding pixels raises becomes the reason why a photo cannot be read: ImageReadError."""
    try:
        yield
    except ImageTooLargeError as e:
        raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=said(e))) from e
    except Image.DecompressionBombError as e:  # Pillow checks a TIFF again when it loads it whole
        raise ImageTooLargeError(f"{path}: {e}", codes.TOO_LARGE_TO_DECODE(detail=said(e))) from e
    except Exception as e:
        raise ImageReadError(
            f"{path}: truncated or damaged {photo_format} ({said(e)})",
            codes.PICTURE_DAMAGED(format=photo_format, detail=said(e)),
        ) from e


def said(e: Exception) -> str:
    """An exception's own words, or its name where it has none (MemoryError, RecursionError of the C libraries)."""
    return str(e).strip() or type(e).__name__


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
            codes.NO_RAW_PREVIEW(detail=said(e)),
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
