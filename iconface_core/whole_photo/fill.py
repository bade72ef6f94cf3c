"""What damage hides, filled in from around it, with the grain of its surroundings.

OpenCV's inpainting (Telea 2004) carries tones and edges into the hole but no grain, and a smooth place in a grainy
print is seen. Pixels outside the mask keep their bits.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.pasting.grain import measure_grain, missing_grain
from iconface_core.pasting.tone import is_grey
from iconface_core.types import RgbU8

Mask = NDArray[np.uint8]

RADIUS = 4
"""Pixels around a hole that its fill is made of."""

_TILE, _AROUND = 768, 128
"""Pixels: side of the parts that are filled one by one, and what each sees around it."""


def filled(photo: RgbU8, mask: Mask, *, seed: int = 0) -> RgbU8:
    """A copy of `photo` (H, W, 3) with what is marked (not 0) in `mask` (H, W) filled in. `seed` is the grain's.

    Memory beyond the copy is that of one part. Raises ValueError when the mask is of another size, or marks all.
    """
    if mask.shape != photo.shape[:2]:
        raise ValueError(f"the mask is {mask.shape[1]} x {mask.shape[0]} pixels, the photo {photo.shape[1::-1]}")
    if mask.size and mask.all():
        raise ValueError("all of the photo is marked as damage: nothing is left to fill it from")
    out = photo.copy()
    height, width = mask.shape
    for y in range(0, height, _TILE):
        for x in range(0, width, _TILE):
            if not mask[y : y + _TILE, x : x + _TILE].any():
                continue
            top, left = max(0, y - _AROUND), max(0, x - _AROUND)
            rows, columns = slice(top, y + _TILE + _AROUND), slice(left, x + _TILE + _AROUND)
            part = _filled_part(out[rows, columns], photo[rows, columns], mask[rows, columns], (seed, x, y))
            inside = part[y - top : y - top + _TILE, x - left : x - left + _TILE]
            out[y : y + _TILE, x : x + _TILE] = inside
            # done is done: the next part fills on from here
    return out


def _filled_part(now: RgbU8, photo: RgbU8, mask: Mask, seed: tuple[int, int, int]) -> RgbU8:
    """`now` is the photo as far as it is filled already."""
    hole = mask > 0
    done = hole & (now != photo).any(2)
    left = (hole & ~done).astype(np.uint8)
    if not left.any() or left.all():
        return now
    new: RgbU8 = cv2.inpaint(np.ascontiguousarray(now), left, RADIUS, cv2.INPAINT_TELEA)
    grain = measure_grain(photo)
    if grain is None:
        return new
    y, x = np.nonzero(left)
    rows, columns = slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1)
    part = new[rows, columns].astype(np.float32)
    # all of a hole is new: it has lost its grain wherever it is
    change = np.repeat(left[rows, columns, None].astype(np.float32) * 255, 3, axis=2)
    part += missing_grain(grain, change, part, np.random.default_rng(seed), grey=is_grey(photo)) * (change > 0)
    new[rows, columns] = np.clip(part + 0.5, 0, 255).astype(np.uint8)
    return new
