"""Proposals: "this face could be restored, with these references". Nothing is computed until the user accepts one."""

from gallery_db import Gallery
from gallery_db.records import Origin, RestorationRecord

from .candidates import Candidate
from .repeat import again, photo_now
from .restore_service import RestoreService
from .result import FaceResult, RestoreRequest


def propose(
    gallery: Gallery, candidate: Candidate, *, restorer: str, origin: Origin = "watch"
) -> RestorationRecord | None:
    """Keep a proposal for one face (`Candidates.of`), in place of an older one for it. None when the candidate's
    `reason` speaks against it. `restorer` is the id of the one that would do it."""
    if candidate.reason is not None:
        return None
    face, chosen = candidate.face, () if candidate.choice is None else candidate.choice.chosen
    with gallery.begin() as tx:
        photos = {f.id: f.photo for f in tx.faces.by_ids([c.face_id for c in chosen])}
        return tx.restorations.add(
            photo=face.photo,
            input_sha256=candidate.photo_hash,
            restorer=restorer,
            weights_sha256="",
            options={},
            seed=RestoreRequest().seed,
            verdict="",
            state="proposed",
            face_id=face.id,
            person_id=face.person_id,
            references=[
                {
                    "face_id": c.face_id,
                    "photo": photos[c.face_id],
                    "score": c.score,
                    "reasons": [r.as_json() for r in c.reasons],
                }
                for c in chosen
                if c.face_id in photos
            ],
            similarity_before=candidate.likeness,
            bbox=face.bbox,
            origin=origin,
        )


def fulfil(gallery: Gallery, restoring: RestoreService, proposal: RestorationRecord) -> list[FaceResult]:
    """Restore what was proposed, now. The result takes the proposal's place; it is asked for by hand."""
    request = RestoreRequest(face_ids=() if proposal.face_id is None else (proposal.face_id,), seed=proposal.seed)
    with gallery.begin(write=False) as tx:
        photo = photo_now(tx, proposal)
    return restoring.restore(photo, request)


def enqueue(gallery: Gallery, proposal: RestorationRecord) -> int:
    """Leave the restoration of a proposal to the queue; returns the job id."""
    with gallery.begin() as tx:
        return again(tx, [proposal])
