"""16 bits a colour, which Pillow reduces to 8: the samples of a file strip by strip, and a PNG of them.

The whole picture at full depth would be half a gigabyte for 80 megapixels; here a few rows of it are in memory.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .png_rows import chunk, png_rows
from .read import Decoded
from .small_tiffs import small_tiffs
from .turning import upright

U16 = NDArray[np.uint16]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of so many channels
_OPAQUE = np.uint16(65535)
_SUB = 1  # the filter that subtracts the pixel on the left


def deep_strips(image: Image.Image, photo_format: str, file: BinaryIO) -> Iterator[U16] | None:
    """The samples (rows, W, 3 or 4: RGB or RGBA) from the top, as stored, of a picture that is not decoded yet.

    A colour that counts as transparent becomes transparency. None for what has no 16-bit colours, or cannot be cut:
    interlaced PNG, TIFF in separate planes. The strips may end early, or raise anything, where the file is damaged.
    """
    stored: Any = image
    if photo_format == "png" and stored.tile and stored.tile[0][3] in {"RGB;16B", "RGBA;16B"}:
        rows, clear = png_rows(image, file), image.info.get("transparency")
        return None if rows is None else (_from_png(some, image.width, clear) for some in rows)
    if photo_format == "tiff" and image.mode == "RGB":
        tags = stored.tag_v2
        if (tags.get(258), tags.get(262)) == ((16, 16, 16), 2) and (pieces := small_tiffs(image, file)) is not None:
            return map(_from_tiff, pieces)
    return None


def deep_samples(source: Path, decoded: Decoded) -> U16 | None:
    """The 16-bit samples that Pillow drops for colour pictures; None when the file has 8."""
    if decoded.image.mode.startswith("I;16"):
        return np.array(decoded.image).astype(np.uint16)
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
    samples = cv2.imdecode(np.memmap(source, np.uint8, "r"), cv2.IMREAD_UNCHANGED)  # half a GB in one copy is enough
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        return None
    swap_red_and_blue(samples)
    samples = np.ascontiguousarray(upright(samples, decoded.orientation))
    return samples if samples.shape[:2] == (decoded.image.height, decoded.image.width) else None


def _from_png(rows: NDArray[np.uint8], width: int, clear: tuple[int, int, int] | None) -> U16:
    samples: U16 = np.ascontiguousarray(rows).view(">u2").astype(np.uint16).reshape(len(rows), width, -1)
    if clear is None:
        return samples
    shown = (samples != np.array(clear, np.uint16)).any(2, keepdims=True)
    return np.concatenate([samples, np.where(shown, _OPAQUE, np.uint16(0))], axis=2)


def _from_tiff(data: bytes) -> U16:
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        raise OSError("damaged rows")
    rgb: U16 = samples[:, :, ::-1].astype(np.uint16)  # OpenCV has blue first
    return rgb


def eight_bits(samples: U16) -> Image.Image:
    """The picture as Pillow decodes it: the high bytes."""
    return Image.fromarray((samples >> 8).astype(np.uint8))


def swap_red_and_blue(samples: NDArray[np.uint16]) -> None:
    """From OpenCV's order of channels to ours, or back, in place."""
    for row in samples:
        row[:, :3] = row[:, 2::-1].copy()


def png_pieces(size: tuple[int, int], strips: Iterable[U16], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A PNG file of 16-bit strips (rows, W) or (rows, W, 2, 3 or 4), grey or RGB, with or without transparency, that
    make up `size`, width and height; `chunks` come before the pixels. Compressed as OpenCV does it, fast rather than
    well."""
    packer = zlib.compressobj(1, strategy=zlib.Z_RLE)
    begun = False
    for samples in strips:
        if not begun:
            header = struct.pack(">IIBBBBB", *size, 16, _COLOUR_TYPES[_channels(samples)], 0, 0, 0)
            yield from (_SIGNATURE, chunk(b"IHDR", header), *chunks)
            begun = True
        if data := packer.compress(_filtered(samples)):
            yield chunk(b"IDAT", data)
    yield from (chunk(b"IDAT", packer.flush()), chunk(b"IEND", b""))


def _channels(samples: U16) -> int:
    return 1 if samples.ndim == 2 else int(samples.shape[2])


def _filtered(samples: U16) -> bytes:
    rows = samples.astype(">u2").view(np.uint8).reshape(len(samples), -1)
    pixel = 2 * _channels(samples)
    out = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    out[:, 0] = _SUB
    out[:, 1 : 1 + pixel] = rows[:, :pixel]
    np.subtract(rows[:, pixel:], rows[:, :-pixel], out=out[:, 1 + pixel :])
    return out.tobytes()
