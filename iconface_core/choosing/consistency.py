"""Does a restored face still explain the degraded one? It is damaged again and compared; and how sharp it is.

What damaged a face is not known, so the damage is looked for: of several blurs with a straight line of tones the one
that brings the restored face nearest to the degraded one. Noise is nobody's to explain: both are compared where it is
averaged out.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

_SIDE = 64
"""Side in pixels at which faces are compared: what is finer is the restorer's own."""

_FACE = (slice(14, 58), slice(12, 52))
"""Brow to chin and cheek to cheek of an FFHQ crop of that side."""

_BLURS = (0.0, 0.5, 1.0, 1.5, 2.5, 4.0)
"""Sigmas in pixels of that side."""

_FINE_SIDE = 256
_FINE = (0.06, 0.22)
"""Root mean square of structure below 1 pixel over that of 1 to 4 pixels, at 256 px: blurred away, and as sharp as a
clean photo of that size."""


def consistency(restored: RgbU8, degraded: RgbU8) -> float:
    """How well the restored crop (S, S, 3), damaged again, gives the degraded one (S, S, 3) back: 1 wholly, 0 not at
    all. The degraded crop itself has 1."""
    target = _small(degraded)
    contrast = float(np.sqrt(np.mean((target - target.mean((0, 1))) ** 2))) + 1.0
    source = _small(restored, whole=True)
    left = min(_residual(_blurred(source, sigma), target) for sigma in _BLURS)
    return float(np.clip(1 - left / contrast, 0, 1))


def sharpness(crop: RgbU8) -> float:
    """How sharp a crop (S, S, 3) is: 0 blurred, 1 as sharp as a clean photo."""
    grey = cv2.cvtColor(_resized(crop, _FINE_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    low, lower = cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.GaussianBlur(grey, (0, 0), 4.0)
    rows, columns = (slice(4 * part.start, 4 * part.stop) for part in _FACE)
    fine, middle = (float(np.std(band[rows, columns])) for band in (grey - low, low - lower))
    return float(np.clip((fine / (middle + 1) - _FINE[0]) / (_FINE[1] - _FINE[0]), 0, 1))


def blended(crops: Sequence[RgbU8]) -> RgbU8:
    """The mean of crops of one shape."""
    mean = np.mean([crop.astype(np.float32) for crop in crops], axis=0)
    out: RgbU8 = np.clip(mean + 0.5, 0, 255).astype(np.uint8)
    return out


def _small(crop: RgbU8, *, whole: bool = False) -> F32:
    small = _resized(crop, _SIDE).astype(np.float32)
    return small if whole else small[_FACE]


def _resized(crop: RgbU8, side: int) -> RgbU8:
    grows = crop.shape[0] < side
    return np.asarray(
        cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA), np.uint8
    )


def _blurred(image: F32, sigma: float) -> F32:
    blurred = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image
    part: F32 = blurred[_FACE]
    return part


def _residual(source: F32, target: F32) -> float:
    """Root mean square of what a straight line of each channel's tones leaves."""
    x, y = source - source.mean((0, 1)), target - target.mean((0, 1))
    slope = (x * y).mean((0, 1)) / np.maximum((x * x).mean((0, 1)), 1e-6)
    return float(np.sqrt(np.mean((y - np.clip(slope, 0.25, 2) * x) ** 2)))
