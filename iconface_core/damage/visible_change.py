"""Would anybody see that a face was restored? Measured in the photo's own pixels, within the outline of the face."""

from dataclasses import dataclass

import numpy as np

from iconface_core.pasting.paste import Pasted
from iconface_core.pasting.region import radius
from iconface_core.types import F32

STEP = 8.0
"""Of 255: a pixel whose strongest channel changed by this much changed visibly."""

LEAST_MEAN = 2.0
"""Of 255: a face whose pixels changed by less in the mean looks as before (docs/benchmarks.md)."""


@dataclass(frozen=True, slots=True)
class VisibleChange:
    """`mean` is the mean change of a face's pixels over the channels, 0..255, `share` the part of them, 0..1, that
    changed visibly. Grain does not count."""

    mean: float
    share: float

    @property
    def seen(self) -> bool:
        """Whether anybody can tell the restored face from the photo's."""
        return self.mean >= LEAST_MEAN


def visible_change(pasted: Pasted, landmarks: F32) -> VisibleChange:
    """Of the face with these landmarks (5, 2) in photo pixels. Nothing changed where the face is outside the photo."""
    if pasted.mask.size == 0:
        return VisibleChange(0.0, 0.0)
    corner = np.array(pasted.region[:2], np.float32)
    face = radius((landmarks - corner).astype(np.float32), pasted.mask.shape) < 1
    change = np.abs(pasted.change[face])
    if change.size == 0:
        return VisibleChange(0.0, 0.0)
    return VisibleChange(float(change.mean()), float((change.max(1) >= STEP).mean()))
