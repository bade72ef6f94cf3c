"""A folder of the library that lies elsewhere now: where, what would come of it, and back again."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import AppError, GalleryError
from ...languages import _
from ...paths import absolute
from ..context import WebDep
from ..responses import go, page
from ..scan_jobs import look_through
from ..server.roles import ADMIN
from ..views import folder_chooser, library_facts

router = APIRouter()

Text = Annotated[str, Form(max_length=4096)]
Asked = Annotated[str, Query(max_length=4096)]


@router.get("/library/folders/{root_id}/move", tags=ADMIN)
def ask_move(
    request: Request,
    web: WebDep,
    root_id: int,
    at: Asked = "",
    to: Asked = "",
) -> HTMLResponse:
    """Choose where a folder is now, and say what would come of it. `at` is looked into, `to` was chosen."""
    folder = library_facts.folder(web.app.gallery, root_id)
    found, trouble = None, ""
    if to:
        try:
            row, _record = web.app.roots.move(Path(folder.root.path), folder_chooser.typed(to), dry_run=True)
            found = row["path"]
        except (AppError, GalleryError) as e:
            trouble = str(e)
    chooser = folder_chooser.chooser(web.app.gallery, web.app.roots, at)
    return page(
        request,
        web,
        "library_move.html",
        folder=folder,
        to=found,
        joins=found in chooser["known"] and found != folder.root.path,
        chooser_url=f"/library/folders/{root_id}/move",
        chosen_as="to",
        trouble=trouble,
        **chooser | {"why_not": None},  # why it cannot be added: here every folder may be asked about
    )


@router.post("/library/folders/{root_id}/move", tags=ADMIN)
def move(request: Request, web: WebDep, root_id: int, before: Text, to: Text) -> Response:
    """A folder lies elsewhere now; it is looked through there. `before` is where the page showed it."""
    joins = to in {r["path"] for r in web.app.roots.rows()}
    row, _record = web.app.roots.move(Path(before), folder_chooser.typed(to))
    look_through(web, row["root_id"])
    undone = "" if joins else quote(before, safe="")
    return go(request, f"/library/folders/{row['root_id']}/moved?before={undone}")


@router.get("/library/folders/{root_id}/moved", tags=ADMIN)
def moved(request: Request, web: WebDep, root_id: int, before: Asked = "") -> HTMLResponse:
    """Say that it is done, and offer to take it back."""
    folder = library_facts.folder(web.app.gallery, root_id)
    return page(request, web, "library_moved.html", folder=folder, before=before)


@router.post("/library/folders/{root_id}/move-back", tags=ADMIN)
def move_back(request: Request, web: WebDep, root_id: int, now: Text, before: Text) -> Response:
    """Take a move back."""
    row = web.app.roots.move_back(root_id, now=Path(now), before=absolute(Path(before)))
    look_through(web, root_id)
    return go(request, "/library", _("The folder is expected in {path} again.", path=row["path"]))
