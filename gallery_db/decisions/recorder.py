"""Row changes that can be taken back: the body of every decision.

A change is one of
    ["update", table, id, {column: [old, new]}]
    ["insert", table, id, {column: value}]
    ["delete", table, id, {column: value}]
    ["moved", "face", id, {"person_id": [old, new]}]   what grouping did because of the decision (`follow_up.py`)
Bytes are {"b64": text}. `Recorder` makes changes and notes them; `changes.invert` takes a list of them back.
"""

import base64
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select, update

from gallery_db.database.rows import batches, unique
from gallery_db.database.schema import face

RowChange = list[Any]


class Recorder:
    """Applies changes at once and keeps them in `changes`, in order."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn
        self.changes: list[RowChange] = []

    def update(self, table: Table, ids: Sequence[int], **values: Any) -> None:
        """Set columns in these rows; rows that have the values already are not noted."""
        for part in batches(unique(ids)):
            differing: list[int] = []
            for row in self._c.execute(select(table).where(table.c.id.in_(part)).order_by(table.c.id)):
                new = {k: [value_out(getattr(row, k)), value_out(v)] for k, v in values.items() if getattr(row, k) != v}
                if table is face and "confirmed" in new:  # confirmed as whom is one fact
                    new.setdefault("person_id", [row.person_id, row.person_id])
                if new:
                    self.changes.append(["update", table.name, row.id, new])
                    differing.append(row.id)
            if differing:
                self._c.execute(update(table).where(table.c.id.in_(differing)).values(values))

    def insert(self, table: Table, **values: Any) -> int:
        row = self._c.execute(table.insert().values(values).returning(table)).one()
        self.changes.append(["insert", table.name, row.id, row_out(row)])
        return int(row.id)

    def delete(self, table: Table, ids: Sequence[int]) -> None:
        """Delete rows. What refers to them must be changed before: cascades would not be noted."""
        for part in batches(unique(ids)):
            for row in self._c.execute(select(table).where(table.c.id.in_(part)).order_by(table.c.id)):
                self.changes.append(["delete", table.name, row.id, row_out(row)])
            self._c.execute(delete(table).where(table.c.id.in_(part)))


def row_out(row: Row[Any]) -> dict[str, Any]:
    return {k: value_out(v) for k, v in row._mapping.items()}


def value_out(value: Any) -> Any:
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def value_in(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value
