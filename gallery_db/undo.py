"""Write decisions, and take them back by a new one."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from .changes import Change, invert
from .errors import ConflictError, GalleryError, NotFoundError
from .records import DecisionRecord
from .rows import to_json, utc_now
from .schema import decision


def note(conn: Connection, kind: str, summary: str, changes: list[Change], undoes: int | None = None) -> DecisionRecord:
    row = {
        "at": utc_now(),
        "kind": kind,
        "summary": summary,
        "changes": to_json(changes),
        "undoable": True,
        "undoes": undoes,
    }
    return record(conn.execute(decision.insert().values(row).returning(decision)).one())


def undo(conn: Connection, decision_id: int | None) -> DecisionRecord:
    old = _latest(conn) if decision_id is None else fetch(conn, decision_id)
    if old.undone_by is not None:
        raise GalleryError(f"decision {old.id} ({old.summary}) is undone already, by decision {old.undone_by}")
    if old.kind == "redo":
        return undo(conn, fetch(conn, old.undoes).undoes)  # the same as undoing the original again
    if not old.undoable:
        raise GalleryError(f"decision {old.id} ({old.kind}) cannot be undone")

    def blame(table: str, row_id: int) -> str:
        later = select(decision).where(decision.c.id > old.id, decision.c.undone_by.is_(None)).order_by(decision.c.id)
        for d in conn.execute(later):
            if d.kind not in ("undo", "redo") and _touches(json.loads(d.changes), table, row_id):
                return f"; undo decision {d.id} ({d.summary}) first"
        return ""

    point = conn.begin_nested()  # a conflict half way leaves nothing half undone
    try:
        changes, skipped = invert(conn, json.loads(old.changes), blame)
    except ConflictError as e:
        point.rollback()
        raise ConflictError(f"decision {old.id} ({old.summary}) cannot be undone: {e}") from e
    except BaseException:
        point.rollback()
        raise
    point.commit()
    redo = old.kind == "undo"
    done = note(
        conn, "redo" if redo else "undo", f"{'redid' if redo else 'undid'}: {_what(conn, old)}", changes, old.id
    )
    conn.execute(update(decision).where(decision.c.id == old.id).values(undone_by=done.id))
    if redo:
        conn.execute(update(decision).where(decision.c.id == old.undoes).values(undone_by=None))
    restored = next((c[2] for c in changes if c[1] == "restoration" and "state" in c[3]), None)
    return replace(done, skipped=skipped, restoration_id=restored)


def fetch(conn: Connection, decision_id: int) -> Row[Any]:
    row = conn.execute(select(decision).where(decision.c.id == decision_id)).first()
    if row is None:
        raise NotFoundError(f"no decision with id {decision_id}")
    return row


def record(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(row.id, row.at, row.kind, row.summary, row.undoable, row.undone_by, row.undoes)


def _latest(conn: Connection) -> Row[Any]:
    d = decision.c
    query = select(decision).where(d.kind.not_in(("undo", "redo")), d.undone_by.is_(None), d.undoable)
    row = conn.execute(query.order_by(d.id.desc()).limit(1)).first()
    if row is None:
        raise NotFoundError("there is nothing to undo")
    return row


def _what(conn: Connection, old: Row[Any]) -> str:
    return str(fetch(conn, old.undoes).summary if old.undoes is not None else old.summary)


def _touches(changes: list[Change], table: str, row_id: int) -> bool:
    for _, name, changed_id, columns in changes:
        if name == table and changed_id == row_id:
            return True
        if table == "person":
            values = [v for k, v in columns.items() if k in ("person_id", "person_a", "person_b")]
            if any(row_id in (v if isinstance(v, list) else [v]) for v in values):
                return True
    return False
