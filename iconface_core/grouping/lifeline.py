"""A life in order: clusters that may be one person at different ages. Only ever asked, for relatives look alike too.

Faces are compared without what faces of their age have in common (`AgeReader.without_age`), which a child shares with
other children and not with the adult. Dates then have their say: a cluster that looks 8 in 1990 is not one that looks
60 in 1995. A chain needs no rule of its own: once the child and the youth are one person, whatever is nearest to either
is asked next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from iconface_core.ages import AGES, BORN, F64, birth_years, born_in
from iconface_core.protocols import AgeReader
from iconface_core.types import F32, I64

from .childhood import looks
from .types import NOBODY, Cluster, FaceTable, Grouping, GroupingFacts, Proposal

_MOST = 3000  # clusters compared with one another; beyond, those with most faces


LEAST_YEARS = 5.0
"""Between two ages of one person: below it ordinary grouping compares them."""


@dataclass(frozen=True, slots=True)
class LifePolicy:
    """`bias + slope * similarity` is the log-likelihood ratio that two clusters are one person, of their mean vectors
    without age; fitted by `benchmarks/lifeline.py`. From `ask` on it is asked, with the prior of the library in it.
    `least_years`: as `LEAST_YEARS`. `dates`: the most nats that dates say for or against."""

    bias: float = -4.14
    slope: float = 29.16
    ask: float = 1.0
    least_years: float = LEAST_YEARS
    dates: tuple[float, float] = (-6.0, 1.5)


@dataclass(frozen=True, slots=True, eq=False)
class _Life:
    """One cluster: its index, `age` in years as it looks, `mean` (d,) of unit length without age, when its person was
    born (BORN,) where dates tell, and the photos it is in."""

    label: int
    age: float
    mean: F32
    born: F64 | None
    photos: frozenset[int]


def life_lines(
    faces: FaceTable, grouping: Grouping, facts: GroupingFacts, ages: AgeReader, policy: LifePolicy | None = None
) -> list[Proposal]:
    """Which people of `grouping`, the result of `regroup` for `faces`, may be one at different ages: proposals of the
    kind `merge`, in which each cluster is somebody's best. Never about people declared different, about two whom people
    named, in one photo together, or photographed before they were born."""
    policy = policy or LifePolicy()
    lives = list(_lives(faces, grouping, facts, ages))
    if len(lives) < 2:
        return []
    means = np.stack([life.mean for life in lives])
    evidence = policy.bias + policy.slope * (means @ means.T).astype(np.float64) + grouping.background.log_prior
    evidence[evidence + policy.dates[1] < policy.ask] = -np.inf
    years = np.array([life.age for life in lives])
    evidence[np.abs(years[:, None] - years) < policy.least_years] = -np.inf
    for i, j in zip(*np.nonzero(np.triu(np.isfinite(evidence), 1)), strict=True):
        a, b = lives[i], lives[j]
        allowed = _conceivable(a, b, faces, grouping.clusters, facts)
        evidence[i, j] += _from_dates(a.born, b.born, policy.dates) if allowed else -np.inf
        evidence[j, i] = evidence[i, j]
    best = evidence.max(1)
    return [
        _proposal(grouping.clusters, lives[i].label, lives[j].label, float(evidence[i, j]))
        for i, j in zip(*np.nonzero(np.triu(evidence >= policy.ask, 1)), strict=True)
        if evidence[i, j] == best[i] == best[j]
    ]


def _lives(faces: FaceTable, grouping: Grouping, facts: GroupingFacts, ages: AgeReader) -> Iterator[_Life]:
    labels = np.asarray(grouping.labels)
    counts = np.bincount(labels[labels >= 0], minlength=len(grouping.clusters))
    for label in np.argsort(-counts, kind="stable")[:_MOST].tolist():
        rows = np.flatnonzero(labels == label)
        if not len(rows):
            continue
        distributions = looks(ages, faces.vectors[rows])
        weight = np.maximum(faces.qualities[rows], 0.05)[:, None]
        total = (ages.without_age(faces.vectors[rows]) * weight).sum(0)
        mean = (total / max(float(np.linalg.norm(total)), 1e-12)).astype(np.float32)
        age = float((distributions * weight).sum(0) @ AGES / weight.sum())
        birth_day = facts.birth_days.get(grouping.clusters[label].person_id)
        dated = faces.captured_day[rows] >= 0
        born = None
        if birth_day is not None:
            born = born_in(date.fromordinal(birth_day).year)
        elif dated.any():
            born = birth_years(_years(faces.captured_day[rows][dated]), distributions[dated])
        yield _Life(label, age, mean, born, frozenset(faces.photo_ids[rows].tolist()))


def _years(days: I64) -> I64:
    return np.array([date.fromordinal(d).year for d in days.tolist()], np.int64)


def _conceivable(a: _Life, b: _Life, faces: FaceTable, clusters: Sequence[Cluster], facts: GroupingFacts) -> bool:
    p, q = clusters[a.label].person_id, clusters[b.label].person_id
    if p != NOBODY and (p == q or {p, q} <= facts.protected):
        return False
    if (p, q) in facts.different_people or (q, p) in facts.different_people or not a.photos.isdisjoint(b.photos):
        return False
    for person, other in ((p, b), (q, a)):
        members = clusters[other.label].face_ids
        if any((face, person) in facts.rejections for face in members):
            return False
        if person in facts.birth_days:
            days = faces.captured_day[np.isin(faces.face_ids, members)]
            if bool(((days >= 0) & (days < facts.birth_days[person])).any()):
                return False
    return True


def _from_dates(a: F64 | None, b: F64 | None, bounds: tuple[float, float]) -> float:
    """Nats that dates and ages say for one year of birth, against strangers of any."""
    if a is None or b is None:
        return 0.0
    return float(np.clip(np.log(max(float(a @ b) * _LIVING, 1e-12)), *bounds))


_LIVING = BORN / 4
"""Birth years that the people of one library may well have."""


def _proposal(clusters: Sequence[Cluster], i: int, j: int, evidence: float) -> Proposal:
    first, second = sorted((i, j), key=lambda c: (-len(clusters[c].face_ids), c))
    p, q = clusters[first].person_id, clusters[second].person_id
    return Proposal("merge", clusters[second].face_ids, p, evidence, q, evidence, cluster=first, other_cluster=second)
