"""Whether what a network gave is a picture of the face at all. Nothing that is not may reach a photo."""

import numpy as np

from iconface_core.errors import UnusableOutputError
from iconface_core.reason_codes import OUTPUT_FLAT, OUTPUT_NOT_FINITE, OUTPUT_OUT_OF_RANGE
from iconface_core.types import F32, RgbU8

FLAT_SHARE = 0.1
"""A picture with less than this share of its input's contrast has collapsed; restorers add contrast."""

LEAST_CONTRAST = 4 / 255
"""An input with less says nothing: a restored white wall is white."""

STRAY_SHARE = 0.01
"""So many values may lie further from black or white than these are from each other. GANs overshoot a little."""


def check_output(restorer: str, output: F32, given: RgbU8) -> None:
    """`output` (H, W, 3) is 0..1 before clipping, `given` is what it was made of. Raises UnusableOutputError."""
    if not np.isfinite(output).all():
        raise UnusableOutputError(
            f"{restorer}: its output has values that are no numbers, as half precision gives when it overflows. Use a "
            f"file in full precision, or another restorer.",
            OUTPUT_NOT_FINITE(restorer=restorer),
        )
    stray = float((np.abs(output - 0.5) > 1.5).mean())
    if stray > STRAY_SHARE:
        raise UnusableOutputError(
            f"{restorer}: {stray:.0%} of its output lies far outside of black and white; the file has another range of "
            f"values than its profile, or is damaged. Use another restorer.",
            OUTPUT_OUT_OF_RANGE(restorer=restorer, share=stray),
        )
    before = _contrast(given.astype(np.float32) / np.float32(255))
    if before > LEAST_CONTRAST and _contrast(output) < FLAT_SHARE * before:
        raise UnusableOutputError(
            f"{restorer}: its output is of one colour, the face is gone. Use another restorer.",
            OUTPUT_FLAT(restorer=restorer),
        )


def _contrast(picture: F32) -> float:
    """Mean standard deviation of the channels."""
    return float(np.clip(picture, 0, 1).std(axis=(0, 1)).mean())
