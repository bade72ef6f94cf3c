"""Restore a face once more: exactly as before, or with something else. Only asked for here: a job does it."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import WHOLE_PHOTO, RestorationRecord
from iconface_core.codec import JsonObject

from ..errors import NotFoundError, UsageError
from ..job_kinds import enqueue_restore
from ..job_payloads import QueuedChoices
from ..languages import _


def again(tx: Tx, rows: Sequence[RestorationRecord], options: QueuedChoices | None = None) -> int:
    """Ask for the faces of one copy (or refused, or proposed) again; returns the job id. `options` None: as before;
    then the same pixels come out, as long as the photo, the references and the model are what they were."""
    first = rows[0]
    options = options or as_before(rows)
    if options.photo_steps:  # the copy is of the whole photo, with all its faces
        return enqueue_restore(tx, photo_now(tx, first), options=options)
    ids = [r.face_id for r in rows if r.face_id is not None]
    if len(ids) == 1:
        return enqueue_restore(tx, photo_now(tx, first), face_id=ids[0], options=options)
    return enqueue_restore(tx, photo_now(tx, first), options=replace(options, face_ids=tuple(ids)))


def restore_face(gallery: Gallery, photo_id: int, face_id: int, *, anyway: bool = False) -> int:
    """Ask for a face of a photo to be restored, `anyway` also one that is clear already; returns the job id. Raises
    UnknownIdError, NotFoundError for a face of another photo, UsageError when the file is not there now."""
    with gallery.begin() as tx:
        face = tx.faces.get(face_id)
        if face.photo_id != photo_id:
            raise NotFoundError(f"face {face_id} is not in photo {photo_id}")
        must_be_there(Path(face.photo))
        return enqueue_restore(tx, Path(face.photo), face_id=face_id, options=QueuedChoices(force=anyway))


def must_be_there(photo: Path) -> None:
    """Raises UsageError, with the way out, for a photo that cannot be asked for now."""
    if not photo.is_file():
        raise UsageError(_("The photo is not there now: connect its disk, then try again."))


def make_again(
    gallery: Gallery,
    restoration_id: int,
    changes: JsonObject,
    *,
    person_id: int | None = None,
    all_faces: bool = False,
) -> int:
    """Ask for a restoration once more; returns the job id. `changes` are fields of `QueuedChoices`. `person_id`: it is
    this person, if it is about one face. `all_faces`: of the whole copy. Raises UnknownIdError."""
    with gallery.begin() as tx:
        rows = tx.restorations.with_output(restoration_id) if all_faces else [tx.restorations.get(restoration_id)]
        who = {"person": str(tx.people.get(person_id).id)} if len(rows) == 1 and person_id else {}
        return again(tx, rows, replace(as_before(rows), **changes, **who))


def as_before(rows: Sequence[RestorationRecord]) -> QueuedChoices:
    """The options that led to these rows. A proposal was made with none but its seed."""
    first = rows[0]
    if first.state == "proposed":
        return QueuedChoices(seed=first.seed)
    used = [reference for r in rows for reference in r.references]
    faces = list(dict.fromkeys(r["face_id"] for r in used if r.get("face_id") is not None))
    files = [Path(r["photo"]) for r in used if r.get("face_id") is None]
    if first.restorer == WHOLE_PHOTO:
        return QueuedChoices(seed=first.seed, **_of_photo(first))
    return QueuedChoices(
        **_of_photo(first),
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


def _of_photo(record: RestorationRecord) -> JsonObject:
    """The steps of the whole photo that a row's copy was made with; nothing where it was made of faces alone."""
    steps = record.options.get("photo_steps")
    if not steps:
        return {}
    kept = {key: record.options[key] for key in ("keep_tint", "fill", "cleaner", "enlarge") if key in record.options}
    return {"photo_steps": tuple(steps), **kept}


def photo_now(tx: Tx, record: RestorationRecord) -> Path:
    """Where the photo is now: it may have been renamed since."""
    known = [] if record.face_id is None else tx.faces.by_ids([record.face_id])
    return Path(known[0].photo if known else record.photo)
