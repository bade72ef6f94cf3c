"""The `restore` job: what `iconface restore` does, for one photo out of the queue."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gallery_db.errors import UnknownIdError
from gallery_db.records import Origin
from iconface_core.codec import JsonObject
from iconface_core.reasons import Reason

from ..error_reasons import reason_of
from ..errors import NotFoundError
from ..job_payloads import RestorePayload
from ..jobs.context import JobContext, JobFailedError
from ..paths import printable
from ..reasons import (
    IN_FILE,
    NOBODY,
    NOTHING_DONE,
    NOTHING_TO_RESTORE,
    PHOTO_RESTORED,
    RESTORED,
    RESTORED_UNSURE,
    UNSEEN,
)
from ..restoring.result import FaceResult, RestoreRequest
from ..settings import Settings

if TYPE_CHECKING:
    from ..app import App


def run(app: "App", payload: RestorePayload, job: JobContext) -> JsonObject:
    """Restore the photo. The result says per face what happened, and in `outcome` and `text` what came of it.

    Raises JobFailedError for a photo that cannot be read or holds no face. A refusal is a result, not a failure, and so
    is a face that is gone since a clean-up was planned.
    """
    path = Path(payload.path)
    request = _request(app, payload, job.origin)
    job.check()

    def on_step(done: int, total: int) -> None:
        job.progress(done, total, printable(path))
        job.check()

    with job.looking_at(path):
        results = app.restoring.restore(*nameable(path, request, app.settings), on_step)
    forgotten = request.origin == "cleanup" and not any(r.failed for r in results)  # since it was planned
    if all(r.failed or r.no_face for r in results) and not forgotten:
        raise JobFailedError(results[0].skipped or IN_FILE(path=printable(path), why=NOTHING_DONE()))
    outcome, came_of_it = summary(results)
    output = next((r.output for r in results if r.output is not None), None)
    return {
        "outcome": outcome,
        "text": came_of_it.as_json(),
        "photo": str(path),
        "output": None if output is None else str(output),
        "faces": [r.row() for r in results],
    }


def nameable(path: Path, request: RestoreRequest, settings: Settings) -> tuple[Path, RestoreRequest]:
    """The same photo, or a link to it under a name that can be stored and written into a picture: some old names are
    no UTF-8. A copy beside the photo stays beside the photo.

    The link stays: the record of the restoration refers to it. Such photos are never in the library.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        folder = settings.folders.cache / "names" / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        link = folder / os.fsencode(path.name).decode(errors="replace").replace("\N{REPLACEMENT CHARACTER}", "_")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(path)
        if request.output is None and (request.beside or settings.restored_layout == "beside"):
            request = replace(request, output=path.parent)
        return link, request
    return path, request


def summary(results: list[FaceResult]) -> tuple[str, Reason]:
    """What one photo came to: `restored`, `refused`, `unsure` (restored or not, but not known whose face it is),
    `unseen` (nobody would see a difference) or `sharp` (nothing to do), and why."""
    done = [r for r in results if r.output is not None]
    if any(r.photo_steps is not None for r in done):
        return "restored", PHOTO_RESTORED(faces=sum(r.photo_steps is None for r in done))
    names = sorted({r.person_name for r in done if r.person_name})
    if done:
        unsure = sum(r.person_id is None for r in done)
        if unsure == len(done):
            return "unsure", RESTORED_UNSURE(faces=len(done), who=done[0].who or NOBODY())
        return "restored", RESTORED(faces=len(done), names=tuple(names), unsure=unsure)
    refused = [r for r in results if r.refused]
    if refused:
        return "refused", refused[0].skipped or NOTHING_TO_RESTORE()
    unseen = [r.skipped for r in results if r.skipped is not None and r.skipped.code == UNSEEN]
    if unseen:
        return "unseen", unseen[0]
    return "sharp", results[0].skipped or NOTHING_TO_RESTORE()


def _request(app: "App", payload: RestorePayload, origin: Origin | None) -> RestoreRequest:
    """What is asked for, with the person and the face looked up. Who asks is the job's `origin`.

    Raises JobFailedError.
    """
    choices = payload.options
    try:
        person_id = None if choices.person is None else app.people.find(choices.person)
        if payload.face_id is not None:
            choices = replace(choices, face=_number(app, payload.face_id))
    except (NotFoundError, UnknownIdError) as e:
        raise JobFailedError(reason_of(e)) from e
    return RestoreRequest.of(choices, person_id, origin or "hand")


def _number(app: "App", face_id: int) -> int:
    """Which face of its photo it is, from the left, as RestoreRequest counts."""
    with app.gallery.begin(write=False) as tx:
        face = tx.faces.get(face_id)
        faces = tx.faces.of_photo(face.photo_id)
    return 1 + [f.id for f in faces].index(face_id)
