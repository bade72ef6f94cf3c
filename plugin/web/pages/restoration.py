"""One restoration: before and after, why, keep it or put it back, or have it made again."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from msgspec.structs import replace

from gallery_db.errors import NotFoundError
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord, RestorationRecord
from gallery_db.restorations.listing import ReviewState

from ...errors import UsageError
from ...restoring.decisions import remove_outputs
from ...restoring.repeat import again, as_before
from ...rows import Row
from ...service import client
from ..context import Web, WebDep
from ..edit_conflicts import check
from ..responses import fragment, page, said
from ..views.restoration_view import name_of, shown, stamp_of
from ..words.restorations import SHELF_NAMES, STRENGTHS, verdict_words

router = APIRouter()

MOST_FACES = 60
"""Faces of a person to choose references from, the best first."""

MOST_REFERENCES = 3
"""More help no restorer that there is."""

EditToken = Annotated[str, Form()]


@router.get("/restorations/{restoration_id}")
def one(
    request: Request, web: WebDep, restoration_id: int, against: int | None = None, whole: bool = False
) -> HTMLResponse:
    """One restoration. `against` is another version of the same face to compare with, instead of the photo; `whole`
    shows the whole picture, not the face."""
    return _page(request, web, restoration_id, against, whole)


@router.post("/restorations/{restoration_id}/keep")
def keep(request: Request, web: WebDep, restoration_id: int, stamp: EditToken) -> HTMLResponse:
    """ "That is good": no algorithm replaces it."""

    def verb(tx: Tx) -> Any:
        return tx.decisions.accept_restorations(_unchanged(tx, restoration_id, stamp))

    record = web.app.people.decide(verb)
    return said(_page(request, web, restoration_id), "Kept.", record.id)


@router.post("/restorations/{restoration_id}/put-back")
def put_back(request: Request, web: WebDep, restoration_id: int, stamp: EditToken) -> HTMLResponse:
    """ "I do not want that": our copy is removed, of a proposal nothing is made. The record stays."""

    def verb(tx: Tx) -> Any:
        return tx.decisions.reject_restorations(_unchanged(tx, restoration_id, stamp))

    record = web.app.people.decide(verb)
    removed = remove_outputs(web.app.moved_copies, record, "rejected")
    text = "Put back: the copy is removed." if removed else "Noted: this one is not wanted."
    return said(_page(request, web, restoration_id), text, record.id)


@router.post("/restorations/{restoration_id}/restore")
def restore(request: Request, web: WebDep, restoration_id: int, stamp: EditToken) -> Response:
    """Have a proposal carried out, or a result that was put back, refused or lost made once more, as it was."""
    with web.app.gallery.begin() as tx:
        _unchanged(tx, restoration_id, stamp)
        job = again(tx, tx.restorations.with_output(restoration_id))
    client.ensure_worker(web.app.settings.folders)
    return _progress(request, web, restoration_id, job)


@router.get("/restorations/{restoration_id}/again")
def choices(request: Request, web: WebDep, restoration_id: int, person: int | None = None) -> HTMLResponse:
    """What could be done differently. `person`: if it is somebody else."""
    app = web.app
    with app.gallery.begin(write=False) as tx:
        seen = shown(tx, restoration_id, app.embedder.calibration, app.registry)
        who = person or seen.record.person_id
        rows = [] if who is None else tx.faces.reference_candidates(who, app.embedder.id)
        named = [(p.id, p.name) for p in tx.people.find(named=True)]
    own = None if seen.face is None else seen.face.photo_id
    used = [r.get("face_id") for r in seen.record.references] if who == seen.record.person_id else []
    best = sorted(
        (r for r in rows if r.photo_id != own), key=lambda r: (r.face_id not in used, not r.confirmed, -r.norm)
    )
    return fragment(
        request, web, "restoration_again.html",
        seen=seen, who=who, named=named, faces=best[:MOST_FACES], used=used, strengths=STRENGTHS,
        restorers=_restorers(web), most=MOST_REFERENCES,
    )  # fmt: skip


@router.post("/restorations/{restoration_id}/again")
def make_again(
    request: Request,
    web: WebDep,
    restoration_id: int,
    person: Annotated[int | None, Form()] = None,
    choice: Annotated[Literal["best", "none", "these"], Form()] = "best",
    reference: Annotated[list[int] | None, Form()] = None,
    quality: Annotated[Literal["", "fast", "best"], Form()] = "",
    strength: Annotated[Literal["", "0.4", "0.7", "1"], Form()] = "",
    restorer: Annotated[str, Form()] = "auto",
    chance: Annotated[bool, Form()] = False,
    faces: Annotated[Literal["this", "all"], Form()] = "this",
) -> Response:
    """Have it made again by the service, differently; the result is a new version, and this one stays."""
    chosen = list(reference or ())
    if choice == "these" and not 1 <= len(chosen) <= MOST_REFERENCES:
        raise UsageError(f"Choose one to {MOST_REFERENCES} pictures, or let the best ones be chosen.")
    if restorer not in {key for key, _ in _restorers(web)}:
        raise UsageError("There is no such restorer here.")
    with web.app.gallery.begin() as tx:
        rows = tx.restorations.with_output(restoration_id) if faces == "all" else [tx.restorations.get(restoration_id)]
        before = as_before(rows)
        options = replace(
            before,
            references=(),
            reference_faces=tuple(chosen) if choice == "these" else (),
            use_references=choice != "none",
            quality=quality or None,
            steps=None,
            strength={key: value for key, _, value in STRENGTHS}[strength],
            restorer=restorer,
            seed=secrets.randbelow(2**31) if chance else before.seed,
            person=str(tx.people.get(person).id) if len(rows) == 1 and person else before.person,
        )
        job = again(tx, rows, options)
    client.ensure_worker(web.app.settings.folders)
    return _progress(request, web, restoration_id, job)


@router.get("/restorations/{restoration_id}/progress/{job_id}")
def progress(request: Request, web: WebDep, restoration_id: int, job_id: int, seen: str = "") -> Response:
    """How far a job for this face is, and where its result is. Nothing (204) when that is what the page has `seen`: a
    screen reader would say it again and again."""
    return _progress(request, web, restoration_id, job_id, seen)


def _page(
    request: Request, web: WebDep, restoration_id: int, against: int | None = None, whole: bool = False
) -> HTMLResponse:
    calibration = web.app.embedder.calibration
    with web.app.gallery.begin(write=False) as tx:
        seen = shown(tx, restoration_id, calibration, web.app.registry)
        shelf = shelf_of(seen.record)
        counts = tx.restorations.shelf_counts()
        decided = shelf in ("kept", "put_back") and counts["to_decide"] > 0
        onward: ReviewState = "to_decide" if decided else shelf
        next_id = _next(tx, onward, seen.rows)
    other = next((v for v in seen.versions if v.id == against and v.there and v.id != restoration_id), None)
    return page(
        request, web, "restoration.html",
        seen=seen, shelf=shelf, names=SHELF_NAMES, counts=counts,
        onward=onward, next_id=next_id, other=other, whole=whole,
        model=_model(web, seen.record.restorer),
        tabs=[(r.id, name_of(r, seen.names), verdict_words(r, name_of(r, seen.names), calibration)) for r in seen.rows],
    )  # fmt: skip


def _next(tx: Tx, shelf: ReviewState, rows: Sequence[RestorationRecord]) -> int | None:
    """The entry after these rows on a shelf, or its first when there is none."""
    ids = {r.id for r in rows}
    found = tx.restorations.on_shelf(shelf, before=min(ids), limit=1) or tx.restorations.on_shelf(shelf, limit=1)
    return next((i for i in found if i not in ids), None)


def shelf_of(record: RestorationRecord) -> ReviewState:
    """Where a restoration lies."""
    if record.state == "done":
        return "kept" if record.decided == "accepted" else "to_decide"
    by_state: dict[str, ReviewState] = {"proposed": "proposed", "refused": "refused"}
    return by_state.get(record.state, "put_back")


def _unchanged(tx: Tx, restoration_id: int, stamp: str) -> list[int]:
    """The rows of its copy. Raises Conflict when they are not as the page showed them."""
    rows = tx.restorations.with_output(restoration_id)
    check(stamp, stamp_of(rows), "this picture")
    return [r.id for r in rows]


def _progress(request: Request, web: Web, restoration_id: int, job_id: int, seen: str = "") -> Response:
    with web.app.gallery.begin(write=False) as tx:
        job = tx.jobs.get(job_id)
        now = f"{job.state}-{(job.progress or {}).get('done', '')}"
        if now == seen:
            return Response(status_code=204)
        result = _result(tx, job, restoration_id)
        said_of_it = None if result is None else verdict_words(result, _name(tx, result), web.app.embedder.calibration)
    return fragment(
        request, web, "restoration_progress.html", id=restoration_id, now=now, job=job, result=result, says=said_of_it
    )


def _result(tx: Tx, job: JobRecord, restoration_id: int) -> RestorationRecord | None:
    """What a finished job left for the face of a restoration: a new version, or a refusal."""
    if job.state != "done" or job.progress is None:
        return None
    try:
        old = tx.restorations.get(restoration_id)
    except NotFoundError:  # a proposal, which the result took the place of
        old = None
    for face in job.progress.get("faces") or ():
        if face["identity"]["verdict"] is None:
            continue
        of_output = None if face["output"] is None else tx.restorations.by_output(path=face["output"])
        made = (
            tx.restorations.history(photo=face["photo"], limit=20)
            if of_output is None
            else (tx.restorations.with_output(of_output.id))
        )
        mine = [r for r in made if r.face_id == face["face_id"] and (r.output is None) == (of_output is None)]
        if mine and (old is None or old.face_id == face["face_id"]):
            return mine[0]
    return None


def _name(tx: Tx, record: RestorationRecord) -> str | None:
    return None if record.person_id is None else tx.people.names([record.person_id]).get(record.person_id)


def _restorers(web: Web) -> list[tuple[str, str]]:
    """Which restorers may be asked for. Looks at files only: asking one whether it can run may load its runtime."""
    models = web.app.settings.folders.models
    there = [spec for spec in web.app.registry.restorers if not spec.missing(models)]
    return [("auto", "The best one here"), *((spec.called, spec.label) for spec in there)]


def _model(web: Web, restorer: str) -> Row | None:
    """What is known of the model behind a restoration: title and licence."""
    spec = web.app.registry.restorer_of(restorer)
    return None if spec is None else web.app.model_store.row(spec.parts[0].id)
