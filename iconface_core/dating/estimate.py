"""The year of a photo, as probabilities, out of everybody in it.

Of each person: when they were born, how old they look here, and how alike this face is to the same person's dated ones
(`person.py`). People are taken for independent; years that only one of them rules out keep a little probability, for
faces are given to the wrong person and dates are the scanner's.
"""

from collections.abc import Sequence

import numpy as np

from iconface_core import reason_codes as codes
from iconface_core.ages import F64
from iconface_core.images.dates import FIRST_PHOTO
from iconface_core.reasons import Reason

from .person import said_by
from .policy import DatingPolicy
from .types import PersonHere, Series, YearEstimate


def year_of(
    people: Sequence[PersonHere], *, now: int, series: Series | None = None, policy: DatingPolicy | None = None
) -> YearEstimate | None:
    """When the photo was taken, `now` at the latest. None when nobody in it was born at a known time or has dated
    photos, so that nothing is known."""
    policy = policy or DatingPolicy()
    n = now - FIRST_PHOTO + 1
    said = [said_by(p, n, policy) for p in people if p.born is not None or len(p.years)]
    if not said:
        return None
    said.sort(key=lambda s: _width(s.nats))
    total = np.sum([s.nats for s in said], axis=0)
    why = [reason for s in said for reason in s.reasons]
    if series is not None:
        nats, reason = _of_series(series, n, policy)
        total += nats
        why.append(reason)
    return YearEstimate(_normal(total), tuple(why))


def is_wild(estimate: YearEstimate, year: int, policy: DatingPolicy | None = None) -> bool:
    """Whether the people in a photo are very improbable in the year that its date says: a scanner's, or a clock's that
    stood still. `estimate` must not have seen that date."""
    policy = policy or DatingPolicy()
    outside = max(estimate.first - year, year - estimate.last)
    return outside >= policy.off and estimate.beyond(year) < policy.wild


def _of_series(series: Series, n: int, policy: DatingPolicy) -> tuple[F64, Reason]:
    first, last = sorted((series.before, series.after))
    year = FIRST_PHOTO + np.arange(n)
    outside = np.maximum(np.maximum(first - year, year - last), 0)
    near = 0.5 ** (outside / policy.drift)
    reason = codes.BETWEEN_PHOTOS(first=first, last=last)
    return np.log(policy.series * near / near.sum() + (1 - policy.series) / n), reason


def _normal(log: F64) -> F64:
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum())


def _width(log: F64) -> int:
    """Years between the first and the last tenth."""
    below = np.cumsum(_normal(log))
    return int(np.searchsorted(below, 0.9) - np.searchsorted(below, 0.1))
