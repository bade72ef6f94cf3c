"""What damage hides, filled in from around it, with the grain of its surroundings.

OpenCV's inpainting (Telea 2004) carries tones and edges into the hole but no grain, and a smooth place in a grainy
print is seen; a network smooths as well. Pixels outside the mask keep their bits, whatever fills it.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.pasting.grain import measure_grain, missing_grain
from iconface_core.pasting.tone import is_grey
from iconface_core.protocols import Inpainter
from iconface_core.types import RgbU8

Mask = NDArray[np.uint8]

RADIUS = 4
"""Pixels around a hole that its fill is made of."""

_TILE, _AROUND = 768, 128
"""Pixels: side of the parts that are filled one by one, and what each sees around it."""

RIM = 4
"""Pixels around a hole that an inpainter is not shown: the rim of a scratch is half scratch, and it would go on with
it."""

_Paint = Callable[[RgbU8, Mask], RgbU8]
OnStep = Callable[[int, int], None]


def filled(
    photo: RgbU8,
    mask: Mask,
    *,
    seed: int = 0,
    inpainter: Inpainter | None = None,
    on_step: OnStep | None = None,
) -> RgbU8:
    """A copy of `photo` (H, W, 3) with what is marked (not 0) in `mask` (H, W) filled in, by OpenCV without an
    `inpainter`. `seed` is the grain's. `on_step(done, total)` counts parts with damage and may raise to cancel.

    Memory beyond the copy is that of one part. Raises ValueError when the mask is of another size, or marks all.
    """
    if mask.shape != photo.shape[:2]:
        raise ValueError(f"the mask is {mask.shape[1]} x {mask.shape[0]} pixels, the photo {photo.shape[1::-1]}")
    if mask.size and mask.all():
        raise ValueError("all of the photo is marked as damage: nothing is left to fill it from")
    out = photo.copy()
    height, width = mask.shape
    tile, around = _TILE, _AROUND
    paint: _Paint = _telea
    if inpainter is not None:
        tile, around, paint = inpainter.side * 3 // 4, inpainter.side // 8, _painted_by(inpainter)
    corners = [(y, x) for y in range(0, height, tile) for x in range(0, width, tile)]
    holes = [(y, x) for y, x in corners if mask[y : y + tile, x : x + tile].any()]
    for done, (y, x) in enumerate(holes, start=1):
        top, left = max(0, y - around), max(0, x - around)
        rows, columns = slice(top, y + tile + around), slice(left, x + tile + around)
        part = _filled_part(out[rows, columns], photo[rows, columns], mask[rows, columns], (seed, x, y), paint)
        inside = part[y - top : y - top + tile, x - left : x - left + tile]
        out[y : y + tile, x : x + tile] = inside
        # done is done: the next part fills on from here
        if on_step is not None:
            on_step(done, len(holes))
    return out


def _telea(picture: RgbU8, hole: Mask) -> RgbU8:
    out: RgbU8 = cv2.inpaint(np.ascontiguousarray(picture), hole, RADIUS, cv2.INPAINT_TELEA)
    return out


def _painted_by(inpainter: Inpainter) -> _Paint:
    """Fills a part of at most the inpainter's side; only the hole changes."""

    def paint(picture: RgbU8, hole: Mask) -> RgbU8:
        height, width = hole.shape
        lacking = (0, inpainter.side - height, 0, inpainter.side - width)
        mirror = cv2.BORDER_REFLECT if min(height, width) > 1 else cv2.BORDER_REPLICATE
        wide = cv2.dilate(hole, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8))
        new = inpainter.inpaint(
            cv2.copyMakeBorder(picture, *lacking, mirror), cv2.copyMakeBorder(wide, *lacking, mirror)
        )
        out = picture.copy()
        out[hole > 0] = new[:height, :width][hole > 0]
        return out

    return paint


def _filled_part(now: RgbU8, photo: RgbU8, mask: Mask, seed: tuple[int, int, int], paint: _Paint) -> RgbU8:
    """`now` is the photo as far as it is filled already."""
    hole = mask > 0
    done = hole & (now != photo).any(2)
    left = (hole & ~done).astype(np.uint8)
    if not left.any() or left.all():
        return now
    new = paint(now, left)
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
