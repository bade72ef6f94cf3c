"""What restoring a face promises: measured for the restorer that ships, a rule of thumb for others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iconface_core.sharpness import Degradation

MEASURED: Mapping[str, Sequence[float]] = {"iconface-nano": (0.006, 0.133, 0.148, 0.163)}
"""Restorer -> rise of likeness of a face that cannot be recognised at all, with 0, 1, 2 and 3 references. Fitted by
`benchmarks/expected_gain.py`."""

_WORDS = ("A great deal clearer", "Clearly better", "A little better")


@dataclass(frozen=True, slots=True)
class Gain:
    """What to expect. `measured`: then `value` is how much more like the person's other photos the face will be (the
    mean cosine of an encoder that nothing was trained with); else it is a rule of thumb, 0..1, that promises nothing
    and only puts faces in order."""

    value: float
    measured: bool

    @property
    def words(self) -> str:
        """For a person."""
        great, clear = (0.09, 0.04) if self.measured else (0.45, 0.25)
        return _WORDS[0 if self.value >= great else 1 if self.value >= clear else 2]


NOTHING = Gain(0.0, measured=False)
"""Of a face that is left alone, or was not measured."""


def expected_gain(restorer: str, degradation: Degradation, references: Sequence[float]) -> Gain:
    """For one face. `references`: the scores, 0..1, of those that would be used."""
    rises = MEASURED.get(restorer)
    if rises is not None and degradation.quality is not None:
        rise = rises[min(len(references), len(rises) - 1)]
        return Gain(float(np.clip(1 - degradation.quality, 0, 1)) * rise, measured=True)
    return Gain(degradation.worst * (0.5 + 0.5 * max(references, default=0.0)), measured=False)
