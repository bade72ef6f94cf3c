"""What was measured of faces (`face.degradation`), asked in bulk: a plan over a whole library reads columns only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Float, Integer, and_, func, or_, select, update

from gallery_db.database.rows import batches, to_json
from gallery_db.database.schema import face, person, photo
from gallery_db.database.words import json_member, larger


@dataclass(frozen=True, slots=True)
class DegradedFilter:
    """All conditions are joined by "and"; None means "any". `version` is that of the measure, `min_score` 0..1,
    `min_eye_distance` in pixels. `since` and `before` are ISO dates: photos captured (or, undated, indexed) from then
    on, and before then. `people` are ids, none for anybody."""

    version: int
    min_score: float
    min_eye_distance: float
    root_id: int | None = None
    since: str | None = None
    before: str | None = None
    people: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Clearness:
    """Of how many usable faces so many were `measured`, and so many of these are `degraded`. `sampled`: of a part of
    the library, evenly spread over it."""

    faces: int
    measured: int
    degraded: int
    sampled: bool


class MeasureRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def set(self, measures: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Keep what was measured of faces (JSON values). Faces that are gone or forgotten are left out."""
        for face_id, value in measures:
            alive = and_(face.c.id == face_id, face.c.state != "forgotten")
            self._c.execute(update(face).where(alive).values(degradation=to_json(dict(value))))

    def missing(self, version: int, *, after_photo: int = 0, photos: int = 64) -> list[tuple[int, list[int]]]:
        """(photo id, face ids) of photos with faces that this version did not measure in the full picture, in order of
        photo id."""
        query = select(face.c.photo_id, face.c.id).join(photo, photo.c.id == face.c.photo_id)
        query = query.where(_usable(), ~_in_full(version), face.c.photo_id > after_photo)
        first = select(face.c.photo_id).join(photo, photo.c.id == face.c.photo_id)
        first = first.where(_usable(), ~_in_full(version), face.c.photo_id > after_photo)
        some = list(self._c.scalars(first.distinct().order_by(face.c.photo_id).limit(photos)))
        found: dict[int, list[int]] = {photo_id: [] for photo_id in some}
        for part in batches(some):
            for photo_id, face_id in self._c.execute(query.where(face.c.photo_id.in_(part)).order_by(face.c.id)):
                found[photo_id].append(face_id)
        return list(found.items())

    def counts(self, version: int) -> tuple[int, int, int]:
        """How many usable faces there are, how many of them this version measured, and how many in the full picture."""
        joined = select(func.count()).select_from(face.join(photo, photo.c.id == face.c.photo_id)).where(_usable())
        counted = (joined, joined.where(_measured(version)), joined.where(_in_full(version)))
        faces, measured, in_full = (self._c.scalar(query) or 0 for query in counted)
        return faces, measured, in_full

    def clearness(self, where: DegradedFilter, *, sample: int) -> Clearness:
        """How much of the library is unclear; the version and the limits of `where` count. With more than `sample`
        faces about so many of them are asked: what was measured is JSON, and takes a second to read of all."""
        step = max(1, (self._c.scalar(select(func.max(face.c.id))) or 0) // sample)
        measured = _measured(where.version)
        query = select(func.count(), func.count().filter(measured), func.count().filter(measured, _degraded(where)))
        query = query.select_from(_JOINED).where(_usable(), _SHOWN)
        last = step * (sample + 1)
        parts = [query] if step == 1 else [query.where(face.c.id.in_(ids)) for ids in batches(range(step, last, step))]
        found = np.array([tuple(self._c.execute(part).one()) for part in parts]).sum(0)
        return Clearness(int(found[0]), int(found[1]), int(found[2]), sampled=step > 1)

    def degraded(self, where: DegradedFilter) -> list[int]:
        """Ids of degraded faces, in order. Faces of hidden and ignored people are left out."""
        query = select(face.c.id).select_from(_JOINED).where(_usable(), _measured(where.version), _SHOWN)
        query = query.where(_degraded(where))
        if where.root_id is not None:
            query = query.where(photo.c.root_id == where.root_id)
        if where.people:
            query = query.where(face.c.person_id.in_(where.people))
        when = func.coalesce(photo.c.captured_at, photo.c.indexed_at)
        if where.since is not None:
            query = query.where(when >= where.since)
        if where.before is not None:
            query = query.where(when < where.before)
        return list(self._c.scalars(query.order_by(face.c.id)))


_JOINED = face.join(photo, photo.c.id == face.c.photo_id).outerjoin(person, person.c.id == face.c.person_id)
_SHOWN = or_(person.c.id.is_(None), and_(~person.c.hidden, ~person.c.ignored))


def _degraded(where: DegradedFilter) -> ColumnElement[bool]:
    score = larger(
        json_member(face.c.degradation, "$.score").cast(Float),
        func.coalesce(json_member(face.c.degradation, "$.print_damage").cast(Float), 0.0),
    )
    eyes = json_member(face.c.degradation, "$.eye_distance").cast(Float)
    return and_(score >= where.min_score, eyes >= where.min_eye_distance)


def _usable() -> ColumnElement[bool]:
    return and_(photo.c.state == "indexed", face.c.state.in_(("ok", "doubtful")))


def _measured(version: int) -> ColumnElement[bool]:
    stored = json_member(face.c.degradation, "$.version").cast(Integer)
    return func.coalesce(stored, 0) == version


def _in_full(version: int) -> ColumnElement[bool]:
    """Measured in all the pixels of the file, not in a copy that was decoded smaller."""
    reduced = json_member(face.c.degradation, "$.reduced").cast(Float)
    return and_(_measured(version), func.coalesce(reduced, 2.0) < 1.01)
