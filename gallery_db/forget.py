"""Purge a person: nothing that could name or recognise them stays in the database."""

import json
from typing import Any

from sqlalchemy import Connection, delete, select, update

from iconface_core.reasons import to_text

from .database.rows import batches, to_json
from .database.schema import decision, embedding, face, merged, person, rejection, restoration
from .errors import UnknownIdError
from .questions import repository
from .records import ForgetResult
from .records.said import FORGOTTEN


def purge(conn: Connection, person_id: int) -> ForgetResult:
    """The database half of `Gallery.forget`, in one transaction. Raises UnknownIdError."""
    if conn.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
        raise UnknownIdError(f"no person with id {person_id}")
    faces = list(conn.scalars(select(face.c.id).where(face.c.person_id == person_id).order_by(face.c.id)))
    ids = {person_id, *conn.scalars(select(merged.c.absorbed_id).where(merged.c.person_id == person_id))}
    vectors = 0
    for part in batches(faces):
        vectors += conn.execute(delete(embedding).where(embedding.c.face_id.in_(part))).rowcount
        conn.execute(delete(rejection).where(rejection.c.face_id.in_(part)))
        conn.execute(update(face).where(face.c.id.in_(part)).values(_TOMBSTONE))
    restorations, outputs = _restorations(conn, ids, set(faces))
    decisions = _decisions(conn, ids, set(faces))
    repository.forget(conn, ids, set(faces))
    conn.execute(delete(person).where(person.c.id == person_id))
    return ForgetResult(
        person_id, len(faces), vectors, decisions, restorations, face_ids=tuple(faces), outputs=tuple(outputs)
    )


_TOMBSTONE = {
    "state": "forgotten",
    "landmarks": None,
    "quality": None,
    "degradation": None,
    "det_score": 0.0,
    "person_id": None,
    "cluster_id": None,
    "confirmed": False,
}


def _restorations(conn: Connection, people: set[int], faces: set[int]) -> tuple[int, list[str]]:
    """Rows stay, so that our own outputs are still recognised; what they say of the person goes."""
    changed, outputs = 0, []
    for row in list(conn.execute(select(restoration))):
        used = json.loads(row.references)
        left = [r for r in used if r.get("face_id") not in faces]
        theirs = row.person_id in people or row.face_id in faces
        if theirs and row.state == "proposed":
            conn.execute(delete(restoration).where(restoration.c.id == row.id))
            changed += 1
            continue
        if not theirs and len(left) == len(used):
            continue
        values: dict[str, Any] = {"references": to_json(left)}
        if theirs:
            values |= {"person_id": None, "face_id": None, "similarity_before": None, "similarity_after": None}
            if row.output is not None:
                outputs.append(row.output)
        conn.execute(update(restoration).where(restoration.c.id == row.id).values(values))
        changed += 1
    return changed, outputs


def _decisions(conn: Connection, people: set[int], faces: set[int]) -> int:
    """Blank every decision that mentions them, and with it the undo of a decision (and its undo) that does."""
    rows = list(conn.execute(select(decision.c.id, decision.c.undoes, decision.c.changes)))
    for r in rows:  # what only followed from a decision about others goes, and that decision stays
        changes = json.loads(r.changes)
        left = [c for c in changes if c[0] != "moved" or not _mentions([c], people, faces)]
        if len(left) < len(changes):
            conn.execute(update(decision).where(decision.c.id == r.id).values(changes=to_json(left)))
    hit = {r.id for r in rows if _mentions([c for c in json.loads(r.changes) if c[0] != "moved"], people, faces)}
    hit |= {r.undoes for r in rows if r.id in hit and r.undoes is not None}
    hit |= {r.id for r in rows if r.undoes in hit}
    for part in batches(hit):
        blank = {"summary": to_text(FORGOTTEN()), "changes": "[]", "undoable": False}
        conn.execute(update(decision).where(decision.c.id.in_(part)).values(blank))
    return len(hit)


def _mentions(changes: list[Any], people: set[int], faces: set[int]) -> bool:
    for _, table, row_id, columns in changes:
        if (table == "person" and row_id in people) or (table == "face" and row_id in faces):
            return True
        for column, value in columns.items():
            values = set(value) if isinstance(value, list) else {value} if isinstance(value, int) else set()
            if column in ("person_id", "person_a", "person_b", "absorbed_id") and values & people:
                return True
            if column in ("face_id", "cover_face_id") and values & faces:
                return True
    return False
