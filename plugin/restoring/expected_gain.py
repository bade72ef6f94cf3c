"""What restoring a face promises: for a restorer that was measured, and a rule of thumb for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from iconface_core.damage.sharpness import Degradation
from iconface_core.damage.visible_change import LEAST_MEAN
from iconface_core.extensions.backends import MeasuredGain

REACH = 96.0
"""Photo pixels between the eyes: the larger a face is, the less of its damage a network of fixed size sees. 48 was
chosen for the network of 128 px; scaled to 256 px, not fitted again."""

SURELY_SEEN = 3.25
"""An expected change of this much was seen in nearly every face, one of `LEAST_MEAN` in a third."""

Level = Literal["great", "clear", "little"]
"""How much better a face will be."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What to expect. `measured`: then `value` is how much more like the person's other photos the face will be (the
    mean cosine of an encoder that nothing was trained with); else it is a rule of thumb, 0..1, that promises nothing
    and only puts faces in order. `change` is by how much its pixels are expected to change in the mean, of 255; what
    nobody would see counts little or nothing in `value`. None where that was not measured."""

    value: float
    measured: bool
    change: float | None = None

    @property
    def unseen(self) -> bool:
        """Whether nobody will see a difference, even if it becomes twice what is expected."""
        return self.change is not None and self.change < LEAST_MEAN / 2

    @property
    def level(self) -> Level:
        """`value` on a scale that holds for measured ones and rules of thumb."""
        great, clear = (0.028, 0.012) if self.measured else (0.45, 0.25)
        return "great" if self.value >= great else "clear" if self.value >= clear else "little"


NOTHING = Gain(0.0, measured=False)
"""Of a face that is left alone, or was not measured."""


def expected_gain(of: MeasuredGain | None, degradation: Degradation, references: Sequence[float]) -> Gain:
    """For one face. `of`: what the restorer was measured to bring. `references`: scores, 0..1, of those that would be
    used."""
    if of is not None and degradation.quality is not None:
        rises = of.rises
        poor, rise = float(np.clip(1 - degradation.quality, 0, 1)), rises[min(len(references), len(rises) - 1)]
        change = expected_change(of.changed, degradation.worst, poor, degradation.eye_distance)
        seen = float(np.clip((change - LEAST_MEAN) / (SURELY_SEEN - LEAST_MEAN), 0, 1))
        return Gain(poor * rise * seen, measured=True, change=change)
    return Gain(degradation.worst * (0.5 + 0.5 * max(references, default=0.0)), measured=False)


def expected_change(changed: tuple[float, float], score: float, poor: float, eye_distance: float) -> float:
    """The mean change to expect, of 255. `poor` is 1 - quality."""
    return (changed[0] * score + changed[1] * poor) * min(1.0, REACH / max(eye_distance, 1.0))
