"""Undo, including the one decision that left a file behind: a restored copy."""

from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import DecisionRecord, RestorationRecord
from iconface_core.image_io import content_hash

from .people import People


def undo(
    gallery: Gallery, people: People, decision_id: int | None, *, dry_run: bool = False
) -> tuple[DecisionRecord, list[Path]]:
    """Take back one decision; returns it and the restored copies that were removed with it.

    A copy that was changed since it was written is left alone: it is the user's now.
    """
    with gallery.begin(write=False) as tx:
        before = {r.id: r.state for r in tx.restorations.history()}
    record = people.decide(lambda tx: tx.decisions.undo(decision_id), dry_run=dry_run)
    if dry_run:
        return record, []
    with gallery.begin(write=False) as tx:
        undone = [r for r in tx.restorations.history() if r.state == "undone" and before.get(r.id) == "done"]
    return record, [path for r in undone if (path := _remove(r)) is not None]


def _remove(restoration: RestorationRecord) -> Path | None:
    if restoration.output is None:
        return None
    path = Path(restoration.output)
    if not path.is_file() or content_hash(path) != restoration.output_sha256:
        return None
    path.unlink()
    return path
