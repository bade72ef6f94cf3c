"""Row changes that can be taken back: the body of every decision.

A change is one of
    ["update", table, id, {column: [old, new]}]
    ["insert", table, id, {column: value}]
    ["delete", table, id, {column: value}]
Bytes are {"b64": text}. `Recorder` makes changes and notes them; `invert` takes a list of them back, noting that too.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, delete, exists, or_, select, update

from gallery_db.errors import ConflictError
from gallery_db.rows import batches, unique
from gallery_db.schema import cluster, different, face, metadata, person, rejection, restoration

Change = list[Any]
_MACHINE_COLUMNS = {("face", "person_id"), ("face", "cluster_id"), ("cluster", "person_id")}
_MACHINE_TABLES = {"face", "cluster"}  # rows that a scan or a regroup may remove


class Recorder:
    """Applies changes at once and keeps them in `changes`, in order."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn
        self.changes: list[Change] = []

    def update(self, table: Table, ids: Sequence[int], **values: Any) -> None:
        """Set columns in these rows; rows that have the values already are not noted."""
        for part in batches(unique(ids)):
            differing: list[int] = []
            for row in self._c.execute(select(table).where(table.c.id.in_(part)).order_by(table.c.id)):
                new = {k: [_out(getattr(row, k)), _out(v)] for k, v in values.items() if getattr(row, k) != v}
                if new:
                    self.changes.append(["update", table.name, row.id, new])
                    differing.append(row.id)
            if differing:
                self._c.execute(update(table).where(table.c.id.in_(differing)).values(values))

    def insert(self, table: Table, **values: Any) -> int:
        row = self._c.execute(table.insert().values(values).returning(table)).one()
        self.changes.append(["insert", table.name, row.id, _row_out(row)])
        return int(row.id)

    def delete(self, table: Table, ids: Sequence[int]) -> None:
        """Delete rows. What refers to them must be changed before: cascades would not be noted."""
        for part in batches(unique(ids)):
            for row in self._c.execute(select(table).where(table.c.id.in_(part)).order_by(table.c.id)):
                self.changes.append(["delete", table.name, row.id, _row_out(row)])
            self._c.execute(delete(table).where(table.c.id.in_(part)))


def invert(conn: Connection, changes: Sequence[Change], blame: Callable[[str, int], str]) -> tuple[list[Change], int]:
    """Take `changes` back, last first. Returns the changes made, and how many faces were left alone because the machine
    has moved or removed them since.

    Raises ConflictError when a human act since then stands in the way; `blame(table, id)` names it. The caller's
    transaction must then be rolled back.
    """
    recorder = Recorder(conn)
    skipped = 0
    run: dict[int, str] = {}  # updates of one table in a row, each of another row: taken back together

    def flush(table: str) -> int:
        alike: dict[str, list[int]] = {}
        for row_id, columns in run.items():
            alike.setdefault(columns, []).append(row_id)
        run.clear()
        target = metadata.tables[table]
        return sum(_set_back(conn, recorder, target, ids, json.loads(c), blame) for c, ids in alike.items())

    name = ""
    for kind, table_name, row_id, columns in reversed(changes):
        if run and (kind != "update" or table_name != name or row_id in run):
            skipped += flush(name)
        name = table_name
        if kind == "update":
            run[row_id] = json.dumps(columns)
        elif kind == "insert":
            skipped += _remove(conn, recorder, metadata.tables[name], row_id, columns, blame)
        else:
            skipped += _bring_back(conn, recorder, metadata.tables[name], row_id, columns)
    if run:
        skipped += flush(name)
    return recorder.changes, skipped


def _set_back(
    conn: Connection,
    recorder: Recorder,
    table: Table,
    ids: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    blame: Callable[[str, int], str],
) -> int:
    """Take the same update of several rows back."""
    rows = {r.id: r for part in batches(ids) for r in conn.execute(select(table).where(table.c.id.in_(part)))}
    skipped = 0
    ready: dict[frozenset[str], list[int]] = {}
    for row_id in ids:
        changed = _changed(table, row_id, rows.get(row_id), columns, blame)
        skipped += int(changed is None or bool(changed)) if table is face else 0
        if changed is not None:
            ready.setdefault(changed, []).append(row_id)
    for changed, some in ready.items():
        keep = {k: _in(old) for k, (old, _) in columns.items() if k not in changed}
        if keep:
            recorder.update(table, some, **_living(conn, table, keep))
    return skipped


def _changed(
    table: Table,
    row_id: int,
    row: Row[Any] | None,
    columns: Mapping[str, Sequence[Any]],
    blame: Callable[[str, int], str],
) -> frozenset[str] | None:
    """The columns that the machine has changed since and that stay; None when it has removed the row."""
    if row is None:
        if table.name in _MACHINE_TABLES:
            return None
        raise ConflictError(f"{table.name} {row_id} no longer exists{blame(table.name, row_id)}")
    changed = frozenset(k for k, (_, new) in columns.items() if getattr(row, k) != _in(new))
    # The machine may regroup a face only while the human has not decided about it.
    ours = sorted(k for k in changed if (table.name, k) not in _MACHINE_COLUMNS)
    if ours:
        what = ", ".join(f"{k} is now {getattr(row, k)!r}" for k in ours)
        raise ConflictError(f"{table.name} {row_id} has changed since: {what}{blame(table.name, row_id)}")
    if table is face and row.confirmed and "person_id" in columns:
        # Assigned to somebody else since, or confirmed as the person that this undo would take away.
        later = blame(table.name, row_id)
        if changed or later:
            raise ConflictError(f"face {row_id} was decided about since{later}")
    return changed


def _remove(
    conn: Connection,
    recorder: Recorder,
    table: Table,
    row_id: int,
    columns: Mapping[str, Any],
    blame: Callable[[str, int], str],
) -> int:
    row = _row(conn, table, row_id)
    if row is None:
        return 1
    if table is person:
        _release(conn, recorder, row_id, blame)
    if table is face:
        refused = conn.scalar(select(exists().where(rejection.c.face_id == row_id)))
        changed = any(getattr(row, k) != _in(columns[k]) for k in ("confirmed", "state", "source"))
        if refused or changed or (row.confirmed and row.person_id != columns["person_id"]):
            raise ConflictError(f"face {row_id} was decided about since{blame('face', row_id)}")
        used = select(restoration.c.id).where(restoration.c.face_id == row_id)
        recorder.update(restoration, conn.scalars(used).all(), face_id=None)
    recorder.delete(table, [row_id])
    return 0


def _release(conn: Connection, recorder: Recorder, person_id: int, blame: Callable[[str, int], str]) -> None:
    """Before a person goes: faces the machine added become undecided; human facts about the person forbid it."""
    facts = (
        exists().where(face.c.person_id == person_id, face.c.confirmed),
        exists().where(rejection.c.person_id == person_id),
        exists().where(or_(different.c.person_a == person_id, different.c.person_b == person_id)),
    )
    if conn.scalar(select(or_(*facts))):
        raise ConflictError(f"person {person_id} has been used since{blame('person', person_id)}")
    for table in (face, cluster, restoration):
        using = conn.scalars(select(table.c.id).where(table.c.person_id == person_id)).all()
        recorder.update(table, using, person_id=None)


def _bring_back(conn: Connection, recorder: Recorder, table: Table, row_id: int, columns: Mapping[str, Any]) -> int:
    values = {k: _in(v) for k, v in columns.items()}
    parents = {k: v for k, v in values.items() if v is not None and _parent(table, k) is not None}
    living = _living(conn, table, parents)
    lost = {k for k in parents if living[k] is None}
    if any(not table.c[k].nullable for k in lost):
        return 1  # a fact about a row that is gone
    recorder.insert(table, **(values | living))
    return 0


def _living(conn: Connection, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with references to rows that no longer exist set to None."""
    out = dict(values)
    for k, v in values.items():
        parent = _parent(table, k)
        if parent is not None and v is not None and _row(conn, parent, v) is None:
            out[k] = None
    return out


def _parent(table: Table, column: str) -> Table | None:
    for key in table.c[column].foreign_keys:
        return key.column.table if isinstance(key.column.table, Table) else None
    return None


def _row(conn: Connection, table: Table, row_id: int) -> Row[Any] | None:
    return conn.execute(select(table).where(table.c.id == bindparam("row_id")), {"row_id": row_id}).first()


def _row_out(row: Row[Any]) -> dict[str, Any]:
    return {k: _out(v) for k, v in row._mapping.items()}


def _out(value: Any) -> Any:
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _in(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value
