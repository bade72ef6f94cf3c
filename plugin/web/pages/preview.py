"""What steps would do to a whole photo, shown before anything is made: of a photo, or of a copy's original."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...job_payloads import PhotoStep
from ...restoring.photo_models import some_steps
from ...restoring.preview_jobs import (
    PreviewPicture,
    ask_copy_preview,
    ask_photo_preview,
    original_of,
    photo_of,
    stop_preview,
)
from ...service.client import ensure_worker
from ..context import Web, WebDep
from ..responses import fragment, go, page
from ..server.roles import REVIEWER
from ..views.preview_view import PreviewView, preview_key, preview_view
from ..words.photo_steps import step_choices

router = APIRouter()

Steps = Annotated[list[PhotoStep] | None, Form()]
Seen = Annotated[str | None, Query(max_length=40)]


@router.post("/photos/{photo_id}/preview", tags=REVIEWER)
def of_photo(request: Request, web: WebDep, photo_id: int, step: Steps = None) -> Response:
    """Have it found out what these steps would do to a photo."""
    with web.app.gallery.begin(write=False) as tx:
        path = photo_of(tx, photo_id)
    job = ask_photo_preview(web.app.gallery, path, some_steps(step))
    ensure_worker(web.app.settings.folders)
    return go(request, f"/photos/{photo_id}/preview/{job}")


@router.post("/restorations/{restoration_id}/preview", tags=REVIEWER)
def of_copy(request: Request, web: WebDep, restoration_id: int, step: Steps = None) -> Response:
    """The same of the photo that a copy was made of."""
    job = ask_copy_preview(web.app.gallery, restoration_id, some_steps(step))
    ensure_worker(web.app.settings.folders)
    return go(request, f"/restorations/{restoration_id}/preview/{job}")


@router.get("/photos/{photo_id}/preview/{job_id}", tags=REVIEWER)
def show_of_photo(request: Request, web: WebDep, photo_id: int, job_id: int, seen: Seen = None) -> Response:
    """Before and after, or how far it is; with `seen` only that piece, and nothing (204) when it is as the page shows
    it."""
    still = f"/pictures/photo/{photo_id}?side=1600"
    with web.app.gallery.begin(write=False) as tx:
        view = preview_view(tx, web.pictures, job_id, photo_of(tx, photo_id))
    return _shown(request, web, view, seen, of=f"/photos/{photo_id}", make="whole", still=still)


@router.get("/restorations/{restoration_id}/preview/{job_id}", tags=REVIEWER)
def show_of_copy(request: Request, web: WebDep, restoration_id: int, job_id: int, seen: Seen = None) -> Response:
    """The same of a copy's original."""
    still = f"/pictures/before/{restoration_id}?side=1600"
    with web.app.gallery.begin(write=False) as tx:
        view = preview_view(tx, web.pictures, job_id, original_of(tx, restoration_id))
    return _shown(request, web, view, seen, of=f"/restorations/{restoration_id}", make="steps", still=still)


@router.post("/photos/{photo_id}/preview/{job_id}/stop", tags=REVIEWER)
def stop_of_photo(request: Request, web: WebDep, photo_id: int, job_id: int) -> Response:
    """Nobody waits for it any more."""
    with web.app.gallery.begin() as tx:
        stop_preview(tx, job_id, photo_of(tx, photo_id))
    return go(request, f"/photos/{photo_id}/preview/{job_id}")


@router.post("/restorations/{restoration_id}/preview/{job_id}/stop", tags=REVIEWER)
def stop_of_copy(request: Request, web: WebDep, restoration_id: int, job_id: int) -> Response:
    """The same of a copy's original."""
    with web.app.gallery.begin() as tx:
        stop_preview(tx, job_id, original_of(tx, restoration_id))
    return go(request, f"/restorations/{restoration_id}/preview/{job_id}")


@router.get("/pictures/preview/{job_id}/{which}", tags=REVIEWER)
def picture(web: WebDep, job_id: int, which: PreviewPicture) -> Response:
    """One picture of a preview. The browser keeps none of it either."""
    with web.app.gallery.begin(write=False) as tx:
        key = preview_key(tx, job_id, which)
    data = None if key is None else web.pictures.kept(key)
    headers = {"Cache-Control": "no-store"}
    if data is None:
        return Response(status_code=404, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)


def _shown(request: Request, web: Web, view: PreviewView, seen: str | None, **values: Any) -> Response:
    if seen is not None and seen == view.now:
        return Response(status_code=204)
    if seen is not None:
        return fragment(request, web, "parts/preview.html", view=view, **values)
    return _page(request, web, view=view, steps=step_choices(web.photo_steps(), view.steps), **values)


def _page(request: Request, web: Web, **values: Any) -> HTMLResponse:
    return page(request, web, "preview.html", **values)
