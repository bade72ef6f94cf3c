"""Restorations as somebody looks through them: on shelves, one entry per written copy. Part of `RestorationRepo`.

One copy may hold several faces: their rows are one entry, and change shelves together.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select

from gallery_db.database.schema import person, restoration

ReviewState = Literal["to_decide", "proposed", "kept", "put_back", "refused"]
SHELVES: tuple[ReviewState, ...] = get_args(ReviewState)

_r = restoration.c
_ON: Mapping[ReviewState, ColumnElement[bool]] = {
    "to_decide": and_(_r.state == "done", _r.decided.is_(None)),
    "proposed": _r.state == "proposed",
    "kept": and_(_r.state == "done", _r.decided == "accepted"),
    "put_back": _r.state.in_(("rejected", "undone")),
    "refused": _r.state == "refused",
}
_SHELF = case(*((on, shelf) for shelf, on in _ON.items()))
# What was never written is an entry of its own.
_ENTRY = (_r.output, _r.output_sha256, case((_r.output.is_(None), _r.id), else_=0))


class RestorationShelves:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def shelf_counts(self, *, person_id: int | None = None) -> Mapping[ReviewState, int]:
        """Entries per shelf, of everybody or of one person; every shelf has a number."""
        query = select(_SHELF.label("shelf")).where(_SHELF.is_not(None))
        if person_id is not None:
            query = query.where(_r.person_id == person_id)
        entries = query.group_by(_SHELF, *_ENTRY).subquery()
        counted = select(entries.c.shelf, func.count().label("n")).group_by(entries.c.shelf)
        return dict.fromkeys(SHELVES, 0) | {row.shelf: row.n for row in self._c.execute(counted)}

    def on_shelf(
        self, shelf: ReviewState, *, person_id: int | None = None, before: int | None = None, limit: int | None = None
    ) -> list[int]:
        """The entries of a shelf, latest first, each by the id of its last row (of this person). `before` is the last
        one of the page before."""
        entries = self._entries(shelf, person_id)
        query = select(entries.c.id).order_by(entries.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(entries.c.id < before)
        return list(self._c.scalars(query))

    def people_on_shelf(self, shelf: ReviewState) -> list[tuple[int, str | None, int]]:
        """Who lies on a shelf: (person id, name, faces), most faces first."""
        n = func.count().label("n")
        query = select(person.c.id, person.c.name, n).join(restoration, _r.person_id == person.c.id).where(_ON[shelf])
        rows: list[Any] = list(self._c.execute(query.group_by(person.c.id).order_by(n.desc(), person.c.id)))
        return [(row.id, row.name, row.n) for row in rows]

    def _entries(self, shelf: ReviewState, person_id: int | None) -> Subquery:
        query = select(func.max(_r.id).label("id")).where(_ON[shelf]).group_by(*_ENTRY)
        if person_id is not None:
            query = query.where(_r.person_id == person_id)
        return query.subquery()
