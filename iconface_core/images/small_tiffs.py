"""TIFF in pieces: some rows after others, each as a small TIFF of its own that the usual decoders read."""

import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, BinaryIO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from . import memory_limits
from .png_rows import inflated

_LAYOUT = (258, 259, 262, 266, 277, 284, 292, 293, 317, 320, 338, 339, 347, 529, 530, 531, 532)
_RAW, _DEFLATE = 1, (8, 32946)


def small_tiffs(image: Any, file: BinaryIO) -> Iterator[bytes] | None:
    """Some rows after others of a TIFF, each as a TIFF file of its own. None where it cannot be cut."""
    tags = image.tag_v2
    width, height = tags[256], tags[257]
    compression = tags.get(259, 1)
    if tags.get(284, 1) == 2 or compression == 6 or image.mode in {"I", "F"}:
        return None
    bits = tags.get(258, (1,))
    row_bytes = -(-width * (sum(bits) if len(bits) > 1 else bits[0] * tags.get(277, 1)) // 8)
    if 324 in tags:
        high = tags[323]
        return _tile_rows(image, file, high) if high * row_bytes <= 16 * memory_limits.STRIP_BYTES else None
    rows = min(tags.get(278, height), height)
    if rows * row_bytes <= 16 * memory_limits.STRIP_BYTES:
        return _plain_strips(image, file, rows, max(1, memory_limits.STRIP_BYTES // (rows * row_bytes)))
    if compression == _RAW and tags.get(262) != 6:
        return _cut_raw(image, file, rows, row_bytes)
    return _cut_deflate(image, file, rows, row_bytes) if compression in _DEFLATE else None


def _plain_strips(image: Any, file: BinaryIO, rows: int, together: int) -> Iterator[bytes]:
    tags, height = image.tag_v2, image.tag_v2[257]
    for i in range(0, -(-height // rows), together):
        places = zip(tags[273][i : i + together], tags[279][i : i + together], strict=True)
        count = min(together * rows, height - i * rows)
        yield _small_tiff(image, [read_at(file, *place) for place in places], count, rows)


def _tile_rows(image: Any, file: BinaryIO, high: int) -> Iterator[bytes]:
    tags = image.tag_v2
    width, height = tags[256], tags[257]
    across = -(-width // tags[322])
    for row in range(-(-height // high)):
        at = slice(row * across, (row + 1) * across)
        data = [read_at(file, *place) for place in zip(tags[324][at], tags[325][at], strict=True)]
        yield _small_tiff(image, data, min(high, height - row * high), (tags[322], high))


def _cut_raw(image: Any, file: BinaryIO, rows: int, row_bytes: int) -> Iterator[bytes]:
    """Long uncompressed strips, cut where it suits."""
    tags, height = image.tag_v2, image.tag_v2[257]
    step = max(1, memory_limits.STRIP_BYTES // row_bytes)
    for i, start in enumerate(tags[273]):
        count = min(rows, height - i * rows)
        for top in range(0, count, step):
            some = min(step, count - top)
            yield _small_tiff(image, [read_at(file, start + top * row_bytes, some * row_bytes)], some, some)


def _cut_deflate(image: Any, file: BinaryIO, rows: int, row_bytes: int) -> Iterator[bytes]:
    """Long deflated strips, decompressed bit by bit; the predictor works along each row, so rows can be parted."""
    tags, height = image.tag_v2, image.tag_v2[257]
    step = max(1, memory_limits.STRIP_BYTES // row_bytes)
    for i, (start, size) in enumerate(zip(tags[273], tags[279], strict=True)):
        count = min(rows, height - i * rows)
        pieces = (read_at(file, at, min(1_000_000, start + size - at)) for at in range(start, start + size, 1_000_000))
        for block in inflated(pieces, step * row_bytes, count * row_bytes):
            some = len(block) // row_bytes
            if some:
                yield _small_tiff(image, [zlib.compress(block[: some * row_bytes], 0)], some, some)


def _small_tiff(image: Any, data: list[bytes], rows: int, piece: int | tuple[int, int]) -> bytes:
    """Some rows of a TIFF as a TIFF of their own. `data` are its strips, of `piece` rows each, or its tiles, of that
    width and height."""
    order = image.tag_v2.prefix
    head = b"II*\0" if order == b"II" else b"MM\0*"
    ifd = ImageFileDirectory_v2(head + bytes(4))
    for tag in _LAYOUT:
        if tag in image.tag_v2:
            ifd[tag] = image.tag_v2[tag]
            ifd.tagtype[tag] = image.tag_v2.tagtype[tag]
    ifd[256], ifd[257] = image.tag_v2[256], rows
    if isinstance(piece, int):
        ifd[278], places, sizes = piece, 273, 279
    else:
        ifd[322], ifd[323] = piece
        places, sizes = 324, 325
    ifd.tagtype[places] = ifd.tagtype[sizes] = 4
    lengths = [len(d) for d in data]
    starts = list(accumulate(lengths[:-1], initial=0))
    ifd[sizes], ifd[places] = lengths, starts
    directory = ifd.tobytes(8)
    if places == 324:  # strips Pillow counts from the directory's end itself
        ifd[places] = [8 + len(directory) + start for start in starts]
        directory = ifd.tobytes(8)
    offset = struct.pack("<I" if order == b"II" else ">I", 8)
    return b"".join([head, offset, directory, *data])


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    if size > memory_limits.MOST_BYTES // 4:
        raise OSError(f"one strip or tile says that it has {size} bytes")
    file.seek(start)
    return file.read(size)
