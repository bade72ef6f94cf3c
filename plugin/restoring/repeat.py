"""Restore a face once more: exactly as before, or with something else. Only asked for here: a job does it."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord

from ..job_kinds import enqueue_restore
from ..job_payloads import QueuedChoices


def again(tx: Tx, rows: Sequence[RestorationRecord], options: QueuedChoices | None = None) -> int:
    """Ask for the faces of one copy (or refused, or proposed) again; returns the job id. `options` None: as before;
    then the same pixels come out, as long as the photo, the references and the model are what they were."""
    first = rows[0]
    options = options or as_before(rows)
    ids = [r.face_id for r in rows if r.face_id is not None]
    if len(ids) == 1:
        return enqueue_restore(tx, photo_now(tx, first), face_id=ids[0], options=options)
    return enqueue_restore(tx, photo_now(tx, first), options=replace(options, face_ids=tuple(ids)))


def as_before(rows: Sequence[RestorationRecord]) -> QueuedChoices:
    """The options that led to these rows. A proposal was made with none but its seed."""
    first = rows[0]
    if first.state == "proposed":
        return QueuedChoices(seed=first.seed)
    used = [reference for r in rows for reference in r.references]
    faces = list(dict.fromkeys(r["face_id"] for r in used if r.get("face_id") is not None))
    files = [Path(r["photo"]) for r in used if r.get("face_id") is None]
    return QueuedChoices(
        seed=first.seed,
        strength=first.options.get("strength"),
        steps=first.options.get("steps"),
        restorer=first.restorer,
        use_references=bool(used),
        # Only a result that was wanted in spite of the identity check was written in spite of it.
        force=any(r.verdict == "refused" and r.output is not None for r in rows),
        references=tuple(files),
        reference_faces=() if files else tuple(faces),
        person=str(first.person_id) if len(rows) == 1 and first.person_id is not None else None,
    )


def photo_now(tx: Tx, record: RestorationRecord) -> Path:
    """Where the photo is now: it may have been renamed since."""
    known = [] if record.face_id is None else tx.faces.by_ids([record.face_id])
    return Path(known[0].photo if known else record.photo)
