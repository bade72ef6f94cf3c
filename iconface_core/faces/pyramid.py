"""Where to look for faces in a photo that is too large for one pass of a detector: scales, tiles, turns.

`find` is one pass of a detector: a picture (H, W, 3) in, candidates in that picture's pixels out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

from .candidates import FaceCandidates

Find = Callable[[RgbU8], FaceCandidates]
NO_SHIFT = np.zeros(2, np.float32)
PANORAMA = 3.0  # from this aspect on people are small beside the long side, and the picture is searched in full
SURE = 0.5  # candidates below this do not speak for a finer pass


@dataclass(frozen=True, slots=True)
class Scales:
    """Sizes in pixels of the resized photo. A pass finds faces from `smallest` up to a few hundred pixels.

    `small` is the long side of the pass for faces larger than half of the picture, `normal` that of the ordinary one,
    `turned` that of the turned photo. Finer passes cut the photo into tiles of `tile`; a face of `fine` or less makes
    a pass at twice the scale worth its time. `certain` is the score from which a face is not doubted.
    """

    small: int = 256
    normal: int = 1024
    turned: int = 640
    tile: int = 1280
    overlap: int = 96
    smallest: int = 24
    fine: int = 40
    certain: float = 0.8
    most_enlarged: float = 3.0


def propose(image: RgbU8, find: Find, scales: Scales, min_face: int) -> FaceCandidates:
    """Candidates in photo pixels from all scales that are worth it; the same face may be there more than once.

    The pass at `normal` is refined, at twice the scale each time, as long as faces near the lower limit of the last
    pass turn up: where there are small faces there are smaller ones. A photo where nothing certain was found gets one
    somewhat finer look, no more: most such photos show no people at all. No pass is finer than `min_face` needs.
    """
    long_side = max(image.shape[:2])
    aspect = long_side / max(1, min(image.shape[:2]))
    finest = min(scales.smallest / min_face, scales.most_enlarged)
    # A panorama gets as many pixels as a film still: by its long side alone it would be a strip.
    normal_side = scales.normal * (0.75 * aspect**0.5 if aspect >= PANORAMA else 1.0)
    scale = min(normal_side / long_side, max(finest, 1.0))
    normal, back = resized(image, scale)
    passes = [search(normal, find, 1.0, scales).moved(back, NO_SHIFT)]
    side = max(normal.shape[:2])
    if side > 1.5 * scales.small:
        passes.append(search(normal, find, scales.small / side, scales).moved(back, NO_SHIFT))
    if aspect >= PANORAMA and scale < min(finest, 1.0):
        scale = min(finest, 1.0)
        passes.append(search(image, find, scale, scales))
    if scale < finest and FaceCandidates.join(passes).scores.max(initial=0) < scales.certain:
        passes.append(search(image, find, min(scale * 1.5, finest), scales))
        return FaceCandidates.join(passes)
    while scale < finest and _near_the_limit(passes, scale, scales):
        scale = min(scale * 2, finest)
        passes.append(search(image, find, scale, scales))
    return FaceCandidates.join(passes)


def _near_the_limit(passes: Sequence[FaceCandidates], scale: float, scales: Scales) -> bool:
    found = FaceCandidates.join(list(passes))
    return bool((found.sizes()[found.scores >= SURE] * scale <= scales.fine).any())


def search(image: RgbU8, find: Find, scale: float, scales: Scales) -> FaceCandidates:
    """Candidates in the photo resized by `scale`, tile by tile, in photo pixels."""
    small, back = resized(image, scale)
    parts = []
    for top, bottom in tiles(small.shape[0], scales.tile, scales.overlap):
        for left, right in tiles(small.shape[1], scales.tile, scales.overlap):
            found = find(small[top:bottom, left:right])
            parts.append(found.moved(back, np.array([left, top], np.float32) * back))
    return FaceCandidates.join(parts)


def propose_turned(image: RgbU8, find: Find, scales: Scales) -> FaceCandidates:
    """Candidates of the photo turned by 90, 180 and 270 degrees, in pixels of the photo as it is."""
    small, back = resized(image, min(scales.turned / max(image.shape[:2]), 2.0))
    height, width = small.shape[:2]
    parts = []
    for quarters in (1, 2, 3):
        found = find(np.ascontiguousarray(np.rot90(small, quarters)))
        parts.append(turned_back(found, quarters, width, height).moved(back, NO_SHIFT))
    return FaceCandidates.join(parts)


def resized(image: RgbU8, scale: float) -> tuple[RgbU8, F32]:
    """The picture times about `scale`, and the factors (x, y) that lead back.

    From one half down the nearest whole fraction is taken: averaging 4 x 4 pixels is many times faster than 3.9 x 3.9.
    """
    height, width = image.shape[:2]
    whole = round(1 / scale)
    if whole >= 2 and min(height, width) >= 8 * whole:
        image = image[: height // whole * whole, : width // whole * whole]
        size = (width // whole, height // whole)
    else:
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
    if size == (width, height):
        return image, np.ones(2, np.float32)
    back = np.array([image.shape[1] / size[0], image.shape[0] / size[1]], np.float32)
    small: RgbU8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return small, back


def tiles(length: int, most: int, overlap: int) -> list[tuple[int, int]]:
    """The fewest pieces (start, stop) of at most `most` that cover `length`, all about as long as they must be,
    neighbours sharing at least `overlap`."""
    if length <= most:
        return [(0, length)]
    count = -(-(length - overlap) // (most - overlap))
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [i * (length - size) // (count - 1) for i in range(count)]
    return [(start, start + size) for start in starts]


def turned_back(found: FaceCandidates, quarters: int, width: int, height: int) -> FaceCandidates:
    """Undo `np.rot90(image, quarters)`, quarters 1..3, for an image of `width` x `height`.

    Landmarks keep their order: the first is still the eye that is on the left once the face is upright.
    """

    def point(p: F32) -> F32:
        x, y = p[..., 0], p[..., 1]
        undone = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
        return np.stack(undone, axis=-1).astype(np.float32)

    corners = point(found.boxes.reshape(-1, 2, 2))
    boxes = np.hstack([corners.min(1), corners.max(1)])
    return FaceCandidates(boxes, point(found.landmarks), found.scores)
