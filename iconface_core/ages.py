"""How old a face looks: always a distribution over years, never one number. Pure: the model is `faces/age_head.py`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

OLDEST = 100
AGES: F64 = np.arange(OLDEST + 1, dtype=np.float64)
"""The ages in years that a distribution is over, (101,); the last stands for everybody older."""
FIRST_BORN, BORN = 1800, 300
"""Birth years that are weighed: from 1800 to 2099."""
_WILD = 0.05  # of all dates: wrong by more than the age of anybody
_CHILD, _GROWN = 13, 20  # years
_TAIL = 0.1  # on either side of the range that is said: four of five faces are inside


@dataclass(frozen=True, slots=True, eq=False)
class ApparentAge:
    """`probabilities` (101,) over `AGES`, at least 0, of sum 1."""

    probabilities: F32

    @staticmethod
    def known(years: float) -> "ApparentAge":
        """The age of somebody whose birth date and photo's date are known; 0..100, beyond it is clipped."""
        at = int(np.clip(years, 0, OLDEST))
        return ApparentAge(np.equal(AGES, at).astype(np.float32))

    @property
    def years(self) -> int:
        """The median."""
        return self._at(0.5)

    @property
    def low(self) -> int:
        """A tenth of the probability is below."""
        return self._at(_TAIL)

    @property
    def high(self) -> int:
        """A tenth of the probability is above."""
        return self._at(1 - _TAIL)

    def _at(self, share: float) -> int:
        below = np.cumsum(self.probabilities, dtype=np.float64)
        return int(np.searchsorted(below, share * below[-1]))


def birth_years(years: NDArray[np.int64], probabilities: F32) -> F64:
    """When one person was born: probabilities (BORN,) of the years from `FIRST_BORN` on, from the years (n,) of their
    photos, n at least 1, and how old they look there, (n, 101).

    One face looks older or younger than it is in all photos alike, so they count as one observation, their geometric
    mean; and a date may be the scanner's, so no year is ever ruled out.
    """
    born = FIRST_BORN + np.arange(BORN)
    age = np.asarray(years)[:, None] - born
    told = np.take_along_axis(probabilities.astype(np.float64), np.clip(age, 0, OLDEST), 1)
    told = np.where((age >= 0) & (age <= OLDEST), told, 0.0)
    log = np.log((1 - _WILD) * told + _WILD / BORN).mean(0)
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum())


def born_in(year: int) -> F64:
    """Somebody whose birth date is known, as `birth_years` gives it; the nearest year where it is outside."""
    out = np.zeros(BORN)
    out[np.clip(year - FIRST_BORN, 0, BORN - 1)] = 1.0
    return out


def closeness(a: ApparentAge, b: ApparentAge, scale: float) -> float:
    """The mean of `exp(-years apart / scale)` over both distributions, 0..1: 1 for two that are surely of one age, and
    less the less is known. `scale` is in years, above 0."""
    kernel = np.exp(-np.abs(AGES[:, None] - AGES) / scale)
    return float(a.probabilities @ kernel @ b.probabilities)


def child_and_adult(a: ApparentAge, b: ApparentAge) -> float:
    """The probability (0..1) that one of the two is a child below 13 and the other more than 20 years older: a face
    between them has grown, and shows another one."""
    apart = np.abs(AGES[:, None] - AGES) > _GROWN
    child = np.minimum(AGES[:, None], AGES) < _CHILD
    return float(a.probabilities @ (apart & child) @ b.probabilities)
