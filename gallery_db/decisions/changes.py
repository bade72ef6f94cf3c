"""Taking row changes back (`recorder.py`), noting that too.

Only a later decision in force can stand in the way of taking one back, and it is named. Whatever else differs from what
the decision left is the machine's: it gives way where a human had decided, and stays where nobody had. So the latest
decision can always be taken back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    or_,
    select,
)

from gallery_db.database.rows import batches
from gallery_db.database.schema import cluster, different, face, metadata, person, rejection, restoration
from gallery_db.errors import ConflictError

from .recorder import Recorder, RowChange, value_in


@dataclass(frozen=True, slots=True)
class Later:
    """A decision that has to be undone first."""

    decision_id: int
    kind: str

    def __str__(self) -> str:
        return f"; undo decision {self.decision_id} ({self.kind}) first"


Blame = Callable[[str, int], Later | None]
"""`blame(table, id)`: which later decision in force touched the row first; None when none did."""

UNMADE = "unmade"
"""In place of a table: people who are gone because a human took back that they were made."""

_MACHINE_COLUMNS = {("face", "person_id"), ("face", "cluster_id"), ("cluster", "person_id")}
_SEEN = frozenset({"ok", "doubtful"})  # states of a face that a scan tells apart, and no human


def invert(conn: Connection, changes: Sequence[RowChange], blame: Blame) -> tuple[list[RowChange], int]:
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
        if kind == "moved":
            _move_back(conn, recorder, row_id, *columns["person_id"])
        elif kind == "update":
            run[row_id] = json.dumps(columns)
        elif kind == "insert":
            skipped += _remove(conn, recorder, metadata.tables[name], row_id, columns, blame)
        else:
            skipped += _bring_back(conn, recorder, metadata.tables[name], columns, blame)
    if run:
        skipped += flush(name)
    return recorder.changes, skipped


def _set_back(
    conn: Connection,
    recorder: Recorder,
    table: Table,
    ids: Sequence[int],
    columns: Mapping[str, Sequence[Any]],
    blame: Blame,
) -> int:
    """Take the same update of several rows back."""
    rows = {r.id: r for part in batches(ids) for r in conn.execute(select(table).where(table.c.id.in_(part)))}
    skipped = 0
    ready: dict[frozenset[str], list[int]] = {}
    for row_id in ids:
        row = rows.get(row_id)
        if row is None and table is person:
            _revive(conn, row_id, blame)  # grouping removes people without faces and names
            row = _row(conn, person, row_id)
        stays = None if row is None else _stays(table, row, columns, blame)
        if row is None and (later := blame(table.name, row_id)):
            raise ConflictError(f"{table.name} {row_id} no longer exists{later}", later.decision_id)
        skipped += int(stays is None or bool(stays)) if table is face else 0
        if stays is not None:
            ready.setdefault(stays, []).append(row_id)
    for stays, some in ready.items():
        old = {k: value_in(old) for k, (old, _) in columns.items() if k not in stays}
        if table is face and old.get("state") == "ignored":  # nobody's, whoever grouping gave it to since
            old |= {"person_id": None, "cluster_id": None, "confirmed": False}
        if old:
            _update_facts(conn, recorder, table, some, _living(conn, table, old, blame))
    return skipped


def _update_facts(
    conn: Connection, recorder: Recorder, table: Table, ids: Sequence[int], values: Mapping[str, Any]
) -> None:
    """Set the values, but for rows that would say what another row says: somebody said it again since, so they go."""
    if not any(values.keys() & set(names) for names in _facts(table)):
        recorder.update(table, ids, **values)
        return
    for row_id in ids:  # one by one: two of them may come to say the same
        row = _row(conn, table, row_id)
        if row is not None and _is_there(conn, table, {**row._mapping, **values}, beside=row_id):
            recorder.delete(table, [row_id])
        else:
            recorder.update(table, [row_id], **values)


def _stays(table: Table, row: Row[Any], columns: Mapping[str, Sequence[Any]], blame: Blame) -> frozenset[str]:
    """The columns that grouping has changed since and that stay: those of a face that nobody had decided about."""
    changed = {k for k, (_, new) in columns.items() if not _alike(table, k, getattr(row, k), value_in(new))}
    ours = sorted(k for k in changed if (table.name, k) not in _MACHINE_COLUMNS)
    if ours and (later := blame(table.name, row.id)):
        what = ", ".join(f"{k} is now {getattr(row, k)!r}" for k in ours)
        raise ConflictError(f"{table.name} {row.id} has changed since: {what}{later}", later.decision_id)
    if table is not face or "person_id" not in columns:
        return frozenset(changed - set(ours))
    before, after = columns["person_id"]
    if row.confirmed and (before != after or "person_id" in changed) and (later := blame("face", row.id)):
        # Assigned to somebody else since, or confirmed as the person that this undo would take away.
        raise ConflictError(f"face {row.id} was decided about since{later}", later.decision_id)
    moved = frozenset({"person_id", "cluster_id"})
    if "confirmed" in columns:
        confirmed_before, _ = columns["confirmed"]
        return frozenset() if confirmed_before or before != after else moved
    return moved if "person_id" in changed else frozenset()


def _alike(table: Table, column: str, one: Any, other: Any) -> bool:
    return one == other or (table is face and column == "state" and {one, other} <= _SEEN)


def _move_back(conn: Connection, recorder: Recorder, face_id: int, old: int | None, new: int | None) -> None:
    """A face that grouping moved because of the decision goes back, unless it was moved or decided about since."""
    row = _row(conn, face, face_id)
    if row is None or row.confirmed or row.person_id != new or row.state not in _SEEN:
        return
    if old is not None and (_row(conn, person, old) is None or _refused(conn, face_id, old)):
        old = None
    recorder.update(face, [face_id], person_id=old, cluster_id=None)


def _refused(conn: Connection, face_id: int, person_id: int) -> bool:
    return bool(conn.scalar(select(exists().where(rejection.c.face_id == face_id, rejection.c.person_id == person_id))))


def _remove(
    conn: Connection,
    recorder: Recorder,
    table: Table,
    row_id: int,
    columns: Mapping[str, Any],
    blame: Blame,
) -> int:
    row = _row(conn, table, row_id)
    if row is None:  # taken back now, it would be there again once the decision that removed it is taken back
        _only_if_unsaid(f"{table.name} {row_id} no longer exists", blame(table.name, row_id))
        return 1
    if table is person:
        # named, hidden or shown since: taken back later, that would bring back a person whom nobody stands by
        _only_if_unsaid(f"person {row_id} was decided about since", blame("person", row_id))
        _release(conn, recorder, row_id, blame)
    if table is face:
        refused = conn.scalars(select(rejection.c.id).where(rejection.c.face_id == row_id)).all()
        changed = any(
            not _alike(face, k, getattr(row, k), value_in(columns[k])) for k in ("confirmed", "state", "source")
        )
        if refused or changed or (row.confirmed and row.person_id != columns["person_id"]):
            _only_if_unsaid(f"face {row_id} was decided about since", blame("face", row_id))
        recorder.delete(rejection, refused)
        used = select(restoration.c.id).where(restoration.c.face_id == row_id)
        recorder.update(restoration, conn.scalars(used).all(), face_id=None)
    recorder.delete(table, [row_id])
    return 0


def _release(conn: Connection, recorder: Recorder, person_id: int, blame: Blame) -> None:
    """Before a person goes: faces the machine added become undecided; human facts about the person forbid it."""
    confirmed = conn.scalars(select(face.c.id).where(face.c.person_id == person_id, face.c.confirmed)).all()
    apart = or_(different.c.person_a == person_id, different.c.person_b == person_id)
    facts = {
        rejection: conn.scalars(select(rejection.c.id).where(rejection.c.person_id == person_id)).all(),
        different: conn.scalars(select(different.c.id).where(apart)).all(),
    }
    if confirmed or any(facts.values()):
        _only_if_unsaid(f"person {person_id} has been used since", blame("person", person_id))
    for table, ids in facts.items():
        recorder.delete(table, ids)
    recorder.update(face, confirmed, confirmed=False)
    for table in (face, cluster, restoration):
        using = conn.scalars(select(table.c.id).where(table.c.person_id == person_id)).all()
        recorder.update(table, using, person_id=None)


def _only_if_unsaid(what: str, later: Later | None) -> None:
    if later is not None:
        raise ConflictError(f"{what}{later}", later.decision_id)


def _bring_back(conn: Connection, recorder: Recorder, table: Table, columns: Mapping[str, Any], blame: Blame) -> int:
    values = {k: value_in(v) for k, v in columns.items()}
    if _is_there(conn, table, values):
        return 0  # said again since
    living = _living(conn, table, values, blame)
    if any(living[k] is None and v is not None and not table.c[k].nullable for k, v in values.items()):
        return 1  # a fact about a row that is gone
    recorder.insert(table, **living)
    return 0


def _facts(table: Table) -> list[list[str]]:
    """The sets of columns that say something once."""
    return [[c.name for c in u.columns] for u in table.constraints if isinstance(u, UniqueConstraint)]


def _is_there(conn: Connection, table: Table, values: Mapping[str, Any], *, beside: int | None = None) -> bool:
    """Whether a row with the same id, or the same fact under another id, exists; `beside`: other than this row."""
    same = [and_(*(table.c[k] == values[k] for k in names)) for names in (["id"], *_facts(table))]
    query = select(table.c.id).where(or_(*same))
    return conn.scalar(query if beside is None else query.where(table.c.id != beside)) is not None


def _revive(conn: Connection, person_id: int, blame: Blame) -> None:
    """A person that grouping removed, because nobody had said anything of them then, is there again. Not noted: without
    anything said of them they go as they went. Raises ConflictError when they were merged into somebody, and when
    somebody took back that they were made."""
    if later := blame("person", person_id) or blame(UNMADE, person_id):
        raise ConflictError(f"person {person_id} no longer exists{later}", later.decision_id)
    blank = {"id": person_id, "hidden": False, "ignored": False, "created_by": "machine"}
    conn.execute(person.insert().values(blank))


def _living(conn: Connection, table: Table, values: Mapping[str, Any], blame: Blame) -> dict[str, Any]:
    """The values, with references to rows that no longer exist set to None. A person that a human fact is about, and
    that grouping has removed, is made again."""
    out = dict(values)
    for k, v in values.items():
        parent = _parent(table, k)
        if parent is None or v is None or _row(conn, parent, v) is not None:
            continue
        if parent is person and (table in (rejection, different) or values.get("confirmed")):
            _revive(conn, v, blame)
        else:
            out[k] = None
    return out


def _parent(table: Table, column: str) -> Table | None:
    for key in table.c[column].foreign_keys:
        return key.column.table if isinstance(key.column.table, Table) else None
    return None


def _row(conn: Connection, table: Table, row_id: int) -> Row[Any] | None:
    return conn.execute(select(table).where(table.c.id == bindparam("row_id")), {"row_id": row_id}).first()
