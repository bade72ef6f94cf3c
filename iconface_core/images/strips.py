"""Pictures too large to hold whole: decoded strip by strip, reduced strip by strip.

Pillow keeps four bytes for every RGB pixel and decodes a picture in one piece: 400 megapixels cost 1.6 GB before
anything is made of them. PNG, TIFF and BMP are read here in pieces instead. Each piece is wrapped as a small file of
its own format, so that the usual decoders read it, and no decoder is written twice. What cannot be cut (interlaced PNG,
TIFF in separate planes, WebP, HEIC, AVIF, progressive JPEG) is decoded whole where that fits, and refused where not.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from iconface_core.errors import ImageTooLargeError

from .colour import plain

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

STREAM_FROM = 40_000_000
"""Pixels from which a picture is read in strips: below, the whole needs at most some 200 MB."""

MOST_BYTES = 600_000_000
"""What one decoder may hold. With models and results a worker stays below 1 GB."""

STRIP_BYTES = 8_000_000
MOST_TEXT = 2_000_000
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # in Pillow's memory; others 4
_OVERHEAD = {"webp": 12, "heif": 6, "avif": 9}  # bytes a pixel of the libraries' own buffers and copies, as measured
_WAY_OUT = {
    "png": "save it without interlacing",
    "jpeg": "save it as a baseline (not progressive) JPEG",
    "tiff": "save it in strips or tiles, uncompressed or with deflate",
    "bmp": "save it as PNG",
    "gif": "save it as PNG",
}


def reduced(image: "ImageFile", photo_format: str, file: BinaryIO, factor: int) -> Image.Image:
    """The picture as `plain(image).reduce(factor)` gives it, in its stored orientation, within `MOST_BYTES`.

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
    step = max(1, STRIP_BYTES // (4 * image.width))
    for top in range(0, image.height, step):
        rows = slice(top, min(top + step, image.height))
        band = image.crop((0, rows.start, image.width, rows.stop))
        band.info = image.info  # which colour counts as transparent
        yield band, rows


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


def coefficient_bytes(image: Any) -> int:
    """What libjpeg keeps of a progressive JPEG until its end: two bytes for every sample, at any scale of decoding."""
    (_, _, right, bottom) = image.tile[0][1]
    scale = (getattr(image, "decoderconfig", None) or (1,))[0]
    layers = image.layer
    most = max(h * v for _, h, v, _ in layers)
    return int(right * scale * bottom * scale * 2 * sum(h * v for _, h, v, _ in layers) / most)


def stored_size(image: Any, photo_format: str) -> tuple[int, int]:
    """Width and height as stored: Pillow swaps those of a TIFF that lies on its side before it is loaded."""
    return (image.tag_v2[256], image.tag_v2[257]) if photo_format == "tiff" else image.size


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


# ---- PNG


def _png_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    rows = png_rows(image, file)
    if rows is None:
        return None
    return (_as_picture(image, (image.width, len(some)), some.tobytes(), image.tile[0][3]) for some in rows)


def png_rows(image: Any, file: BinaryIO) -> Iterator[NDArray[np.uint8]] | None:
    """A PNG's samples as they are stored, without filters: (rows, bytes of a row). None where it is interlaced."""
    file.seek(16)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
    if interlaced or len(image.tile) != 1:
        return None
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    return _png_rows(file, height, -(-width * bits // 8), max(1, bits // 8))


def _png_rows(file: BinaryIO, height: int, row_bytes: int, pixel_bytes: int) -> Iterator[NDArray[np.uint8]]:
    rows = max(1, STRIP_BYTES // (row_bytes + 1))
    above = bytes(row_bytes)
    file.seek(33)
    for block in _inflated(_idat(file), rows * (row_bytes + 1), height * (row_bytes + 1)):
        count = len(block) // (row_bytes + 1)
        if count == 0:
            return
        raw = _unfiltered(block[: count * (row_bytes + 1)], above, row_bytes, pixel_bytes)
        above = raw[-1].tobytes()
        yield raw


def _as_picture(image: Image.Image, size: tuple[int, int], data: bytes, *layout: Any) -> Image.Image:
    """Raw rows in the mode of `image`, with its palette and transparency."""
    part = Image.frombytes(image.mode, size, data, "raw", *layout)
    if image.palette is not None:
        part.putpalette(image.palette)
    part.info = image.info
    return part


def _idat(file: BinaryIO) -> Iterator[bytes]:
    """The compressed pixels in pieces."""
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind == b"IDAT":
            left = length
            while left and (piece := file.read(min(left, 1_000_000))):
                left -= len(piece)
                yield piece
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)


def late_png_metadata(file: BinaryIO) -> dict[str, bytes]:
    """The `exif` and `xmp` of a PNG, wherever they are: Pillow decodes all pixels to find what lies behind them."""
    found: dict[str, bytes] = {}
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in {b"eXIf", b"iTXt"} and length <= MOST_TEXT:
            data = file.read(length)
            file.seek(4, 1)
            name = b"XML:com.adobe.xmp\0\0"  # not compressed
            if kind == b"eXIf":
                found["exif"] = b"Exif\0\0" + data
            elif data.startswith(name):
                found["xmp"] = data[len(name) :].split(b"\0", 3)[-1]
        else:
            file.seek(length + 4, 1)
    return found


def _inflated(pieces: Iterator[bytes], size: int, total: int) -> Iterator[bytes]:
    """Decompressed blocks of `size` bytes (the last may be shorter), `total` bytes at most."""
    inflate = zlib.decompressobj()
    out, data = bytearray(), b""
    while total > 0:
        want = min(size, total)
        got = inflate.decompress(data, want - len(out))
        data = inflate.unconsumed_tail
        out += got
        if len(out) == want:
            total -= want
            yield bytes(out)
            out.clear()
        elif inflate.eof:
            break
        elif not data:
            data = next(pieces, b"")
            if not data and not got:
                break
    if out:
        yield bytes(out)


def _unfiltered(rows: bytes, above: bytes, row_bytes: int, pixel_bytes: int) -> NDArray[np.uint8]:
    """PNG's row filters undone: (rows, row_bytes). `above` is the row before, unfiltered.

    A filter looks at the bytes of the neighbouring pixels and not at what they mean, so any picture with as many bytes
    a pixel will do to have it undone by a PNG decoder.
    """
    import cv2  # costs start-up time that only huge photos need

    filtered = np.frombuffer(rows, np.uint8).reshape(-1, row_bytes + 1)
    if not filtered[:, 0].any():
        return filtered[:, 1:]
    depth, colour = {1: (8, 0), 2: (16, 0), 3: (8, 2), 4: (8, 6), 6: (16, 2), 8: (16, 6)}[pixel_bytes]
    header = struct.pack(">IIBBBBB", row_bytes // pixel_bytes, len(filtered) + 1, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + above + rows, 0)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise OSError("damaged rows")
    if decoded.ndim == 3:
        decoded = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    ordered = np.ascontiguousarray(decoded[1:], ">u2" if depth == 16 else np.uint8)
    return ordered.view(np.uint8).reshape(-1, row_bytes)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# ---- TIFF

_LAYOUT = (258, 259, 262, 266, 277, 284, 292, 293, 317, 320, 338, 339, 347, 529, 530, 531, 532)
_RAW, _DEFLATE = 1, (8, 32946)


def _tiff_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    pieces = small_tiffs(image, file)
    return None if pieces is None else map(_loaded_tiff, pieces)


def _loaded_tiff(data: bytes) -> Image.Image:
    part = TiffImageFile(io.BytesIO(data))
    part.load()
    return part


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
        return _tile_rows(image, file, high) if high * row_bytes <= 16 * STRIP_BYTES else None
    rows = min(tags.get(278, height), height)
    if rows * row_bytes <= 16 * STRIP_BYTES:
        return _plain_strips(image, file, rows, max(1, STRIP_BYTES // (rows * row_bytes)))
    if compression == _RAW and tags.get(262) != 6:
        return _cut_raw(image, file, rows, row_bytes)
    return _cut_deflate(image, file, rows, row_bytes) if compression in _DEFLATE else None


def _plain_strips(image: Any, file: BinaryIO, rows: int, together: int) -> Iterator[bytes]:
    tags, height = image.tag_v2, image.tag_v2[257]
    for i in range(0, -(-height // rows), together):
        places = zip(tags[273][i : i + together], tags[279][i : i + together], strict=True)
        count = min(together * rows, height - i * rows)
        yield _small_tiff(image, [_read_at(file, *place) for place in places], count, rows)


def _tile_rows(image: Any, file: BinaryIO, high: int) -> Iterator[bytes]:
    tags = image.tag_v2
    width, height = tags[256], tags[257]
    across = -(-width // tags[322])
    for row in range(-(-height // high)):
        at = slice(row * across, (row + 1) * across)
        data = [_read_at(file, *place) for place in zip(tags[324][at], tags[325][at], strict=True)]
        yield _small_tiff(image, data, min(high, height - row * high), (tags[322], high))


def _cut_raw(image: Any, file: BinaryIO, rows: int, row_bytes: int) -> Iterator[bytes]:
    """Long uncompressed strips, cut where it suits."""
    tags, height = image.tag_v2, image.tag_v2[257]
    step = max(1, STRIP_BYTES // row_bytes)
    for i, start in enumerate(tags[273]):
        count = min(rows, height - i * rows)
        for top in range(0, count, step):
            some = min(step, count - top)
            yield _small_tiff(image, [_read_at(file, start + top * row_bytes, some * row_bytes)], some, some)


def _cut_deflate(image: Any, file: BinaryIO, rows: int, row_bytes: int) -> Iterator[bytes]:
    """Long deflated strips, decompressed bit by bit; the predictor works along each row, so rows can be parted."""
    tags, height = image.tag_v2, image.tag_v2[257]
    step = max(1, STRIP_BYTES // row_bytes)
    for i, (start, size) in enumerate(zip(tags[273], tags[279], strict=True)):
        count = min(rows, height - i * rows)
        pieces = (_read_at(file, at, min(1_000_000, start + size - at)) for at in range(start, start + size, 1_000_000))
        for block in _inflated(pieces, step * row_bytes, count * row_bytes):
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


def _read_at(file: BinaryIO, start: int, size: int) -> bytes:
    if size > MOST_BYTES // 4:
        raise OSError(f"one strip or tile says that it has {size} bytes")
    file.seek(start)
    return file.read(size)


# ---- BMP


def _bmp_strips(image: Any, file: BinaryIO) -> Iterator[Image.Image] | None:
    if len(image.tile) != 1 or image.tile[0][0] != "raw":
        return None
    _, (_, _, width, height), offset, (raw_mode, stride, direction) = image.tile[0]
    return _raw_rows(image, file, (width, height), offset, (raw_mode, stride, direction))


def _raw_rows(
    image: Image.Image, file: BinaryIO, size: tuple[int, int], offset: int, layout: tuple[str, int, int]
) -> Iterator[Image.Image]:
    (width, height), (raw_mode, stride, direction) = size, layout
    step = max(1, STRIP_BYTES // stride)
    for top in range(0, height, step):
        rows = min(step, height - top)
        first = top if direction == 1 else height - top - rows
        data = _read_at(file, offset + first * stride, rows * stride)
        yield _as_picture(image, (width, rows), data, raw_mode, stride, direction)
