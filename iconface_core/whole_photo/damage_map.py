"""Where scratches, dust, folds and tears hide a photo of any content and size.

A network that was taught on faces of 256 px (`restorers/nano/hidden.py`) looks at the photo in overlapping tiles, at
several sizes: what is two pixels wide in a face is twelve in a large scan. Outside of faces it takes rims, collars and
leaves for damage too. So each place that it marks is judged by what a place of damage is like: of one tone, apart from
both its sides, which are alike. `benchmarks/whole_photo.py` fits that rule and measures both.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, RgbU8

Finder = Callable[[RgbU8], F32]
"""A picture (H, W, 3), H and W multiples of 16 -> how probably each pixel is hidden (H, W), 0..1."""

Mask = NDArray[np.uint8]
OnStep = Callable[[int, int], None]

FINEST, COARSEST = 2560, 320
"""Long side in pixels of the largest and the smallest picture that is looked at; each is half the one before. In a
scan larger than that, a scratch worth the name is wider than a pixel of the largest."""

SUSPECT = 0.3
"""Probability of the network from which a pixel is looked at."""

TILE, MARGIN = 448, 64
"""Pixels: side of the part of a tile that is used, and what the network sees around it."""

_RING = (2, 5)
"""Pixels from a place to its surroundings, and to their end: the rim is half damage."""

_EDGE = 0.015
"""Of a side."""

_MOST_PLACES, _LEAST_AREA = 20_000, 3
"""Places in one picture: of more, the largest are looked at, and none of fewer pixels."""

FEATURES = (
    "probability", "contrast", "unlike", "beyond", "width", "area", "texture", "length", "light", "tone"
)  # fmt: skip
PLAIN = np.array([2.4429, 2.5428, -0.306, -18.0701, 0.9483, -0.445, -2.1656, -1.7282, -4.6763, -0.3225], np.float32)
SQUARED = np.array([0.0224, -0.3265, 0.1331, 10.3673, -0.9866, 0.0494, 0.0849, 0.3759, 3.3393, 2.0821], np.float32)
INTERCEPT = 8.684
"""Of the rule, for `features()` and their squares."""

BELIEVED = 0.8
"""What the rule must come to. Real detail that is filled in is a worse fault than a scratch that stays."""

MARKED = 0.45
"""Probability of the network from which a pixel of a place that is believed counts as hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Connected places in one picture that the network marked. `labels` (H, W) says which place a pixel is of, 0: of
    none; `features` (N, 10) is of the places from 1."""

    labels: NDArray[np.int32]
    features: F32


def damage_map(photo: RgbU8, find: Finder, *, on_step: OnStep | None = None) -> Mask:
    """What is hidden of a photo (H, W, 3): 255 where it is, else 0, (H, W).

    `on_step(done, total)` counts tiles and may raise to cancel. Memory: some bytes a pixel of the photo, and one tile's
    network.
    """
    height, width = photo.shape[:2]
    out = np.zeros((height, width), np.uint8)
    if not photo.size:
        return out
    sizes = sizes_of(width, height)
    total = sum(-(-w // TILE) * -(-h // TILE) for w, h in sizes)
    done = 0

    def stepped() -> None:
        nonlocal done
        done += 1
        if on_step is not None:
            on_step(done, total)

    for w, h in sizes:
        small = photo if (w, h) == (width, height) else cv2.resize(photo, (w, h), interpolation=cv2.INTER_AREA)
        probability = probabilities(small, find, stepped)
        places = places_in(small, probability)
        believed = np.concatenate([[False], belief(places.features) >= BELIEVED])
        mask = (believed[places.labels] & (probability > MARKED)).astype(np.uint8) * 255
        if not mask.any():
            continue
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))  # the rim of a scratch is half scratch
        if (w, h) != (width, height):
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
        np.maximum(out, (mask > 127).astype(np.uint8) * 255, out=out)
    return out


def sizes_of(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height of the pictures to look at, the largest first; at least one."""
    scale = min(1.0, FINEST / max(width, height))
    sizes: list[tuple[int, int]] = []
    while not sizes or max(width, height) * scale >= COARSEST:
        sizes.append((max(1, round(width * scale)), max(1, round(height * scale))))
        scale /= 2
    return sizes


def probabilities(picture: RgbU8, find: Finder, stepped: Callable[[], None]) -> F32:
    """What `find` says of a picture of any size (H, W, 3), tile by tile."""
    height, width = picture.shape[:2]
    out = np.empty((height, width), np.float32)
    for rows, columns in _tiles(height, width):
        seen = picture[_wider(rows), _wider(columns)]
        lacking = _lacking(rows, height), _lacking(columns, width)
        found = find(cv2.copyMakeBorder(seen, *lacking[0], *lacking[1], cv2.BORDER_REPLICATE))
        out[rows, columns] = found[MARGIN:, MARGIN:][: rows.stop - rows.start, : columns.stop - columns.start]
        stepped()
    return out


def places_in(picture: RgbU8, probability: F32) -> Places:
    """The places in a picture (H, W, 3) that the network marks, with what the rule looks at."""
    marked = (probability > SUSPECT).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(cv2.Laplacian(grey, -1, borderType=cv2.BORDER_REFLECT_101))
    black, white = np.percentile(grey, (1, 99))
    layers = np.stack([grey, fine, probability], -1)
    rows = np.zeros((count - 1, len(FEATURES)), np.float32)
    rows[:, 0] = -np.inf  # not believed
    for i in (np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable") + 1)[:_MOST_PLACES]:
        x, y, w, h, area = (int(v) for v in stats[i])
        if area < _LEAST_AREA:
            break
        if _along_the_edge(x, x + w, grey.shape[1]) or _along_the_edge(y, y + h, grey.shape[0]):
            continue
        box = slice(max(0, y - _RING[1]), y + h + _RING[1]), slice(max(0, x - _RING[1]), x + w + _RING[1])
        values = _features(layers[box], labels[box], int(i))
        if values is not None:
            values[-2] = (values[-2] - black) / max(white - black, 1.0)
            rows[i - 1] = values
    return Places(labels, rows)


def _along_the_edge(first: int, last: int, side: int) -> bool:
    """Whether all of a place lies where mounts and the scanner's lid end."""
    strip = max(3, round(_EDGE * side))
    return last <= strip or first >= side - strip


def _features(layers: F32, labels: NDArray[np.int32], place: int) -> list[float] | None:
    """`FEATURES` of one place, its light in grey levels; None where nothing around it is free of marks."""
    own = labels == place
    inside = cv2.distanceTransform(np.pad(own, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    away = cv2.distanceTransform((~own).astype(np.uint8), cv2.DIST_L2, 3)
    ring = (away >= _RING[0]) & (away <= _RING[1]) & (labels == 0)
    if ring.sum() < 8:
        return None
    around, fine, _ = layers[ring].T
    here, _, probability = layers[own].T
    light = float(np.median(here))
    contrast = light - float(np.median(around))
    size, sign = abs(contrast), float(np.sign(contrast))
    area, width = len(here), float(inside.max())
    mean = float(np.clip(probability.mean(), 1e-4, 1 - 1e-4))
    return [
        float(np.log(mean / (1 - mean))),
        float(np.log1p(size)),
        float(np.log((1 + around.std()) / (1 + size))),
        float((sign * (light - around) > size / 2).mean()),
        float(np.log(width)),
        float(np.log(area)),
        float(np.log1p(fine.mean())),
        float(np.log(area / width**2)),
        light,
        sign,
    ]


def belief(features: F32) -> F32:
    """How probably places (N, 10) are damage, 0..1."""
    known = np.isfinite(features[:, 0])
    logits = np.full(len(features), -np.inf, np.float32)
    logits[known] = features[known] @ PLAIN + features[known] ** 2 @ SQUARED + INTERCEPT
    out: F32 = (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)
    return out


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            yield slice(y, min(y + TILE, height)), slice(x, min(x + TILE, width))


def _wider(part: slice) -> slice:
    return slice(max(0, part.start - MARGIN), part.stop + MARGIN)


def _lacking(part: slice, end: int) -> tuple[int, int]:
    """Pixels that a part and its margin lack before and behind: where the picture ends, and up to a multiple of 16."""
    behind = max(0, part.stop + MARGIN - end)
    return max(0, MARGIN - part.start), behind + -(part.stop - part.start + 2 * MARGIN) % 16
