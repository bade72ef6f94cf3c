"""A face restored at the network's size, put back into a crop that may hold more: never less than the photo showed.

The network changes what it sees, the crop reduced to its size. That change, not its picture, is added to the crop, so
structure finer than the network's pixels stays the photo's own. Two shares decide, both measured on the face: how
much of the change is wanted (what looks sharp at the network's size needs none), and, place by place, how much of the
photo's finest structure is structure and not noise.
"""

from __future__ import annotations

import cv2
import numpy as np

from iconface_core.damage.sharpness import measure
from iconface_core.types import F32, AlignedFace, RgbU8


def keep_detail(face: AlignedFace, before: RgbU8, after: RgbU8, score: float, damage: F32 | None = None) -> RgbU8:
    """`face` is the FFHQ_512 crop, `before` the network's input (its reduced copy), `after` its output, both (S, S, 3)
    -> the restored crop at the size of `face`. `score` is the `degradation` of `before`. Where `damage` (S, S) 0..1
    hides the face, the change is wanted in full and the photo's own finest structure is the damage's."""
    side = face.pixels.shape[0]
    low = _enlarged(before, side)
    change = _enlarged(after, side) - low
    fine = face.pixels.astype(np.float32) - low
    wanted, own = change_share(score), fine_share(face, fine, len(before))
    if damage is not None:
        hidden = np.clip(_enlarged(damage, side), 0, 1)[..., None]
        mixed = low + (wanted + (1 - wanted) * hidden) * change + own * (1 - hidden) * fine
    else:
        mixed = low + wanted * change + own * fine
    out: RgbU8 = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


def degradation(before: RgbU8, side: int) -> float:
    """How degraded what the network sees is, 0..1 (`sharpness.measure`). `before` is judged as if the photo had that
    size, `side` is that of the crop: a large face in a poor photo may well be sharp once it is reduced, and a tiny one
    is blurred once it is enlarged."""
    scale = side / len(before)
    to_crop = np.array([[scale, 0, 0.5 * scale - 0.5], [0, scale, 0.5 * scale - 0.5]], np.float32)
    enlarged = np.clip(_enlarged(before, side), 0, 255).astype(np.uint8)
    return measure(enlarged, to_crop).score


def change_share(score: float) -> float:
    """How much of the network's change a face of this `degradation` wants, 0..1: none when it is sharp, all when it is
    degraded."""
    return float(np.clip((score - SHARP) / (DEGRADED - SHARP), 0, 1))


def fine_share(face: AlignedFace, fine: F32, size: int) -> F32:
    """How much of what the network cannot see is worth keeping, (H, W, 1) in 0..1: the local Wiener gain, signal over
    signal and noise. `fine` (H, W, 3) is the crop minus its reduced copy of `size` pixels.
    """
    lost = min(1.0, _scale(face) * size / face.pixels.shape[0])
    # white noise of the photo, as far as it lies beyond the network's pixels; resampling leaves a rest in any case
    noise = measure(face.pixels, face.from_photo).noise * max(RESAMPLED, float(np.sqrt(1 - lost**2)))
    grey = cv2.cvtColor(fine, cv2.COLOR_RGB2GRAY)  # as the noise was measured
    power = cv2.blur(grey**2, (WINDOW, WINDOW))
    gain: F32 = np.clip(1 - noise**2 / np.maximum(power, 1e-6), 0, 1).astype(np.float32)[..., None]
    return gain


SHARP, DEGRADED = 0.01, 0.3
"""Scores of `sharpness.measure` between which the network's change grows from nothing to all. Chosen on 84 faces (three
portraits, four sizes, seven kinds of damage): +0.71 dB of +0.77 in hindsight, and no face lost more than 0.01."""

RESAMPLED = 0.25
WINDOW = 9  # pixels of the crop


def _scale(face: AlignedFace) -> float:
    """Crop pixels per photo pixel."""
    return float(np.hypot(face.from_photo[0, 0], face.from_photo[1, 0]))


def _enlarged(image: RgbU8 | F32, side: int) -> F32:
    out: F32 = cv2.resize(image.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return out
