"""What grouping does because of a decision, kept with it: taking the decision back brings that back too."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from gallery_db.database.rows import batches, to_json
from gallery_db.database.schema import decision, face, meta, photo
from gallery_db.database.words import insert

from .recorder import RowChange

_GROUPED = "grouped_after_decision"
"""Meta key: the last decision that a full pass has seen."""

_PEOPLE = ("person_id", "person_a", "person_b")


def note_moves(conn: Connection, moves: Mapping[int, tuple[int | None, int | None]]) -> None:
    """A full pass moved these faces (id: person before, person now). A move is kept with the latest decision since the
    pass before that is about the face or one of the two people; what came into the library later did not follow."""
    seen = int(conn.scalar(select(meta.c.value).where(meta.c.key == _GROUPED)) or 0)
    d = decision.c
    new = conn.execute(select(d.id, d.at, d.changes).where(d.id > seen).order_by(d.id.desc())).all()
    if not new:
        return
    mark = insert(conn, meta).values(key=_GROUPED, value=str(new[0].id))
    conn.execute(mark.on_conflict_do_update(index_elements=["key"], set_={"value": mark.excluded.value}))
    left = dict(moves)
    since = _indexed_at(conn, left)
    for row in new:
        changes: list[RowChange] = json.loads(row.changes)
        faces, people = _about(changes)
        followed = [
            i for i, (old, to) in left.items() if (i in faces or old in people or to in people) and since[i] <= row.at
        ]
        if followed:
            changes += [["moved", "face", i, {"person_id": list(left.pop(i))}] for i in followed]
            conn.execute(update(decision).where(d.id == row.id).values(changes=to_json(changes)))


def _about(changes: Iterable[RowChange]) -> tuple[set[int], set[int]]:
    """Faces and people that a decision taught grouping something about. A name, a cover or being hidden teaches
    nothing."""
    faces: set[int] = set()
    people: set[int] = set()
    for kind, table, row_id, columns in changes:
        if kind == "moved" or (table == "person" and "birth_date" not in columns):
            continue
        if table == "face":
            faces.add(row_id)
        if table == "person":
            people.add(row_id)
        if table in ("face", "rejection", "different"):
            people |= {p for c in _PEOPLE for p in _values(columns.get(c)) if p is not None}
        if table == "rejection":
            faces |= set(_values(columns.get("face_id")))
    return faces, people


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _indexed_at(conn: Connection, face_ids: Iterable[int]) -> dict[int, str]:
    query = select(face.c.id, photo.c.indexed_at).join(photo, photo.c.id == face.c.photo_id)
    rows = (r for part in batches(face_ids) for r in conn.execute(query.where(face.c.id.in_(part))))
    return {i: at or "" for i, at in rows}
