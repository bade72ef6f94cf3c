"""`strength`: where on the distortion-perception line the result lies, from the input (0) to the restorer's own (1).

The paper's outputs are 1.7-3.1 dB below their own degraded input: a generative restorer repaints low frequencies that
the input still had right. So the input is given back by octave bands, the lowest first: the restorer's share of a band
is `strength ** exponent`, and the exponent grows from the finest band to the coarsest. A little less than 1 corrects
colour, lighting and large shapes and keeps the invented detail, which a plain blend would fade and ghost.
"""

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

EXPONENTS = (0.15, 0.3, 0.6, 1.0, 2.0, 4.0)
"""Finest band first: Gaussian octaves of 1 to 16 px, then the rest. Chosen on the paper's gallery among four such rows
for PSNR that only falls with strength, at the best texture and identity (`benchmarks/fidelity_line.py`, ADR 11)."""


def band_weights(strength: float) -> tuple[float, ...]:
    """The restorer's share of each band, finest first. Raises ValueError outside 0..1."""
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength must be between 0 and 1, not {strength}")
    return tuple(strength**exponent for exponent in EXPONENTS)


def anchor_to_input(restored: RgbU8, degraded: RgbU8, strength: float) -> RgbU8:
    """Both (H, W, 3), the same size -> the same size. Exactly `restored` at 1 and `degraded` at 0.

    Raises ValueError when the sizes differ or strength is outside 0..1.
    """
    weights = band_weights(strength)
    if restored.shape != degraded.shape:
        raise ValueError(f"restored {restored.shape} and degraded {degraded.shape} must have one size")
    if strength == 1.0:
        return restored.copy()
    difference = restored.astype(np.float32) - degraded.astype(np.float32)
    # The decomposition is linear, so only the difference needs one: degraded + sum of weighted bands.
    mixed = degraded + sum(w * band for w, band in zip(weights, _bands(difference), strict=True))
    out: RgbU8 = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    return out


def _bands(image: F32) -> list[F32]:
    """Octave bands at full size, finest first; they add up to `image`."""
    bands: list[F32] = []
    rest = image
    for level in range(len(EXPONENTS) - 1):
        # A Gaussian at full size instead of a pyramid: shift-invariant, so nothing follows a 32 px grid.
        smooth: F32 = cv2.GaussianBlur(image, (0, 0), 2.0**level, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
        bands.append(rest - smooth)
        rest = smooth
    bands.append(rest)
    return bands
