"""Pictures too large to hold whole: decoded strip by strip, reduced strip by strip.

Pillow keeps four bytes for every RGB pixel and decodes a picture in one piece: 400 megapixels cost 1.6 GB before
anything is made of them. PNG, TIFF and BMP are read here in pieces instead. Each piece is wrapped as a small file of
its own format, so that the usual decoders read it, and no decoder is written twice. What cannot be cut (interlaced PNG,
TIFF in separate planes, WebP, HEIC, AVIF, progressive JPEG) is decoded whole where that fits, and refused where not.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from . import memory_limits
from .colour import plain
from .memory_limits import check_whole
from .png_rows import png_rows
from .small_tiffs import read_at, small_tiffs

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


def reduced(image: "ImageFile", photo_format: str, file: BinaryIO, factor: int) -> Image.Image:
    """The picture as `plain(image).reduce(factor)` gives it, in its stored orientation, within `MOST_BYTES` of memory.

    Raises ImageTooLargeError where that is not possible, and whatever the decoders raise on damaged files.
    """
    parts = strips(image, photo_format, file)
    if parts is None:
        check_whole(image, photo_format)
        image.load()
        parts = (band for band, _ in bands(image))
    width, height = stored_size(image, photo_format)
    out: Image.Image | None = None
    waiting: Image.Image | None = None
    at = 0
    for strip in parts:
        part = plain(strip)
        if waiting is not None:
            part = _stacked(waiting, part)
        rows = part.height // factor * factor
        if at * factor + part.height >= height:
            rows = part.height  # the last rows may be fewer: Pillow averages what there is
        waiting = part.crop((0, rows, width, part.height)) if rows < part.height else None
        if rows == 0:
            continue
        small = part.crop((0, 0, width, rows)).reduce(factor)
        out = out or Image.new(small.mode, (small.width, -(-height // factor)))
        out.paste(small, (0, at))
        at += small.height
    if out is None or at < out.height:
        raise OSError(f"only {at * factor} of {height} rows could be read")
    return out


def bands(image: Image.Image) -> Iterator[tuple[Image.Image, slice]]:
    """A picture in horizontal pieces, each with its rows."""
    for rows in row_slices(image.height, 4 * image.width):
        band = image.crop((0, rows.start, image.width, rows.stop))
        band.info = image.info  # which colour counts as transparent
        yield band, rows


def row_slices(height: int, row_bytes: int) -> Iterator[slice]:
    """All rows of a picture, so many at a time as `STRIP_BYTES` hold."""
    step = max(1, memory_limits.STRIP_BYTES // row_bytes)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def stored_size(image: Any, photo_format: str) -> tuple[int, int]:
    """Width and height as stored: Pillow swaps those of a TIFF that lies on its side before it is loaded."""
    return (image.tag_v2[256], image.tag_v2[257]) if photo_format == "tiff" else image.size


def strips(image: "ImageFile", photo_format: str, file: BinaryIO) -> Iterator[Image.Image] | None:
    """The picture in horizontal pieces from the top, in its own mode and stored orientation. None where the format, or
    this file's layout, cannot be cut. The pieces may end early, or raise anything, where the file is damaged."""
    match photo_format:
        case "png":
            return _png_strips(image, file)
        case "tiff":
            return _tiff_strips(image, file)
        case "bmp":
            return _bmp_strips(image, file)
    return None


def _stacked(above: Image.Image, below: Image.Image) -> Image.Image:
    out = Image.new(below.mode, (below.width, above.height + below.height))
    out.paste(above, (0, 0))
    out.paste(below, (0, above.height))
    return out


def _png_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    rows = png_rows(image, file)
    if rows is None:
        return None
    return (_as_picture(image, (image.width, len(some)), some.tobytes(), image.tile[0][3]) for some in rows)


def _as_picture(image: Image.Image, size: tuple[int, int], data: bytes, *layout: Any) -> Image.Image:
    """Raw rows in the mode of `image`, with its palette and transparency."""
    part = Image.frombytes(image.mode, size, data, "raw", *layout)
    if image.palette is not None:
        part.putpalette(image.palette)
    part.info = image.info
    return part


def _tiff_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    pieces = small_tiffs(image, file)
    return None if pieces is None else map(_loaded_tiff, pieces)


def _loaded_tiff(data: bytes) -> Image.Image:
    part = TiffImageFile(io.BytesIO(data))
    part.load()
    return part


def _bmp_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    if len(image.tile) != 1 or image.tile[0][0] != "raw":
        return None
    _, (_, _, width, height), offset, (raw_mode, stride, direction) = image.tile[0]
    return _raw_rows(image, file, (width, height), offset, (raw_mode, stride, direction))


def _raw_rows(
    image: Image.Image, file: BinaryIO, size: tuple[int, int], offset: int, layout: tuple[str, int, int]
) -> Iterator[Image.Image]:
    (width, height), (raw_mode, stride, direction) = size, layout
    step = max(1, memory_limits.STRIP_BYTES // stride)
    for top in range(0, height, step):
        rows = min(step, height - top)
        first = top if direction == 1 else height - top - rows
        data = read_at(file, offset + first * stride, rows * stride)
        yield _as_picture(image, (width, rows), data, raw_mode, stride, direction)
