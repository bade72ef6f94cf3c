"""Undo, accept and reject: decisions that a restored copy on disk follows."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, RestorationRecord, RestorationState

from ..dry_run import tried
from ..errors import NotFoundError, UsageError
from ..job_payloads import RESTORE
from ..library.moved_copies import MovedCopies
from ..paths import printable
from ..people.people import People
from .copies import remove, rows_of
from .presence import presence
from .repeat import again, photo_now

Entries = Callable[[Tx], Sequence[Sequence[RestorationRecord]]]
"""Chooses, in the deciding transaction, what is decided about: the rows of each copy or proposal."""


def undo(
    copies: MovedCopies, people: People, decision_id: int | None, *, anybodys: bool = False, dry_run: bool = False
) -> tuple[DecisionRecord, list[Path]]:
    """Take back one decision of the caller's own, or with `anybodys` of anybody; returns it and the restored copies
    that were removed with it. Raises as `DecisionRepo.undo`.

    A copy that was changed since it was written is left alone: it is the user's now. A copy that is wanted again, and
    gone from the disk, is asked for by a job; one that is not wanted any more is no longer asked for.
    """

    def verb(tx: Tx) -> DecisionRecord:
        taken_back = tx.decisions.undo(decision_id, anybodys=anybodys)
        if taken_back.restoration_ids:
            _follow(tx, taken_back)
        return taken_back

    record = people.decide(verb, dry_run=dry_run)
    return record, [] if dry_run else _remove(copies, record.restoration_ids, ("undone", "rejected"))


def reject(copies: MovedCopies, which: str, *, dry_run: bool = False) -> tuple[DecisionRecord, list[Path]]:
    """ "I do not want that": of a restored copy (removed) or a proposal. `which`: see `find`."""
    rows = find(copies, which)
    ids = [r.id for r in rows]
    record = tried(copies.gallery, lambda tx: tx.decisions.reject_restorations(ids), dry_run=dry_run)
    return record, [] if dry_run else remove_outputs(copies, record, "rejected")


def accept(copies: MovedCopies, which: str, *, dry_run: bool = False) -> DecisionRecord:
    """ "That is good": no algorithm replaces it. Raises UsageError for a proposal, which must be restored first."""
    rows = find(copies, which)
    if rows[0].state == "proposed":
        raise UsageError(f"restoration {rows[0].id} is a proposal: nothing is there to accept yet")
    return tried(copies.gallery, lambda tx: tx.decisions.accept_restorations([r.id for r in rows]), dry_run=dry_run)


def keep_entries(gallery: Gallery, entries: Entries) -> DecisionRecord:
    """ "These are good", as one decision. Raises what `entries` raises."""
    return tried(gallery, lambda tx: tx.decisions.accept_restorations(_ids(entries(tx))))


def reject_entries(copies: MovedCopies, entries: Entries) -> tuple[DecisionRecord, list[Path]]:
    """ "I do not want these", restored copies (removed; their paths) or proposals, as one decision. Raises what
    `entries` raises."""
    record = tried(copies.gallery, lambda tx: tx.decisions.reject_restorations(_ids(entries(tx))))
    return record, remove_outputs(copies, record, "rejected")


def restore_entries(gallery: Gallery, entries: Entries) -> dict[int, int]:
    """Have proposals carried out, and results made once more that were put back, refused or lost, as they were.
    Returns the job of each row by its id. Raises what `entries` raises."""
    with gallery.begin() as tx:
        jobs = [(rows, again(tx, rows)) for rows in entries(tx)]
    return {row.id: job for rows, job in jobs for row in rows}


def find(copies: MovedCopies, which: str) -> list[RestorationRecord]:
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


def find_first(copies: MovedCopies, names: Iterable[str]) -> list[RestorationRecord]:
    """The first row of each output or proposal that is named, each once. `names`, raises: see `find`."""
    found = (find(copies, name)[0] for name in names)
    return list({first.id: first for first in found}.values())


def remove_outputs(copies: MovedCopies, record: DecisionRecord, state: RestorationState) -> list[Path]:
    """Delete the copies whose rows a decision left in `state`, once it is committed, wherever they went meanwhile.
    Returns those that were there."""

    return _remove(copies, record.restoration_ids, (state,))


def finish_removals(copies: MovedCopies) -> list[Path]:
    """Delete the copies that a decision wanted gone when the process ended before it came to that."""
    with copies.gallery.begin(write=False) as tx:
        left = tx.decisions.to_remove()
    return _remove(copies, sorted(left), ("undone", "rejected")) if left else []


def _ids(entries: Iterable[Sequence[RestorationRecord]]) -> list[int]:
    return [r.id for rows in entries for r in rows]


def _remove(copies: MovedCopies, ids: Sequence[int], states: Sequence[RestorationState]) -> list[Path]:
    def rows_now() -> list[RestorationRecord]:
        with copies.gallery.begin(write=False) as tx:
            return [r for i in ids if (r := tx.restorations.get(i)).state in states]

    copies.catch_up(rows_now())
    with copies.gallery.begin(write=False) as tx:
        outputs = {r.output: r for r in rows_now() if not _held_by_another(tx, r)}
    removed = [path for r in outputs.values() if (path := remove(r)) is not None]
    with copies.gallery.begin() as tx:
        tx.decisions.removed(ids)
    return removed


def _follow(tx: Tx, record: DecisionRecord) -> None:
    """Have waiting jobs, and the states of restorations, follow what an undo or redo says of their copies."""
    assert record.undoes is not None, "an undo is of something"
    taken_back = tx.decisions.get(record.undoes)
    again_in_force = record.kind == "redo" and taken_back.undoes is not None
    about = tx.decisions.get(taken_back.undoes) if again_in_force and taken_back.undoes is not None else taken_back
    rows = [tx.restorations.get(i) for i in record.restoration_ids]
    if about.kind not in ("restored", "reject_restoration"):
        return
    if (about.kind == "restored") is not (record.kind == "redo"):
        for row in rows:
            _ask_no_more(tx, row)
        return
    free = [r for r in rows if not _held_by_another(tx, r)]
    tx.decisions.found(record, [r.id for r in free if presence(r) in ("there", "edited")])
    gone = {r.output: r.id for r in free if presence(r, compare=False) == "gone"}
    for restoration_id in gone.values():
        again(tx, tx.restorations.with_output(restoration_id))


def _held_by_another(tx: Tx, record: RestorationRecord) -> bool:
    """Whether the copy at its place is that of a later restoration."""
    other = None if record.output is None else tx.restorations.by_output(path=record.output)
    return other is not None and other.state == "done" and other.id not in {r.id for r in _together(tx, record)}


def _together(tx: Tx, record: RestorationRecord) -> list[RestorationRecord]:
    """The rows that were remembered with this one: faces of one copy, written at once."""
    rows = tx.restorations.with_output(record.id)
    return [r for r in rows if r.created_at == record.created_at and r.state == record.state]


def _ask_no_more(tx: Tx, record: RestorationRecord) -> None:
    """Take back a job that waits to make the copy again."""
    path = printable(photo_now(tx, record))
    for key in (path, f"{path}#{record.face_id}"):
        job = tx.jobs.waiting(RESTORE, key)
        if job is not None:
            tx.jobs.cancel(job.id, tx.jobs.now())
