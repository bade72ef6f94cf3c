"""What is done, waits, or failed; and the service that does it."""

import os
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from gallery_db.gallery import Tx

from ...cleanup import drive
from ...errors import NotFoundError, UsageError
from ...job_kinds import HAND, enqueue_again
from ...jobs.crash_policy import is_left_alone
from ...jobs.inbox import collect
from ...jobs.registry import HANDLERS
from ...service import client
from ...service.control import ask
from ..context import Web, WebDep
from ..responses import by_htmx, fragment, page, said
from ..views import jobs_view

router = APIRouter()

Kind = Annotated[str | None, Query(max_length=40)]


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


@router.post("/jobs/retry-failed")
def retry_failed(request: Request, web: WebDep) -> HTMLResponse:
    """Try everything that failed again."""
    with web.app.gallery.begin() as tx:
        n = sum(tx.jobs.retry(j.id) for j in tx.jobs.find(states=("failed",)))
    _wake(web)
    return _again(request, web, f"{n} will be tried again." if n else "There was nothing to try again.")


@router.post("/jobs/clear-failed")
def clear_failed(request: Request, web: WebDep) -> HTMLResponse:
    """Forget those that failed; nothing else is lost."""
    with web.app.gallery.begin() as tx:
        tx.jobs.purge(time.time() + 1, states=("failed",))
    return _again(request, web, "The list is empty now.")


@router.post("/jobs/pause")
def pause(request: Request, web: WebDep, kind: Kind = None) -> HTMLResponse:
    """Start no more jobs, or none of one kind."""
    _change_paused(web, kind, lambda tx: tx.jobs.pause(kind) if kind else tx.jobs.pause())
    return _again(request, web, "Paused. What was under way goes on there later.")


@router.post("/jobs/resume")
def resume(request: Request, web: WebDep, kind: Kind = None) -> HTMLResponse:
    """Go on, with everything or with one kind."""
    _change_paused(web, kind, lambda tx: tx.jobs.resume(kind) if kind else tx.jobs.resume())
    return _again(request, web, "It goes on.")


@router.post("/jobs/cleanup/pause")
def pause_cleanup(request: Request, web: WebDep) -> HTMLResponse:
    """Feed no more photos of the clean-up."""
    drive.pause(web.app.gallery, web.app.settings.folders.runtime)
    return _again(request, web, "The clean-up is paused. The photos it has begun are finished.")


@router.post("/jobs/cleanup/resume")
def resume_cleanup(request: Request, web: WebDep) -> HTMLResponse:
    """Go on with it."""
    drive.unpause(web.app.gallery)
    _wake(web)
    return _again(request, web, "The clean-up goes on.")


@router.post("/jobs/photos/{photo_id}/again")
def read_again(request: Request, web: WebDep, photo_id: int) -> HTMLResponse:
    """Open a photo once more that was left alone."""
    with web.app.gallery.begin() as tx:
        photo = tx.photos.get(photo_id)
        if not is_left_alone(photo) or photo.root_id is None:
            raise UsageError(f"{photo.path} is not left alone any more.")
        enqueue_again(tx, photo.root_id, [photo.path])
    _wake(web)
    return _again(request, web, "It will be opened once more.")


@router.post("/jobs/{job_id}/cancel")
def cancel(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Cancel a job; one that runs stops at its next step."""
    return _one(request, web, job_id, lambda tx: tx.jobs.cancel(job_id, time.time()), "Cancelled.")


@router.post("/jobs/{job_id}/retry")
def retry(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Try a job again that failed or was cancelled."""
    return _one(request, web, job_id, lambda tx: tx.jobs.retry(job_id), "It will be tried again.")


@router.post("/jobs/{job_id}/first")
def put_first(request: Request, web: WebDep, job_id: int) -> HTMLResponse:
    """Do a waiting job next."""
    return _one(request, web, job_id, lambda tx: tx.jobs.put_first(job_id, HAND), "It is next.")


@router.post("/service/start")
def start_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start the service, to stay."""
    folders = web.app.settings.folders
    started = client.start(folders, client.own_home(folders))
    client.wait_until_up(folders, patience_s=5.0 if started else 0.0)
    return _again(request, web, "The background service starts." if started else "It runs already.")


@router.post("/service/stop")
def stop_service(request: Request, web: WebDep) -> HTMLResponse:
    """Stop it, unless it is what answers."""
    folders = web.app.settings.folders
    if client.service_state(folders, os.getpid()).serves_us:
        raise UsageError("This page comes from the service itself. Stop it in a terminal: iconface service stop")
    client.stop(folders)
    return _again(request, web, "The background service has stopped. Jobs keep their place.")


@router.post("/service/install")
def install_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start it at every login."""
    folders = web.app.settings.folders
    client.set_at_login(folders, client.own_home(folders), wanted=True)
    return _again(request, web, "It starts at every login from now on.")


@router.post("/service/uninstall")
def uninstall_service(request: Request, web: WebDep) -> HTMLResponse:
    """Start it at login no more."""
    folders = web.app.settings.folders
    client.set_at_login(folders, client.own_home(folders), wanted=False)
    return _again(request, web, "It does not start at login any more.")


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


def _one(request: Request, web: Web, job_id: int, change: Callable[[Tx], bool], text: str) -> HTMLResponse:
    """Change one job. That it has moved on meanwhile is told, and shown. Raises NotFoundError."""
    with web.app.gallery.begin() as tx:
        tx.jobs.get(job_id)
        done = change(tx)
    _wake(web)
    return _again(request, web, text if done else "It has moved on meanwhile; here is how it is now.")


def _change_paused(web: Web, kind: str | None, change: Callable[[Tx], None]) -> None:
    if kind is not None and kind not in HANDLERS:
        raise NotFoundError(f"There are no jobs of the kind “{kind}”.")
    with web.app.gallery.begin() as tx:
        change(tx)
    _wake(web)


def _wake(web: Web) -> None:
    """A running service looks at the queue again; where none runs, one is started if there is something to do."""
    folders = web.app.settings.folders
    with web.app.gallery.begin(write=False) as tx:
        due = tx.jobs.next_due()
    if due is not None and due <= time.time() + 1:
        client.ensure_worker(folders)
    else:
        ask(folders.runtime, "wake")
