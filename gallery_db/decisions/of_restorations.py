"""What a human decides about restored copies and proposals: part of `DecisionRepo`.

One output file may hold several faces: their rows are given together and change together.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, update

from gallery_db.database.rows import require, to_json, unique
from gallery_db.database.schema import decision, restoration
from gallery_db.errors import GalleryError
from gallery_db.records import DecisionRecord, said
from iconface_core.reasons import Reason

from . import removals, undo
from .base import Decisions
from .recorder import Recorder, RowChange


class RestorationDecisions(Decisions):
    def restored(self, restoration_ids: Sequence[int]) -> DecisionRecord:
        """Note that an output was written (`restoration_ids`: its faces), so that `undo` can take it back: they become
        `undone` together, and the caller removes the output."""
        rows = self._restorations(restoration_ids)
        changes: list[RowChange] = [["update", "restoration", r.id, {"state": ["undone", r.state]}] for r in rows]
        return self._decided("restored", said.RESTORED(photo=rows[0].photo, output=rows[0].output), changes, rows)

    def accept_restorations(self, restoration_ids: Sequence[int]) -> DecisionRecord:
        """ "That is good": no algorithm may replace these results. Raises GalleryError unless they are `done`."""
        rows = self._restorations(restoration_ids)
        _must_be(rows, ("done",), "accepted")
        r = Recorder(self._c)
        r.update(restoration, [row.id for row in rows], decided="accepted")
        return self._decided("accept_restoration", said.COPIES_ACCEPTED(what=_copies(rows)), r.changes, rows)

    def reject_restorations(self, restoration_ids: Sequence[int]) -> DecisionRecord:
        """ "I do not want that": the same result is never made by itself again, and the caller removes the output.
        Taken back, a rejected output is `undone` (its file is gone) and a rejected proposal is open again.
        Raises GalleryError unless they are `done` or `proposed`."""
        rows = self._restorations(restoration_ids)
        _must_be(rows, ("done", "proposed"), "rejected")
        r = Recorder(self._c)
        r.update(restoration, [row.id for row in rows], state="rejected", decided="rejected")
        gone = {row.id for row in rows if row.state == "done"}
        removals.want(self._c, gone)
        back = {"state": ["undone", "rejected"], "decided": [None, "rejected"]}
        changes = [[*c[:3], back] if c[2] in gone else c for c in r.changes]
        return self._decided("reject_restoration", said.COPIES_REJECTED(what=_copies(rows)), changes, rows)

    def found(self, taken_back: DecisionRecord, there: Collection[int]) -> None:
        """Say what the disk holds of the copies whose restorations an undo or redo brought back: those `there` are
        `done`, the others `undone`."""
        row = undo.fetch(self._c, taken_back.id)
        changes: list[RowChange] = json.loads(row.changes)
        for change in changes:
            kind, table, row_id, columns = change
            if kind != "update" or table != "restoration" or columns.get("state", [0, 0])[1] not in ("done", "undone"):
                continue
            columns["state"][1] = "done" if row_id in there else "undone"
            if "decided" in columns and row_id in there and self._accepted(row_id):
                columns["decided"][1] = "accepted"
            values = {column: new for column, (_, new) in columns.items()}
            self._c.execute(update(restoration).where(restoration.c.id == row_id).values(values))
        self._c.execute(update(decision).where(decision.c.id == row.id).values(changes=to_json(changes)))
        removals.settled(self._c, there)

    def to_remove(self) -> frozenset[int]:
        """Restorations whose copies a decision wants gone and nobody has removed yet (`removed`)."""
        return removals.pending(self._c)

    def removed(self, restoration_ids: Collection[int]) -> None:
        """The copies of these restorations are gone, or are the user's own now."""
        removals.settled(self._c, restoration_ids)

    def _accepted(self, restoration_id: int) -> bool:
        """Whether a decision in force says so."""
        d = decision.c
        query = select(d.changes).where(d.kind == "accept_restoration", d.undone_by.is_(None))
        return any(c[2] == restoration_id for changes in self._c.scalars(query) for c in json.loads(changes))

    def _restorations(self, restoration_ids: Sequence[int]) -> list[Row[Any]]:
        ids = unique(restoration_ids)
        if not ids:
            raise GalleryError("no restoration was given")
        require(self._c, restoration, ids)
        query = select(restoration).where(restoration.c.id.in_(ids)).order_by(restoration.c.id)
        return list(self._c.execute(query))

    def _decided(
        self, kind: str, summary: Reason, changes: list[RowChange], rows: Sequence[Row[Any]]
    ) -> DecisionRecord:
        ids = tuple(row.id for row in rows)
        return replace(undo.note(self._c, kind, summary, changes), restoration_id=ids[0], restoration_ids=ids)


def _must_be(rows: Sequence[Row[Any]], states: Sequence[str], verb: str) -> None:
    for row in rows:
        if row.state not in states:
            raise GalleryError(f"restoration {row.id} cannot be {verb}: it is {row.state}")


def _copies(rows: Sequence[Row[Any]]) -> Reason:
    """What the rows are of."""
    outputs = list(dict.fromkeys(row.output for row in rows if row.output is not None))
    proposals = [row for row in rows if row.output is None]
    if len(outputs) == 1 and not proposals:
        return said.COPY(path=outputs[0])
    if len(proposals) == 1 and not outputs:
        return said.PROPOSAL(photo=proposals[0].photo)
    return said.COPIES(copies=len(outputs), proposals=len(proposals))
