"""PNG in pieces: its rows as they are stored, a few at a time, and what lies behind its pixels."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import memory_limits

MOST_TEXT = 2_000_000


def png_rows(image: Any, file: BinaryIO) -> Iterator[NDArray[np.uint8]] | None:
    """A PNG's samples as they are stored, without filters: (rows, bytes of a row). None where it is interlaced."""
    file.seek(16)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
    if interlaced or len(image.tile) != 1:
        return None
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    return _png_rows(file, height, -(-width * bits // 8), max(1, bits // 8))


def _png_rows(file: BinaryIO, height: int, row_bytes: int, pixel_bytes: int) -> Iterator[NDArray[np.uint8]]:
    rows = max(1, memory_limits.STRIP_BYTES // (row_bytes + 1))
    above = bytes(row_bytes)
    file.seek(33)
    for block in inflated(_idat(file), rows * (row_bytes + 1), height * (row_bytes + 1)):
        count = len(block) // (row_bytes + 1)
        if count == 0:
            return
        raw = _unfiltered(block[: count * (row_bytes + 1)], above, row_bytes, pixel_bytes)
        above = raw[-1].tobytes()
        yield raw


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


def inflated(pieces: Iterator[bytes], size: int, total: int) -> Iterator[bytes]:
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
