"""Restore a face once more: exactly as before, or with something else. Only asked for here: a job does it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord

from ..errors import NotFoundError, UsageError
from ..job_kinds import enqueue_restore


def again(tx: Tx, rows: Sequence[RestorationRecord], changes: Mapping[str, Any] | None = None) -> int:
    """Ask for the faces of one copy (or refused, or proposed) again; returns the job id. `changes` are options of the
    job that differ from last time (`RestoreRequest`, and `person`). Without any, the same pixels come out, as long as
    the photo, the references and the model are what they were."""
    first = rows[0]
    options = {**as_before(rows), **(changes or {})}
    ids = [r.face_id for r in rows if r.face_id is not None]
    if len(ids) == 1:
        return enqueue_restore(tx, photo_now(tx, first), face_id=ids[0], options=options)
    return enqueue_restore(tx, photo_now(tx, first), options={**options, "face_ids": ids})


def restore_face(gallery: Gallery, photo_id: int, face_id: int, *, anyway: bool = False) -> int:
    """Ask for a face of a photo to be restored, `anyway` also one that is clear already; returns the job id. Raises
    UnknownIdError, NotFoundError for a face of another photo, UsageError when the file is not there now."""
    with gallery.begin() as tx:
        face = tx.faces.get(face_id)
        if face.photo_id != photo_id:
            raise NotFoundError(f"face {face_id} is not in photo {photo_id}")
        if not Path(face.photo).is_file():
            raise UsageError("The photo is not there now: connect its disk, then try again.")
        return enqueue_restore(tx, Path(face.photo), face_id=face_id, options={"force": True} if anyway else {})


def make_again(
    gallery: Gallery,
    restoration_id: int,
    changes: Mapping[str, Any],
    *,
    person_id: int | None = None,
    all_faces: bool = False,
) -> int:
    """Ask for a restoration once more with other options (`again`); returns the job id. `person_id`: it is this person,
    if it is about one face. `all_faces`: of the whole copy. Raises UnknownIdError."""
    with gallery.begin() as tx:
        rows = tx.restorations.with_output(restoration_id) if all_faces else [tx.restorations.get(restoration_id)]
        who = {"person": str(tx.people.get(person_id).id)} if len(rows) == 1 and person_id else {}
        return again(tx, rows, {**changes, **who})


def as_before(rows: Sequence[RestorationRecord]) -> dict[str, Any]:
    """The options that led to these rows. A proposal was made with none but its seed."""
    first = rows[0]
    if first.state == "proposed":
        return {"seed": first.seed}
    used = [reference for r in rows for reference in r.references]
    faces = list(dict.fromkeys(r["face_id"] for r in used if r.get("face_id") is not None))
    files = [r["photo"] for r in used if r.get("face_id") is None]
    options: dict[str, Any] = {
        "seed": first.seed,
        "strength": first.options.get("strength"),
        "steps": first.options.get("steps"),
        "restorer": first.restorer,
        "use_references": bool(used),
        # Only a result that was wanted in spite of the identity check was written in spite of it.
        "force": any(r.verdict == "refused" and r.output is not None for r in rows),
    }
    if files:
        options["references"] = files
    elif faces:
        options["reference_faces"] = faces
    if len(rows) == 1 and first.person_id is not None:
        options["person"] = str(first.person_id)
    return options


def photo_now(tx: Tx, record: RestorationRecord) -> Path:
    """Where the photo is now: it may have been renamed since."""
    known = [] if record.face_id is None else tx.faces.by_ids([record.face_id])
    return Path(known[0].photo if known else record.photo)
