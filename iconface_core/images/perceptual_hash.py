"""What a picture looks like, in 48 bytes that hardly change when it is damaged. `same_picture.py` compares them.

DCT, as in pHash, of three views: the whole picture, the picture without an even margin, and its middle. ImageHash, the
library for it, knows no margins, and brings PyWavelets and SciPy's FFT for these few lines over `cv2.dct`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.types import RgbU8

_SIDE, _GRID = 128, 12  # pixels to which a picture is reduced; frequencies looked at in each direction
_BITS = 128  # of each view
_INNER = 0.05  # of each side is left out of the middle
_MARGIN = 26 / 128  # the widest margin, in parts of a side, that is taken off
_ORDER = np.argsort(np.add.outer(np.arange(_GRID) ** 2, np.arange(_GRID) ** 2).ravel(), kind="stable")
_LOW = _ORDER[1 : 1 + _BITS]  # the lowest frequencies, without the mean


def perceptual_hash(pixels: RgbU8) -> bytes:
    """48 bytes: 128 bits for each of three views of an upright picture (H, W, 3), of whatever size it was decoded."""
    step = max(1, min(pixels.shape[:2]) // (2 * _SIDE))
    green = np.ascontiguousarray(pixels[::step, ::step, 1])  # close to brightness, in a third of the time
    small = cv2.resize(green, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    picture = _without_margin(small)
    y, x = (round(_INNER * n) for n in picture.shape)
    middle = picture[y : picture.shape[0] - y, x : picture.shape[1] - x]
    return b"".join(_bits(view) for view in (small, picture, middle))


def _bits(view: NDArray[np.uint8]) -> bytes:
    side = 4 * _GRID
    low = cv2.dct(cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32))[:_GRID, :_GRID]
    found = low.ravel()[_LOW]
    return np.packbits(found > np.median(found)).tobytes()


def _without_margin(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the even border that scanners, albums and messengers add; never more than a fifth of each side."""
    tones = grey.astype(np.float32)
    top, bottom, left, right = (_even(lines) for lines in (tones, tones[::-1], tones.T, tones.T[::-1]))
    return grey[top : _SIDE - bottom, left : _SIDE - right]


def _even(lines: NDArray[np.float32]) -> int:
    """How many of the first lines are of one even tone, the same in all."""
    some = lines[: int(_MARGIN * len(lines))]
    even = (some.std(1) < 6) & (np.abs(some.mean(1) - some[0].mean()) < 8)
    return int(even.argmin()) if not even.all() else len(some)
