"""A photo that somebody drops or chooses on any page: taken in, restored, and given back."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ...languages import _
from ...paths import printable
from ...restoring.uploads import (
    all_uploaded,
    forget_upload,
    keep,
    receiving,
    restore_photo,
    uploaded,
)
from ...service.client import ensure_worker
from ..context import FOR_PHONES, Web, WebDep
from ..responses import fragment, go, page
from ..server.roles import REVIEWER
from ..views.made_clear import MadeClear, made_clear

router = APIRouter(prefix="/uploads")

SHOWN = 24


@router.get("", tags=FOR_PHONES + REVIEWER)
def show(request: Request, web: WebDep) -> HTMLResponse:
    """Choose photos; and those that are kept, the latest first."""
    kept = all_uploaded(web.app.settings.folders.uploads)
    found = [(path.parent.name, printable(path.name), _made(web, path)) for path in kept[:SHOWN]]
    return page(request, web, "uploads.html", uploads=found, more=len(kept) - len(found))


@router.post("", tags=FOR_PHONES + REVIEWER)
async def take(request: Request, web: WebDep, name: Annotated[str, Query(max_length=1000)] = "") -> Response:
    """A photo, as the body of the request. Answers with the address of its page (JSON). Raises UsageError for what is
    no photo."""
    folders, limit = web.app.settings.folders, web.app.settings.max_megapixels * 1_000_000
    with receiving(folders.uploads) as upload:
        try:
            async for part in request.stream():
                await run_in_threadpool(upload.write, part)
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        path = await run_in_threadpool(keep, upload, name, max_pixels=limit)
    await run_in_threadpool(_restore, web, path)
    return JSONResponse({"page": f"/uploads/{path.parent.name}"})


@router.get("/{key}", tags=FOR_PHONES + REVIEWER)
def one(request: Request, web: WebDep, key: str) -> HTMLResponse:
    """A photo and what was made of it."""
    path = uploaded(web.app.settings.folders.uploads, key)
    return page(request, web, "upload.html", title=printable(path.name), **_values(web, key, path))


@router.get("/{key}/made", tags=FOR_PHONES + REVIEWER)
def made(request: Request, web: WebDep, key: str, seen: Annotated[str, Query(max_length=40)] = "") -> Response:
    """How far it is; nothing (204) when it is as the page shows it."""
    values = _values(web, key, uploaded(web.app.settings.folders.uploads, key))
    if seen and values["made"].now == seen:
        return Response(status_code=204)
    return fragment(request, web, "parts/made_clear.html", **values)


@router.post("/{key}/restore", tags=FOR_PHONES + REVIEWER)
def restore(request: Request, web: WebDep, key: str, anyway: Annotated[bool, Form()] = False) -> HTMLResponse:
    """Once more, `anyway` also what is clear already."""
    path = uploaded(web.app.settings.folders.uploads, key)
    _restore(web, path, anyway=anyway)
    return fragment(request, web, "parts/made_clear.html", **_values(web, key, path))


@router.post("/{key}/remove", tags=REVIEWER)
def remove(request: Request, web: WebDep, key: str) -> Response:
    """Keep the photo no longer; what was made of it stays."""
    forget_upload(web.app.settings.folders.uploads, key)
    return go(request, "/uploads", _("Removed. A copy that was made of it stays where it is."))


def _restore(web: Web, path: Path, *, anyway: bool = False) -> None:
    restore_photo(web.app.gallery, path, anyway=anyway)
    ensure_worker(web.app.settings.folders)


def _made(web: Web, path: Path) -> MadeClear:
    with web.app.gallery.begin(write=False) as tx:
        return made_clear(tx, path, web.app.embedder.calibration)


def _values(web: Web, key: str, path: Path) -> dict[str, Any]:
    return {"made": _made(web, path), "of": f"/uploads/{key}", "still": f"/pictures/upload/{key}?side=1600"}
