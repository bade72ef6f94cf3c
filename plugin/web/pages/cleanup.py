"""The whole library made clear: what could be, doing it, and what came of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...cleanup import drive
from ...cleanup.feeder import unfinished
from ...cleanup.plan import make_plan
from ...cleanup.take_back import take_back
from ...errors import UsageError
from ...job_payloads import PHOTO_STEPS, PhotoStep
from ...languages import _, ngettext
from ...service import client
from ...service.control import ask
from ..context import Web, WebDep
from ..responses import by_htmx, fragment, go, page, said
from ..server.roles import ADMIN
from ..views import cleanup_view
from ..views.cleanup_view import EVERYBODY, NAMED, NIGHT, Asked
from ..views.jobs_view import digest
from ..words.photo_steps import step_choices

router = APIRouter(prefix="/cleanup")

When = Literal["now", "night", "idle"]
Year = Annotated[int | Literal[""], Query()]
FormYear = Annotated[int | Literal[""], Form()]
FIRST_YEAR, LAST_YEAR = 1826, 2200
"""From the first photograph on."""


@router.get("", tags=ADMIN)
def show(request: Request, web: WebDep) -> HTMLResponse:
    """What is under way; else what came of the latest, and what the next could do."""
    with web.app.gallery.begin(write=False) as tx:
        names = cleanup_view.people(tx)
        values = _values(web) | {"people": names, "everybody": EVERYBODY, "named": NAMED}
        values["steps"] = [c for c in step_choices(web.photo_steps(), ()) if c.step != "faces"]
    return page(request, web, "cleanup.html", **values)


@router.get("/plan", tags=ADMIN)
def plan(
    request: Request,
    web: WebDep,
    whom: Annotated[str, Query(max_length=20)] = EVERYBODY,
    first: Year = "",
    last: Year = "",
) -> HTMLResponse:
    """What a clean-up of these would do."""
    asked = _asked(whom, first, last)
    return fragment(request, web, "parts/cleanup_plan.html", p=cleanup_view.prospects(web.app, asked), asked=asked)


@router.get("/of/{person_id}", tags=ADMIN)
def of_person(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """What a clean-up of one person would do, for their page. Raises UnknownIdError."""
    found = cleanup_view.prospects(web.app, Asked(str(person_id)))
    name = web.app.people.summary(person_id).name
    busy = unfinished(web.app.gallery) is not None
    return fragment(request, web, "parts/person_blurred.html", p=found, person_id=person_id, who=name, busy=busy)


@router.get("/live", tags=ADMIN)
def live(request: Request, web: WebDep, seen: Annotated[str, Query(max_length=40)] = "") -> Response:
    """How far it is; nothing (204) when it is as the page shows it. Once it is through, the whole page again."""
    values = _values(web)
    if values["work"] is None:
        return go(request, "/cleanup")
    if values["digest"] == seen:
        return Response(status_code=204)
    return fragment(request, web, "parts/cleanup_live.html", **values)


@router.get("/results", tags=ADMIN)
def results(request: Request, web: WebDep, after: Annotated[int, Query(ge=0)] = 0) -> HTMLResponse:
    """The next cards."""
    with web.app.gallery.begin(write=False) as tx:
        found = cleanup_view.results(tx, web.app.registry, web.app.embedder.calibration, after=after)
    return fragment(request, web, "parts/cleanup_cards.html", r=found)


@router.post("/start", tags=ADMIN)
def start(
    request: Request,
    web: WebDep,
    when: Annotated[When, Form()],
    whom: Annotated[str, Form(max_length=20)] = EVERYBODY,
    first: FormYear = "",
    last: FormYear = "",
    step: Annotated[list[PhotoStep] | None, Form()] = None,
) -> Response:
    """Plan and begin; each `step` is done to the photos around the faces too. Raises UsageError when one is under way,
    and when there is nothing to do."""
    if unfinished(web.app.gallery) is not None:
        raise UsageError(_("A clean-up is under way. Let it end, or stop it, before you begin another."))
    made = make_plan(web.app, _asked(whom, first, last).where())
    if not made.items:
        raise UsageError(_("There is nothing to make clearer among these."))
    drive.begin(
        web.app.gallery,
        made,
        hours=NIGHT if when == "night" else None,
        idle=when == "idle",
        photo_steps=tuple(s for s in PHOTO_STEPS if s in step or s == "faces") if step else (),
    )
    _work(web, lasting=when != "now")
    n = len(made.items)
    words = ngettext("{n} face will be made clearer.", "{n} faces will be made clearer, one after the other.", n)
    return go(request, "/cleanup", words)


@router.post("/pause", tags=ADMIN)
def pause(request: Request, web: WebDep) -> HTMLResponse:
    """Feed no more photos."""
    drive.pause(web.app.gallery, web.app.settings.folders.runtime)
    return _again(request, web, _("Paused. The photos in hand are finished."))


@router.post("/resume", tags=ADMIN)
def resume(request: Request, web: WebDep) -> HTMLResponse:
    """Go on."""
    run = unfinished(web.app.gallery)
    drive.unpause(web.app.gallery)
    _work(web, lasting=run is not None and (run.hours is not None or run.idle))
    return _again(request, web, _("It goes on."))


@router.post("/stop", tags=ADMIN)
def stop(request: Request, web: WebDep) -> Response:
    """End it; what is restored stays."""
    drive.end(web.app.gallery, web.app.settings.folders.runtime)
    return go(request, "/cleanup", _("Stopped. What is restored stays."))


@router.post("/take-back", tags=ADMIN)
def take_all_back(request: Request, web: WebDep) -> Response:
    """Remove all copies of the latest clean-up that nobody decided to keep, as one decision."""
    record = take_back(web.app.moved_copies, web.app.people)
    return go(request, "/cleanup", _("All taken back: the copies are removed."), record.id)


def _asked(whom: str, first: int | str, last: int | str) -> Asked:
    years = [int(y) if y != "" else None for y in (first, last)]
    for year in years:
        if year is not None and not FIRST_YEAR <= year <= LAST_YEAR:
            raise UsageError(f"{year} is not a year of photographs: {FIRST_YEAR} to {LAST_YEAR}.")
    return Asked(whom, *years)


def _values(web: Web) -> dict[str, Any]:
    registry, calibration = web.app.registry, web.app.embedder.calibration
    served = ask(web.app.settings.folders.runtime, "ping") is not None
    with web.app.gallery.begin(write=False) as tx:
        work = cleanup_view.at_work(tx, registry, calibration, served=served)
        found = cleanup_view.results(tx, registry, calibration) if work is None else None
    return {"work": work, "r": found, "digest": digest(work) if work else ""}


def _again(request: Request, web: Web, text: str) -> HTMLResponse:
    """It as it is now, and what was done."""
    values = _values(web)
    if values["work"] is None or not by_htmx(request):
        return show(request, web)
    return said(fragment(request, web, "parts/cleanup_live.html", **values), text)


def _work(web: Web, *, lasting: bool) -> None:
    """Have it done. What waits for the night needs a service that stays until then."""
    folders = web.app.settings.folders
    if lasting:
        client.start(folders, client.own_home(folders))
    client.ensure_worker(folders)
    ask(folders.runtime, "wake")
