"""Write decisions, and take them back by a new one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from gallery_db.database.acting import actor_of
from gallery_db.database.rows import batches, to_json, utc_now
from gallery_db.database.schema import decision, photo
from gallery_db.errors import ConflictError, GalleryError, OthersDecisionError, UnknownIdError
from gallery_db.records import DecisionRecord
from gallery_db.records.said import REDID, UNDID
from iconface_core.reasons import LEGACY, Reason, from_text, to_text

from . import removals
from .changes import UNMADE, Blame, Later, invert
from .recorder import RowChange


def note(
    conn: Connection, kind: str, summary: Reason, changes: list[RowChange], undoes: int | None = None
) -> DecisionRecord:
    row = {
        "at": utc_now(),
        "kind": kind,
        "summary": to_text(summary),
        "changes": to_json(changes),
        "undoable": True,
        "undoes": undoes,
        "actor": actor_of(conn),
    }
    return record(conn.execute(decision.insert().values(row).returning(decision)).one())


def undo(conn: Connection, decision_id: int | None, *, anybodys: bool) -> DecisionRecord:
    old = _latest(conn, anybodys=anybodys) if decision_id is None else fetch(conn, decision_id)
    if not anybodys and old.actor != actor_of(conn):
        raise OthersDecisionError.of(old.id, old.actor)
    if old.undone_by is not None:
        raise GalleryError(f"decision {old.id} ({old.kind}) is undone already, by decision {old.undone_by}")
    if old.kind == "redo":
        return undo(conn, fetch(conn, old.undoes).undoes, anybodys=anybodys)  # the same as undoing the original again
    if not old.undoable:
        raise GalleryError(f"decision {old.id} ({old.kind}) cannot be undone")

    acting = old if old.kind == "undo" else fetch(conn, _in_force_since(conn, old.id))
    done_then: list[RowChange] = json.loads(acting.changes)
    blame = _blame(conn, acting.id)
    point = conn.begin_nested()  # a conflict half way leaves nothing half undone
    try:
        changes, skipped = invert(conn, done_then, blame)
    except ConflictError as e:
        point.rollback()
        raise ConflictError(f"decision {old.id} ({old.kind}) cannot be undone: {e}", e.later) from e
    except BaseException:
        point.rollback()
        raise
    _date_by_files(conn, changes)
    point.commit()
    redo = old.kind == "undo"
    what = _what(conn, old)
    done = note(conn, "redo" if redo else "undo", REDID(what=what) if redo else UNDID(what=what), changes, old.id)
    conn.execute(update(decision).where(decision.c.id == old.id).values(undone_by=done.id))
    if redo:
        conn.execute(update(decision).where(decision.c.id == old.undoes).values(undone_by=None))
    restored = tuple(sorted({c[2] for c in [*done_then, *changes] if c[1] == "restoration" and "state" in c[3]}))
    removals.want(conn, (c[2] for c in changes if c[1] == "restoration" and _unwanted(c)))
    first = restored[0] if restored else None
    return replace(done, skipped=skipped, restoration_id=first, restoration_ids=restored)


def _date_by_files(conn: Connection, changes: list[RowChange]) -> None:
    """Photos that nobody dates any more: what their files say now counts, not what they said then."""
    nobody = func.coalesce(photo.c.dated, "") == ""
    for ids in batches([c[2] for c in changes if c[1] == "photo"]):
        conn.execute(update(photo).where(photo.c.id.in_(ids), nobody).values(captured_at=photo.c.file_date))


def _unwanted(change: RowChange) -> bool:
    """Whether a restoration's copy, which was there, has to go."""
    before, now = change[3].get("state", (None, None)) if change[0] == "update" else (None, None)
    return before == "done" and now in ("undone", "rejected")


def fetch(conn: Connection, decision_id: int) -> Row[Any]:
    row = conn.execute(select(decision).where(decision.c.id == decision_id)).first()
    if row is None:
        raise UnknownIdError(f"no decision with id {decision_id}")
    return row


def record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        row.id, row.at, row.kind, said_of(row), row.undoable, row.undone_by, row.undoes, actor=row.actor
    )


def _latest(conn: Connection, *, anybodys: bool) -> Row[Any]:
    """What took effect last, of the caller's own decisions: one that was done again counts from then on."""
    d, redone = decision.c, _REDONE.subquery()
    query = select(decision).outerjoin(redone, redone.c.undoes == d.id)
    query = query.where(d.kind.not_in(("undo", "redo")), d.undone_by.is_(None), d.undoable)
    own = query if anybodys else query.where(d.actor.is_not_distinct_from(actor_of(conn)))
    row = conn.execute(own.order_by(func.coalesce(redone.c.since, d.id).desc()).limit(1)).first()
    if row is None and not anybodys and (of_others := conn.execute(query.limit(1)).first()) is not None:
        raise OthersDecisionError.of(None, of_others.actor)
    if row is None:
        raise UnknownIdError("there is nothing to undo")
    return row


_REDO, _UNDOING = decision.alias("redo"), decision.alias("undoing")
_REDONE = (
    select(_UNDOING.c.undoes, func.max(_REDO.c.id).label("since"))
    .join(_UNDOING, _UNDOING.c.id == _REDO.c.undoes)
    .where(_REDO.c.kind == "redo")
    .group_by(_UNDOING.c.undoes)
)


def _redone(conn: Connection) -> dict[int, int]:
    """Decision to the latest redo of it."""
    return {i: since for i, since in conn.execute(_REDONE)}  # noqa: C416  # typed rows


def _in_force_since(conn: Connection, decision_id: int) -> int:
    return _redone(conn).get(decision_id, decision_id)


def _what(conn: Connection, old: Row[Any]) -> Reason:
    return said_of(fetch(conn, old.undoes) if old.undoes is not None else old)


def said_of(row: Row[Any]) -> Reason:
    """What a decision did; of one that an older release stored, its sentence."""
    return from_text(row.summary) or LEGACY(text="")


def _blame(conn: Connection, since: int) -> Blame:
    """Says which decision that took effect after `since` and is in force touched a row first, if any; of `UNMADE`
    people, which undo took back that they were made. Reads them when first asked."""
    first: dict[tuple[str, int], Later] = {}
    asked = False

    def read() -> None:
        d = decision.c
        redone = _redone(conn)
        later = or_(d.id > since, d.id.in_([i for i, at in redone.items() if at > since]))
        query = select(decision).where(later, d.undone_by.is_(None), d.kind.not_in(("undo", "redo")))
        for row in sorted(conn.execute(query), key=lambda r: redone.get(r.id, r.id)):
            hint = Later(row.id, row.kind)
            for touched in _touched(json.loads(row.changes)):
                first.setdefault(touched, hint)
        undoing = decision.alias("undoing")
        undone = select(decision, undoing.c.kind.label("taken_back"))
        undone = undone.join(undoing, undoing.c.id == d.undone_by).where(d.changes.contains('["insert","person",'))
        for row in conn.execute(undone):
            for kind, table, row_id, _ in json.loads(row.changes):
                if (kind, table) == ("insert", "person"):
                    first[UNMADE, row_id] = Later(row.undone_by, row.taken_back)

    def blame(table: str, row_id: int) -> Later | None:
        nonlocal asked
        if not asked:
            asked = True
            read()
        return first.get((table, row_id))

    return blame


def _touched(changes: list[RowChange]) -> Iterator[tuple[str, int]]:
    """Rows that a decision changed, and people it refers to."""
    for kind, table, row_id, columns in changes:
        if kind == "moved":
            continue
        yield table, row_id
        for column in _PEOPLE & columns.keys():
            value = columns[column]
            for person_id in value if isinstance(value, list) else [value]:
                if person_id is not None:
                    yield "person", person_id


_PEOPLE = {"person_id", "person_a", "person_b"}
