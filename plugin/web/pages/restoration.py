"""One restoration: before and after, why, keep it or put it back, or have it made again."""

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from iconface_core.choosing import BEST

from ...errors import UsageError
from ...job_payloads import PhotoStep
from ...languages import _
from ...restoring import repeat
from ...restoring.decisions import keep_entries, reject_entries, restore_entries
from ...restoring.photo_models import some_steps
from ...rows import Row
from ...service import client
from ..context import FOR_PHONES, Web, WebDep
from ..responses import by_htmx, fragment, go, page, said
from ..server.roles import REVIEWER
from ..views.restoration_choices import choices_for
from ..views.restoration_progress import progress_of
from ..views.restoration_shelves import one_unchanged, place_of
from ..views.restoration_view import name_of, shown
from ..words.photo_steps import done_words, step_choices
from ..words.restorations import SHELF_NAMES, STRENGTHS, gentler_than, verdict_words

router = APIRouter()

MOST_REFERENCES = 3
"""More help no restorer that there is."""

EditToken = Annotated[str, Form()]


@router.get("/restorations/{restoration_id}", tags=FOR_PHONES)
def one(
    request: Request, web: WebDep, restoration_id: int, against: int | None = None, whole: bool = False
) -> HTMLResponse:
    """One restoration. `against` is another version of the same face to compare with, instead of the photo; `whole`
    shows the whole picture, not the face."""
    return _page(request, web, restoration_id, against, whole)


@router.post("/restorations/{restoration_id}/keep", tags=REVIEWER)
def keep(request: Request, web: WebDep, restoration_id: int, stamp: EditToken) -> HTMLResponse:
    """ "That is good": no algorithm replaces it."""
    record = keep_entries(web.app.gallery, one_unchanged(restoration_id, stamp))
    return said(_page(request, web, restoration_id), _("Kept."), record.id)


@router.post("/restorations/{restoration_id}/put-back", tags=REVIEWER)
def put_back(
    request: Request, web: WebDep, restoration_id: int, stamp: EditToken, again: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """ "I do not want that": our copy is removed, of a proposal nothing is made. The record stays. `again`: the next
    try is offered."""
    record, removed = reject_entries(web.app.moved_copies, one_unchanged(restoration_id, stamp))
    text = _("Put back: the copy is removed.") if removed else _("Noted: this one is not wanted.")
    return said(_page(request, web, restoration_id, again=again), text, record.id)


@router.post("/restorations/{restoration_id}/restore", tags=REVIEWER)
def restore(request: Request, web: WebDep, restoration_id: int, stamp: EditToken) -> Response:
    """Have a proposal carried out, or a result that was put back, refused or lost made once more, as it was."""
    jobs = restore_entries(web.app.gallery, one_unchanged(restoration_id, stamp))
    client.ensure_worker(web.app.settings.folders)
    return _progress(request, web, restoration_id, jobs[restoration_id])


@router.get("/restorations/{restoration_id}/again", tags=REVIEWER)
def choices(
    request: Request, web: WebDep, restoration_id: int, person: int | None = None, gentler: bool = False
) -> HTMLResponse:
    """What could be done differently. `person`: if it is somebody else; `gentler` proposes less strength."""
    with web.app.gallery.begin(write=False) as tx:
        chosen = choices_for(tx, web.app, restoration_id, person)
    chosen["strength"] = gentler_than(chosen["seen"].record.options.get("strength")) if gentler else ""
    return fragment(
        request, web, "restoration_again.html",
        **chosen, strengths=[(key, _(word)) for key, word, _value in STRENGTHS],
        restorers=_restorers(web), most=MOST_REFERENCES,
    )  # fmt: skip


@router.post("/restorations/{restoration_id}/again", tags=REVIEWER)
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
        raise UsageError(_("Choose one to {n} pictures, or let the best ones be chosen.", n=MOST_REFERENCES))
    if restorer not in {key for key, _label in _restorers(web)}:
        raise UsageError(_("There is no such restorer here."))
    options: dict[str, Any] = {
        "references": (),
        "reference_faces": tuple(chosen) if choice == "these" else (),
        "use_references": choice != "none",
        "quality": quality or None,
        "steps": None,
        "strength": {key: value for key, _word, value in STRENGTHS}[strength],
        "restorer": restorer,
    }
    if chance:
        options["seed"] = secrets.randbelow(2**31)
    job = repeat.make_again(web.app.gallery, restoration_id, options, person_id=person, all_faces=faces == "all")
    client.ensure_worker(web.app.settings.folders)
    return _progress(request, web, restoration_id, job)


@router.post("/restorations/{restoration_id}/steps", tags=REVIEWER)
def other_steps(
    request: Request, web: WebDep, restoration_id: int, step: Annotated[list[PhotoStep] | None, Form()] = None
) -> Response:
    """Have a whole photo made again from the original, with these steps; the result is a new version."""
    changes = {"photo_steps": some_steps(step)}
    job = repeat.make_again(web.app.gallery, restoration_id, changes, all_faces=True)
    client.ensure_worker(web.app.settings.folders)
    if not by_htmx(request):
        return go(request, f"/restorations/{restoration_id}")
    return _progress(request, web, restoration_id, job)


@router.get("/restorations/{restoration_id}/progress/{job_id}", tags=FOR_PHONES)
def progress(request: Request, web: WebDep, restoration_id: int, job_id: int, seen: str = "") -> Response:
    """How far a job for this face is, and where its result is. Nothing (204) when that is what the page has `seen`: a
    screen reader would say it again and again."""
    return _progress(request, web, restoration_id, job_id, seen)


def _page(
    request: Request,
    web: WebDep,
    restoration_id: int,
    against: int | None = None,
    whole: bool = False,
    *,
    again: bool = False,
) -> HTMLResponse:
    calibration = web.app.embedder.calibration
    with web.app.gallery.begin(write=False) as tx:
        seen = shown(tx, restoration_id, calibration, web.app.registry)
        place = place_of(tx, seen.record, seen.rows)
    whole = whole or seen.pictures.face is None
    asked = seen.record.options.get("photo_steps")
    other = next((v for v in seen.versions if v.id == against and v.there and v.id != restoration_id), None)
    return page(
        request, web, "restoration.html",
        seen=seen, shelf=place.shelf, names={shelf: _(words) for shelf, words in SHELF_NAMES.items()},
        counts=place.counts,
        onward=place.onward, next_id=place.next_id, other=other, whole=whole, again=again,
        model=_model(web, seen.record.restorer),
        steps=step_choices(web.photo_steps(), asked) if asked and not web.on_phone else (),
        done=done_words(seen.record.options.get("photo_done", ())),
        tabs=[(r.id, name_of(r, seen.names), verdict_words(r, name_of(r, seen.names), calibration)) for r in seen.rows],
    )  # fmt: skip


def _progress(request: Request, web: Web, restoration_id: int, job_id: int, seen: str = "") -> Response:
    with web.app.gallery.begin(write=False) as tx:
        at = progress_of(tx, job_id, restoration_id, web.app.embedder.calibration)
    if at.now == seen:
        return Response(status_code=204)
    return fragment(
        request, web, "restoration_progress.html",
        id=restoration_id, now=at.now, job=at.job, result=at.result, says=at.says,
    )  # fmt: skip


def _restorers(web: Web) -> list[tuple[str, str]]:
    """Which restorers may be asked for. Looks at files only: asking one whether it can run may load its runtime."""
    models = web.app.settings.folders.models
    there = [spec for spec in web.app.registry.restorers if not spec.missing(models)]
    named = ((spec.called, spec.label) for spec in there)
    return [("auto", _("The usual one")), (BEST, _("All of them, and take the best")), *named]


def _model(web: Web, restorer: str) -> Row | None:
    """What is known of the model behind a restoration: title and licence."""
    spec = web.app.registry.restorer_of(restorer)
    return None if spec is None else web.app.model_store.row(spec.parts[0].id)
