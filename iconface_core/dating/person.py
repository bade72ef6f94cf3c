"""What one person in a photo says of its year.

Somebody looks older or younger than they are, and does so in all photos alike: about half of how wrong an apparent age
is belongs to the person (`benchmarks/when.py`). So their dated photos tell two things, when they were born and how old
they look for their age, and this photo is read by both. Ages are compared as the logarithm of the years plus `_GROWN`:
a child of 2 and one of 10 are as far apart as people of 28 and 64.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iconface_core import reason_codes as codes
from iconface_core.ages import AGES, BORN, F64, FIRST_BORN, OLDEST, ApparentAge
from iconface_core.images.dates import FIRST_PHOTO
from iconface_core.reasons import Reason
from iconface_core.types import F32, I64

from .policy import DatingPolicy
from .types import PersonHere

_GROWN = 8.0
_STEPS: F64 = np.linspace(-2.4, 2.4, 9)
"""How old somebody looks for their age, in standard deviations."""
_YEAR: F64 = np.array([0.25, 0.5, 0.25])
"""Somebody born in 1950 is 6 or 7 in 1957, and a face changes little in a year."""
_SEEN = 1e-4  # birth years less probable than this, of the likeliest one, are passed over


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """`nats` (n,) for each year from `FIRST_PHOTO` on, up to a constant, and why."""

    nats: F64
    reasons: tuple[Reason, ...]


def said_by(person: PersonHere, n: int, policy: DatingPolicy) -> Said:
    """Of the first `n` years from `FIRST_PHOTO` on. The person was born in a known year, or has dated photos."""
    births = np.arange(BORN) if person.born is None else np.clip([person.born - FIRST_BORN], 0, BORN - 1)
    joint = _born(person, births, policy)
    seen = joint.sum(1) > _SEEN * joint.sum(1).max()
    births, joint = births[seen], joint[seen]
    born = joint.sum(1)
    age = FIRST_PHOTO + np.arange(n) - (FIRST_BORN + births)[:, None]  # (births, years)
    [table] = _by_age(person.looks[None], policy)
    likely = np.where(_alive(age), np.einsum("bs,sa->ba", joint, table)[np.arange(len(births))[:, None], _clip(age)], 0)
    alike = _believed(person, births, born, policy)
    if alike.any():
        likely *= _likeness(person.years[alike], person.likeness[alike], births, age, policy)
    by_year = np.convolve(likely.sum(0), _YEAR, "same")
    by_year /= max(by_year.sum(), 1e-300)
    nats = np.log((1 - policy.floor) * by_year + policy.floor / n)
    return Said(nats, _why(person, births, born, alike))


def _born(person: PersonHere, births: I64, policy: DatingPolicy) -> F64:
    """(births, steps): the probabilities of when they were born and how old they look for their age."""
    log = np.broadcast_to(-0.5 * _STEPS**2, (len(births), len(_STEPS))).copy()
    weight = min(1.0, policy.most_told / max(len(person.years), 1))
    for year, table in zip(person.years.tolist(), _by_age(person.looked, policy), strict=True):
        age = year - FIRST_BORN - births
        told = np.where(_alive(age), table[:, _clip(age)], 0.0).T
        log += weight * np.log((1 - policy.wild_dates) * told + policy.wild_dates / BORN)
    weights = np.exp(log - log.max())
    return np.asarray(weights / weights.sum())


def _by_age(looks: F32, policy: DatingPolicy) -> F64:
    """(m, steps, 101): how well faces (m, 101) fit each true age, where it is known how old people look for it: what
    doubt is left then is the face's own."""
    sharper = (looks.astype(np.float64) @ _blur(policy.least)) ** policy.power
    sharper /= np.maximum(sharper.sum(1, keepdims=True), 1e-300)
    seems = (AGES + _GROWN) * np.exp(policy.bias * _STEPS)[:, None] - _GROWN
    return np.asarray(sharper[:, np.clip(np.rint(seems), 0, OLDEST).astype(np.int64)])


def _blur(least: float) -> F64:
    """(101, 101): from an age to its neighbours, by a normal distribution over the logarithm of years."""
    grown = np.log(AGES + _GROWN)
    near = np.exp(-0.5 * ((grown[:, None] - grown) / least) ** 2)
    return np.asarray(near / near.sum(1, keepdims=True))


def _believed(person: PersonHere, births: I64, born: F64, policy: DatingPolicy) -> NDArray[np.bool_]:
    """Which of the dated photos (n,) can be from that year."""
    age = person.years - FIRST_BORN - births[np.searchsorted(np.cumsum(born), 0.5 * born.sum())]
    near = np.abs(AGES - age[:, None]) <= policy.far
    possible: NDArray[np.bool_] = (person.looked * near).sum(1) >= policy.believed
    return possible


def _likeness(years: I64, likeness: F32, births: I64, age: I64, policy: DatingPolicy) -> F64:
    """What the similarity to each dated photo says, (births, years): at most 1. Only which photos are more alike than
    others counts, for some faces are like themselves at any age and others never."""
    grown, grown_then = (np.log(_clip(a) + _GROWN) for a in (age, years - (FIRST_BORN + births)[:, None]))
    total, squares = np.zeros(age.shape), np.zeros(age.shape)
    for j, similarity in enumerate(np.minimum(likeness, policy.same).tolist()):
        off = similarity + policy.fade * np.abs(grown - grown_then[:, j, None])
        total += off
        squares += off * off
    count = len(years)
    variance = squares / count - (total / count) ** 2
    weight = min(float(count), policy.most_alike) / (2 * policy.spread**2)
    return np.asarray(np.exp(-weight * np.maximum(variance, 0)))


def _why(person: PersonHere, births: I64, born: F64, alike: NDArray[np.bool_]) -> tuple[Reason, ...]:
    looks = ApparentAge(person.looks)
    who = {"person": person.person, "name": person.name, "low": looks.low, "high": looks.high}
    if person.born is not None:
        out = [codes.LOOKS_AND_BORN(**who, born=person.born)]
    else:
        below = np.cumsum(born) / born.sum()
        first, last = (FIRST_BORN + int(births[np.searchsorted(below, share)]) for share in (0.1, 0.9))
        out = [codes.LOOKS_AND_BORN_ABOUT(**who, first=first, last=last, photos=len(person.years))]
    if len(set(person.years[alike].tolist())) > 1:
        out.append(codes.MOST_ALIKE_IN(year=int(person.years[alike][np.argmax(person.likeness[alike])])))
    return tuple(out)


def _alive(age: I64) -> NDArray[np.bool_]:
    alive: NDArray[np.bool_] = (age >= 0) & (age <= OLDEST)
    return alive


def _clip(age: I64) -> I64:
    return np.clip(age, 0, OLDEST)
