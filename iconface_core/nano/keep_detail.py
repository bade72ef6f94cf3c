"""A face restored at 128 px, put back into a crop that may hold more: never less than what the photo showed.

The network changes what it sees: the crop reduced to its size. That change, not its picture, is added to the crop, so
structure finer than the network's pixels stays the photo's own. Two shares decide, both from what is measured on the
crop: how much of the change is wanted (a sharp face needs none), and how much of the photo's finest structure is
structure and not noise.
"""

from __future__ import annotations

import cv2
import numpy as np

from iconface_core.sharpness import Degradation, measure
from iconface_core.types import F32, AlignedFace, RgbU8


def keep_detail(face: AlignedFace, before: RgbU8, after: RgbU8) -> RgbU8:
    """`face` is the FFHQ_512 crop, `before` the network's input (its reduced copy), `after` its output, both (S, S, 3)
    -> the restored crop at the size of `face`."""
    side = face.pixels.shape[0]
    found = measure(face.pixels, face.from_photo)
    low = _enlarged(before, side)
    change = _enlarged(after, side) - low
    fine = face.pixels.astype(np.float32) - low
    mixed = low + change_share(found) * change + fine_share(found, fine) * fine
    out: RgbU8 = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


def change_share(found: Degradation) -> float:
    """How much of the network's change a face wants, 0..1: none when it is sharp, all when it is degraded."""
    return float(np.clip((found.score - _SHARP) / (_DEGRADED - _SHARP), 0, 1))


def fine_share(found: Degradation, fine: F32) -> float:
    """How much of what the network cannot see is worth keeping, 0..1: the Wiener gain, signal over signal and noise.

    `fine` (H, W, 3) is the crop minus its reduced copy.
    """
    power = float(np.mean(fine**2))
    noise = (_NOISE_SHARE * found.noise) ** 2
    return float(np.clip(1 - noise / max(power, 1e-6), 0, 1))


_SHARP, _DEGRADED = 0.1, 0.5
_NOISE_SHARE = 1.0


def _enlarged(image: RgbU8, side: int) -> F32:
    out: F32 = cv2.resize(image.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return out
