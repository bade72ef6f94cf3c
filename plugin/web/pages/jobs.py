"""What is done, waits, or failed; and the service that does it."""

import os
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...cleanup import drive
from ...errors import AppError, BusyError, NotFoundError, UsageError
from ...jobs.inbox import collect
from ...jobs.jobs import Jobs
from ...languages import N_, _, ngettext
from ...service import client
from ...service.control import ask
from ..context import Web, WebDep
from ..responses import by_htmx, fragment, page, said
from ..server.roles import ADMIN
from ..views import jobs_view

router = APIRouter()

Kind = Annotated[str | None, Query(max_length=40)]

MOVED_ON = N_("It has moved on meanwhile; here is how it is now.")


@router.get("/jobs")
def show(request: Request, web: WebDep) -> HTMLResponse:
    """The queue and the service."""
    collect(web.app.settings.folders.inbox, web.app.gallery)
    return page(request, web, "jobs.html", **_values(web))


@router.get("/jobs/live")
def live(request: Request, web: WebDep, seen: str = "") -> Response:
    """The same again; nothing (204) when it is as the page shows it."""
    values = _values(web)
    if values["digest"] == seen:
        return Response(status_code=204)
    return fragment(request, web, "parts/jobs_live.html", **values)


@router.post("/jobs/retry-failed", tags=ADMIN)
def retry_failed(request: Request, web: WebDep) -> HTMLResponse:
    """Try everything that failed again."""
    _gone, waiting = Jobs(web.app.gallery).retry_failed()
    _wake(web)
    n = len(waiting)
    text = (
        ngettext("{n} will be tried again.", "{n} will be tried again.", n)
        if n
        else _("There was nothing to try again.")
    )
    return _again(request, web, text)


@router.post("/jobs/clear-failed", tags=ADMIN)
def clear_failed(request: Request, web: WebDep) -> HTMLResponse:
    """Forget those that failed; nothing else is lost."""
    Jobs(web.app.gallery).clear(("failed",))
    return _again(request, web, _("The list is empty now."))


@router.post("/jobs/pause", tags=ADMIN)
def pause(request: Request, web: WebDep, kind: Kind = None) -> HTMLResponse:
    """Start no more jobs, or none of one kind."""
    _change_paused(web, kind, Jobs(web.app.gallery).pause)
    return _again(request, web, _("Paused. What was under way goes on there later."))


@router.post("/jobs/resume", tags=ADMIN)
def resume(request: Request, web: WebDep, kind: Kind = None) -> HTMLResponse:
    """Go on, with everything or with one kind."""
    _change_paused(web, kind, Jobs(web.app.gallery).resume)
    return _again(request, web, _("It goes on."))


@router.post("/jobs/cleanup/pause", tags=ADMIN)
def pause_cleanup(request: Request, web: WebDep) -> HTMLResponse:
    """Feed no more photos of the clean-up."""
    paused = drive.pause(web.app.gallery, web.app.settings.folders.runtime)
    text = _("The clean-up is paused. The photos it has begun are finished.")
    return _again(request, web, text if paused else _(MOVED_ON))


@router.post("/jobs/cleanup/resume", tags=ADMIN)
def resume_cleanup(request: Request, web: WebDep) -> HTMLResponse:
    """Go on with it."""
    drive.unpause(web.app.gallery)
    _wake(web)
    return _again(request, web, _("The clean-up goes on."))


@router.post("/jobs/photos/{photo_id}/again", tags=ADMIN)
def read_again(request: Request, web: WebDep, photo_id: int) -> HTMLResponse:
    """Open a photo once more that was left alone."""
    Jobs(web.app.gallery).read_again(photo_id)
    _wake(web)
    return _again(request, web, _("It will be opened once more."))


@router.post("/jobs/{job_id}/cancel", tags=ADMIN)
def cancel(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Cancel a job; one that runs stops at its next step."""
    return _changed(request, web, bool(Jobs(web.app.gallery).cancel([job_id])), _("Cancelled."))


@router.post("/jobs/{job_id}/retry", tags=ADMIN)
def retry(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Try a job again that failed or was cancelled."""
    return _changed(request, web, bool(Jobs(web.app.gallery).retry([job_id])), _("It will be tried again."))


@router.post("/jobs/{job_id}/first", tags=ADMIN)
def put_first(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Do a waiting job next."""
    return _changed(request, web, Jobs(web.app.gallery).put_first(job_id), _("It is next."))


@router.post("/service/start", tags=ADMIN)
def start_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start the service, to stay."""
    folders = web.app.settings.folders
    started = client.start(folders, client.own_home(folders))
    client.wait_until_up(folders, patience_s=5.0 if started else 0.0)
    return _again(request, web, _("The background service starts.") if started else _("It runs already."))


@router.post("/service/stop", tags=ADMIN)
def stop_service(request: Request, web: WebDep) -> HTMLResponse:
    """Stop it, unless it is what answers."""
    folders = web.app.settings.folders
    if client.service_state(folders, os.getpid()).serves_us:
        raise UsageError(_("This page comes from the service itself. Stop it in a terminal: iconface service stop"))
    try:
        client.stop(folders)
    except BusyError:
        text = _("The service was asked to stop and still finishes something; look again in a minute.")
        raise AppError(text) from None
    return _again(request, web, _("The background service has stopped. Jobs keep their place."))


@router.post("/service/install", tags=ADMIN)
def install_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start it at every login."""
    folders = web.app.settings.folders
    client.set_at_login(folders, client.own_home(folders), wanted=True)
    return _again(request, web, _("It starts at every login from now on."))


@router.post("/service/uninstall", tags=ADMIN)
def uninstall_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start it at login no more."""
    folders = web.app.settings.folders
    client.set_at_login(folders, client.own_home(folders), wanted=False)
    return _again(request, web, _("It does not start at login any more."))


def _values(web: Web) -> dict[str, Any]:
    folders = web.app.settings.folders
    with web.app.gallery.begin(write=False) as tx:
        queue = jobs_view.look(tx)
    service = client.service_state(folders, os.getpid())
    login = client.at_login(folders, client.own_home(folders))
    return {"q": queue, "service": service, "login": login, "digest": jobs_view.digest(queue, service, login)}


def _again(request: Request, web: Web, text: str) -> HTMLResponse:
    """The queue as it is now, and what was done; the whole page where there is no script."""
    if not by_htmx(request):
        return page(request, web, "jobs.html", **_values(web))
    return said(fragment(request, web, "parts/jobs_live.html", **_values(web)), text)


def _changed(request: Request, web: Web, done: bool, text: str) -> HTMLResponse:
    """One job was changed. That it had moved on meanwhile is told, and shown."""
    _wake(web)
    return _again(request, web, text if done else _(MOVED_ON))


def _change_paused(web: Web, kind: str | None, change: Callable[[str | None], object]) -> None:
    try:
        change(kind)
    except UsageError:  # to an address, a kind that there is not is a page that there is not
        raise NotFoundError(f"There are no jobs of the kind “{kind}”.") from None
    _wake(web)


def _wake(web: Web) -> None:
    """A running service looks at the queue again; where none runs, one is started if there is something to do."""
    folders = web.app.settings.folders
    if Jobs(web.app.gallery).due():
        client.ensure_worker(folders)
    else:
        ask(folders.runtime, "wake")
