"""What a clean-up would do: degraded faces of known people, best prospects first. No pixel is read."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.faces.measures import DegradedFilter
from gallery_db.gallery import Tx
from iconface_core.damage.sharpness import MIN_EYE_DISTANCE, SHARP_SCORE, VERSION
from iconface_core.reasons import Reason

from ..reason_words import GAINS
from ..reasons import FEWER_REFERENCES, LITTLE_TO_GAIN, NO_GOOD_REFERENCE, NO_VISIBLE_GAIN
from ..restoring.candidates import Candidate
from ..restoring.result import degradation_row
from ..rows import Row
from .estimate import Estimate, estimate

if TYPE_CHECKING:
    from ..app import App


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """All conditions are joined by "and"; empty and None mean "any". `people` are ids; `named`: only people who have a
    name. `since` and `until`: photos captured (or, undated, indexed) from then on, and to the end of that day.
    `min_degradation` 0..1, `min_gain` as `Gain.value`. `limit` counts faces. `again` also takes faces that another
    restorer restored and nobody accepted."""

    people: tuple[int, ...] = ()
    named: bool = False
    since: date | None = None
    until: date | None = None
    root_id: int | None = None
    min_degradation: float = SHARP_SCORE
    min_references: int = 1
    min_gain: float = 0.0
    limit: int | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A PlanFilter as somebody asks for it: `people` by id or name, `root` by its folder, no `min_degradation` for what
    counts as degraded."""

    people: tuple[str, ...] = ()
    named: bool = False
    since: date | None = None
    until: date | None = None
    root: Path | None = None
    min_degradation: float | None = None
    min_references: int = 1
    min_gain: float = 0.0
    limit: int | None = None
    again: bool = False

    def resolve(self, app: "App") -> PlanFilter:
        """Raises UsageError for an unknown person or folder."""
        return PlanFilter(
            people=tuple(app.people.find(p) for p in self.people),
            named=self.named,
            since=self.since,
            until=self.until,
            root_id=None if self.root is None else app.roots.find(self.root)[0].id,
            min_degradation=SHARP_SCORE if self.min_degradation is None else self.min_degradation,
            min_references=self.min_references,
            min_gain=self.min_gain,
            limit=self.limit,
            again=self.again,
        )


@dataclass(frozen=True, slots=True)
class CleanupPlan:
    """`items` are to be restored, in this order; `left` counts the degraded faces that are left alone, by
    reason.
    `faces` usable ones are in the library, `measured` of them were measured, `in_full` of
    these in all pixels of the file. `beyond_limit` were cut off."""

    items: tuple[Candidate, ...]
    left: Mapping[Reason, int]
    faces: int
    measured: int
    in_full: int
    degraded: int
    beyond_limit: int
    photos: int
    estimate: Estimate

    def by_photo(self) -> list[tuple[int, list[int]]]:
        """(photo id, face ids), the photo with the best prospect first: one photo gives one copy."""
        first = {c.face.photo_id: n for n, c in reversed(list(enumerate(self.items)))}
        ordered = sorted(self.items, key=lambda c: (first[c.face.photo_id], c.face.id))
        return [(p, [c.face.id for c in some]) for p, some in groupby(ordered, key=lambda c: c.face.photo_id)]


def blurred_faces(tx: Tx, person_id: int) -> frozenset[int]:
    """Ids of the degraded faces of a person, whether or not anything can be done for them."""
    where = DegradedFilter(VERSION, SHARP_SCORE, MIN_EYE_DISTANCE, people=(person_id,))
    return frozenset(tx.measures.degraded(where))


def make_plan(app: "App", where: PlanFilter, *, restorer: str = "auto") -> CleanupPlan:
    """Plan for a restorer by name. Raises BackendUnavailableError for an unknown one."""
    backend = app.restorers.backend(restorer)
    since = None if where.since is None else where.since.isoformat()
    before = None if where.until is None else (where.until + timedelta(days=1)).isoformat()
    with app.gallery.begin(write=False) as tx:
        faces, measured, in_full = tx.measures.counts(VERSION)
        ids = tx.measures.degraded(
            DegradedFilter(VERSION, where.min_degradation, MIN_EYE_DISTANCE, where.root_id, since, before, where.people)
        )
    wanted: list[Candidate] = []
    left: Counter[Reason] = Counter()
    degraded = 0
    for c in app.candidates.of(ids, restorer=backend, again=where.again):
        if where.named and not c.face.person_name:
            continue
        degraded += 1
        reason = c.reason or _too_little(c, where)
        if reason is None:
            wanted.append(c)
        else:
            left[reason] += 1
    wanted.sort(key=_best_first)
    items = tuple(wanted[: where.limit])
    photo_ids = sorted({c.face.photo_id for c in items})
    with app.gallery.begin(write=False) as tx:
        size = sum(tx.photos.get(p).size for p in photo_ids)
        expected = estimate(tx, restorer=backend.id, faces=len(items), input_bytes=size)
    return CleanupPlan(
        items, left, faces, measured, in_full, degraded, len(wanted) - len(items), len(photo_ids), expected
    )


def item_row(c: Candidate) -> Row:
    """One row of `cleanup plan`."""
    f, d = c.face, c.degradation
    return {
        "face_id": f.id,
        "photo": f.photo,
        "bbox": [round(v, 1) for v in (f.bbox.x1, f.bbox.y1, f.bbox.x2, f.bbox.y2)],
        "person_id": f.person_id,
        "person_name": f.person_name,
        "degradation": None if d is None else degradation_row(d),
        "likeness": None if c.likeness is None else round(c.likeness, 4),
        "references": [
            {"face_id": r.face_id, "score": round(r.score, 4), "reasons": [reason.as_json() for reason in r.reasons]}
            for r in (() if c.choice is None else c.choice.chosen)
        ],
        "gain": round(c.gain.value, 4),
        "gain_measured": c.gain.measured,
        "change": None if c.gain.change is None else round(c.gain.change, 2),
        "gain_words": GAINS[c.gain.level],
    }


def _best_first(c: Candidate) -> tuple[float, float, float, int]:
    return -c.gain.value, -(c.gain.change or 0.0), -(c.degradation.worst if c.degradation else 0.0), c.face.id


def _too_little(c: Candidate, where: PlanFilter) -> Reason | None:
    chosen: Sequence[object] = () if c.choice is None else c.choice.chosen
    if len(chosen) < where.min_references:
        return NO_GOOD_REFERENCE() if not chosen else FEWER_REFERENCES(least=where.min_references)
    if c.gain.unseen:
        return NO_VISIBLE_GAIN()
    return LITTLE_TO_GAIN() if c.gain.value < where.min_gain else None
