"""What the estimate of a photo's year is made of, and what comes of it."""

from dataclasses import dataclass

import numpy as np

from iconface_core.ages import F64, OLDEST
from iconface_core.images.dates import FIRST_PHOTO
from iconface_core.reasons import Reason
from iconface_core.types import F32, I64

TELLING = 30
"""Years: a wider range says nothing to anybody."""
_TAIL = 0.1  # on either side of the range that is said: four of five photos are inside


@dataclass(frozen=True, slots=True, eq=False)
class PersonHere:
    """Somebody in the photo. `looks` (101,): how old they look in it, as `ApparentAge.probabilities`. `born`: the year,
    where it is known.

    Their other photos that have a date, n of them, in any order: `years` (n,), `looked` (n, 101), how old they look
    there, and `likeness` (n,), the similarity of this face to those.
    """

    person: int
    name: str | None
    looks: F32
    born: int | None
    years: I64
    looked: F32
    likeness: F32

    def __post_init__(self) -> None:
        n = len(self.years)
        if self.looks.shape != (OLDEST + 1,) or self.looked.shape != (n, OLDEST + 1) or self.likeness.shape != (n,):
            raise ValueError(f"shapes {self.looks.shape}, {self.looked.shape}, {self.likeness.shape} for {n} photos")


@dataclass(frozen=True, slots=True)
class Series:
    """The years of the photos before and after in the same folder, by name, which are dated."""

    before: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class YearEstimate:
    """`probabilities` (n,) of the years from `FIRST_PHOTO` on, of sum 1; `reasons` for what they say, the most telling
    person's first."""

    probabilities: F64
    reasons: tuple[Reason, ...]

    @property
    def years(self) -> I64:
        """(n,)."""
        return np.arange(FIRST_PHOTO, FIRST_PHOTO + len(self.probabilities))

    @property
    def year(self) -> int:
        """The median."""
        return self._at(0.5)

    @property
    def first(self) -> int:
        """A tenth of the probability is before."""
        return self._at(_TAIL)

    @property
    def last(self) -> int:
        """A tenth of the probability is after."""
        return self._at(1 - _TAIL)

    @property
    def telling(self) -> bool:
        """Whether the range is narrow enough to be worth saying."""
        return self.last - self.first <= TELLING

    def beyond(self, year: int) -> float:
        """How probably the photo is at least as far from the median as `year` is, on that side: 0..1."""
        at = int(np.clip(year - FIRST_PHOTO, 0, len(self.probabilities) - 1))
        return float(min(self.probabilities[: at + 1].sum(), self.probabilities[at:].sum()))

    def _at(self, share: float) -> int:
        return FIRST_PHOTO + int(np.searchsorted(np.cumsum(self.probabilities), share))
