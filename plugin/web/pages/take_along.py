"""A restored copy to take along: saved, shown in its folder, sent as before and after."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from ...errors import UsageError
from ...languages import _
from ...notifications.opening import show_in_folder
from ...paths import printable
from ..before_after import before_after
from ..context import FOR_PHONES, Web, WebDep
from ..picture_files import Missing
from ..pictures import Which
from ..responses import said
from ..server.roles import ADMIN
from ..views.restoration_view import copy_there, name_to_send

router = APIRouter(prefix="/restorations/{restoration_id}")

FACE_SIDE, PHOTO_SIDE = 768, 1600
"""Of the two pictures beside each other, pixels."""


@router.get("/copy", tags=FOR_PHONES)
def save(web: WebDep, restoration_id: int) -> FileResponse:
    """The file itself, with all its metadata, to be saved."""
    path = _copy(web, restoration_id)
    return FileResponse(path, media_type="application/octet-stream", filename=printable(path.name))


@router.get("/before-after", tags=FOR_PHONES)
def both(web: WebDep, restoration_id: int, whole: Annotated[bool, Query()] = False) -> Response:
    """Before and after as one picture, to be saved: of the face, or of the `whole` photo."""
    path = _copy(web, restoration_id)
    with web.app.gallery.begin(write=False) as tx:
        name, face = name_to_send(tx, restoration_id)
    shown = face and not whole
    old = _picture(web, "before", restoration_id, face=shown)
    new = _picture(web, "after", restoration_id, face=shown)
    data = before_after(old, new, name or "")
    called = quote(f"{printable(path.stem)} before and after.jpg")
    return Response(
        data, media_type="image/jpeg", headers={"Content-Disposition": f"attachment; filename*=utf-8''{called}"}
    )


@router.post("/show", tags=ADMIN)
def show(request: Request, web: WebDep, restoration_id: int) -> Response:
    """Open the copy's folder on the desktop of this machine."""
    path = _copy(web, restoration_id)
    if not show_in_folder(path):
        raise UsageError(f"No folder could be opened here. The copy is {printable(path)}")
    return said(Response(status_code=204), _("Its folder is open now."))


def _copy(web: Web, restoration_id: int) -> Path:
    with web.app.gallery.begin(write=False) as tx:
        path = copy_there(tx, restoration_id)
    if path is None:
        raise UsageError(_("The copy is not there now."))
    return path


def _picture(web: Web, which: Which, restoration_id: int, *, face: bool) -> bytes:
    found = web.pictures.restoration(which, restoration_id, FACE_SIDE if face else PHOTO_SIDE, face=face)
    made = found if isinstance(found, Missing) else web.pictures.ready(found) or web.pictures.make(found).result()
    if isinstance(made, Missing):
        raise UsageError(_("The photo cannot be read now."))
    return made
