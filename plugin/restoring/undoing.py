"""Undo, accept and reject: decisions that a restored copy on disk follows."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, RestorationRecord, RestorationState
from plugin.dry_run import tried
from plugin.errors import NotFoundError, UsageError
from plugin.library.copies import Copies
from plugin.people.people import People
from plugin.unfinished import note_removal, note_removed, removals

from .again import again
from .outputs import presence, remove, rows_of

STATES: tuple[RestorationState, ...] = get_args(RestorationState)


def undo(
    copies: Copies, people: People, decision_id: int | None, *, dry_run: bool = False
) -> tuple[DecisionRecord, list[Path]]:
    """Take back one decision; returns it and the restored copies that were removed with it.

    A copy that was changed since it was written is left alone: it is the user's now. A copy that was rejected is gone
    from the disk: it is asked for again, as it was, by a job.
    """

    def verb(tx: Tx) -> DecisionRecord:
        taken_back = tx.decisions.undo(decision_id)
        _bring_back(tx, taken_back)
        note_removal(tx, taken_back.restoration_ids, "undone")
        return taken_back

    record = people.decide(verb, dry_run=dry_run)
    return record, [] if dry_run else remove_outputs(copies, record, "undone")


def reject(copies: Copies, which: str, *, dry_run: bool = False) -> tuple[DecisionRecord, list[Path]]:
    """ "I do not want that": of a restored copy (removed) or a proposal. `which`: see `find`."""
    rows = find(copies, which)
    ids = [r.id for r in rows]
    record = tried(copies.gallery, lambda tx: rejected(tx, ids), dry_run=dry_run)
    return record, [] if dry_run else remove_outputs(copies, record, "rejected")


def rejected(tx: Tx, restoration_ids: Sequence[int]) -> DecisionRecord:
    """The decision itself. Once it is committed the caller has the copies removed: `remove_outputs`."""
    note_removal(tx, restoration_ids, "rejected")
    return tx.decisions.reject_restorations(restoration_ids)


def accept(copies: Copies, which: str, *, dry_run: bool = False) -> DecisionRecord:
    """ "That is good": no algorithm replaces it. Raises UsageError for a proposal, which must be restored first."""
    rows = find(copies, which)
    if rows[0].state == "proposed":
        raise UsageError(f"restoration {rows[0].id} is a proposal: nothing is there to accept yet")
    return tried(copies.gallery, lambda tx: tx.decisions.accept_restorations([r.id for r in rows]), dry_run=dry_run)


def find(copies: Copies, which: str) -> list[RestorationRecord]:
    """The rows of one output or proposal, by the id of one of them, by the copy's path, or by the photo's (its latest).
    A copy that was moved is found where it is. Raises NotFoundError."""

    def rows_now() -> list[RestorationRecord]:
        with copies.gallery.begin(write=False) as tx:
            return rows_of(tx, which)

    rows = rows_now()
    if copies.catch_up(rows) if rows else copies.recognise(which):
        rows = rows_now()
    if not rows:
        raise NotFoundError(f"no restoration is known as {which!r}; see: iconface restored list")
    return rows


def remove_outputs(copies: Copies, record: DecisionRecord, state: RestorationState) -> list[Path]:
    """Delete the copies whose rows a decision left in `state`, once it is committed, wherever they went meanwhile.
    Returns those that were there."""
    return _remove(copies, record.restoration_ids, state)


def finish_removals(copies: Copies) -> list[Path]:
    """Remove the copies of decisions whose command was killed before it came to that. Returns those that were there."""
    with copies.gallery.begin(write=False) as tx:
        left = removals(tx)
    return [
        path for state in set(left.values()) for path in _remove(copies, [n for n in left if left[n] == state], state)
    ]


def _remove(copies: Copies, restoration_ids: Sequence[int], state: RestorationState) -> list[Path]:
    def rows_now() -> list[RestorationRecord]:
        with copies.gallery.begin(write=False) as tx:
            return [r for i in restoration_ids if (r := tx.restorations.get(i)).state == state]

    if not restoration_ids:
        return []
    copies.catch_up(rows_now())
    outputs = {r.output: r for r in rows_now()}
    gone = [path for r in outputs.values() if (path := remove(r)) is not None]
    with copies.gallery.begin() as tx:
        note_removed(tx, restoration_ids)
    return gone


def _bring_back(tx: Tx, record: DecisionRecord) -> None:
    """When a rejection was taken back, have the copies made again that were removed with it."""
    if record.kind != "undo" or record.undoes is None or tx.decisions.get(record.undoes).kind != "reject_restoration":
        return
    rows = [tx.restorations.get(i) for i in record.restoration_ids]
    gone = {r.output: r.id for r in rows if r.state == "undone" and presence(r, compare=False) == "gone"}
    for restoration_id in gone.values():
        again(tx, tx.restorations.with_output(restoration_id))
