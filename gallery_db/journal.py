"""Decisions as a human reads them back: what each was about, a page at a time."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from .database.schema import decision, merged
from .decisions import undo
from .records import DecisionRecord

_CHUNK = 200  # rows read at a time when looking for one person


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A decision with what it was about. `face_ids`: faces it concerned. `person_ids`: people it concerned, the one
    that was kept, assigned or made first; some may be gone. `names`: names that people had then, by id, as far as the
    decision wrote or deleted them. `value`: what a `name`, `birth_date`, `hide`, `ignore`, `ignore_faces` or
    `date_photos` set. `restoration_ids`: restorations it made, or that were decided about. `photo_ids`: photos that it
    dated."""

    record: DecisionRecord
    face_ids: tuple[int, ...]
    person_ids: tuple[int, ...]
    names: dict[int, str]
    value: Any = None
    restoration_ids: tuple[int, ...] = ()
    photo_ids: tuple[int, ...] = ()


class JournalRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def page(self, *, before: int | None = None, person_id: int | None = None, limit: int = 30) -> list[JournalEntry]:
        """Decisions, latest first, from before that id on. Undoing is not listed: it shows on what it took back
        (`record.undone_by`). With `person_id` only those about that person, or about faces as theirs."""
        out: list[JournalEntry] = []
        for entry in self._entries(before, limit if person_id is None else _CHUNK):
            if person_id is None or person_id in entry.person_ids:
                out.append(entry)
                if len(out) == limit:
                    break
        return out

    def entry(self, decision_id: int) -> JournalEntry:
        """One decision. Raises UnknownIdError."""
        return _entry(undo.fetch(self._c, decision_id))

    def heirs(self, person_ids: Iterable[int]) -> dict[int, int]:
        """Who those people are now that were merged into others."""
        m = merged.c
        query = select(m.absorbed_id, m.person_id).where(m.absorbed_id.in_(list(person_ids)))
        return {a: p for a, p in self._c.execute(query)}  # noqa: C416  # typed rows

    def _entries(self, before: int | None, chunk: int) -> Iterator[JournalEntry]:
        d = decision.c
        query = select(decision).where(d.kind.not_in(("undo", "redo"))).order_by(d.id.desc()).limit(chunk)
        while True:
            rows = self._c.execute(query if before is None else query.where(d.id < before)).all()
            yield from map(_entry, rows)
            if len(rows) < chunk:
                return
            before = rows[-1].id


def _entry(row: Any) -> JournalEntry:
    faces: dict[int, None] = {}
    people: dict[int, int] = {}  # id to rank: the one that something was given to comes first
    names: dict[int, str] = {}
    restorations: dict[int, None] = {}
    photos: dict[int, None] = {}
    value: Any = None
    for kind, table, row_id, columns in json.loads(row.changes):
        if kind == "moved" or (row.kind == "merge" and table in ("different", "rejection")):
            continue  # what followed, or was carried along; others are not part of it
        if table == "face":
            faces[row_id] = None
            if kind == "update" and row.kind == "ignore_faces" and "state" in columns:
                value = columns["state"][1] == "ignored"
        elif table == "person":
            people[row_id] = min(people.get(row_id, 9), {"insert": 0, "update": 1, "delete": 3}[kind])
            if kind == "update":
                value = next(iter(columns.values()))[1]
            old = columns.get("name")
            name = next((n for n in reversed(old) if n), None) if isinstance(old, list) else old
            if name:
                names[row_id] = name
        elif table == "restoration":
            restorations[row_id] = None
        elif table == "photo":
            photos[row_id] = None
            value = columns.get("dated", [None, value])[1]
        elif table == "rejection" and isinstance(columns.get("face_id"), int):
            faces[columns["face_id"]] = None
        for column in ("person_id", "person_a", "person_b"):
            changed = columns.get(column)
            old_and_new = changed if isinstance(changed, list) else [changed]
            given = 1 if table == "different" else 0
            for rank, person_id in ((2, old_and_new[0]), (given, old_and_new[-1])):
                if person_id is not None:
                    people[person_id] = min(people.get(person_id, 9), rank if len(old_and_new) == 2 else given)
    ordered = sorted(people, key=lambda p: (people[p], p))
    about = tuple(restorations), tuple(photos)
    return JournalEntry(undo.record(row), tuple(faces), tuple(ordered), names, value, *about)
