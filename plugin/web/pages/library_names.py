"""Names that other programs wrote into photos or beside them: what they come to, and one button."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from ...languages import _, ngettext
from ...name_sources.metadata import Metadata
from ...people.importing import find_names, import_names
from ...people.named_faces import ImportPlan
from ...service import client
from ..context import WebDep
from ..edit_conflicts import check
from ..responses import fragment, go, page
from ..server.roles import ADMIN
from ..views.names_view import names_from, plan_stamp

router = APIRouter()


@router.get("/library/names", tags=ADMIN)
def show(request: Request, web: WebDep) -> HTMLResponse:
    """The page at once; what is found comes when it is found."""
    return page(request, web, "library_names.html")


@router.get("/library/names/found", tags=ADMIN)
def found(request: Request, web: WebDep) -> HTMLResponse:
    """Read all photos and sidecars, and say what their names come to."""
    names = find_names(web.app.gallery, Metadata())
    tried = import_names(web.app.gallery, names, dry_run=True)
    with web.app.gallery.begin(write=False) as tx:
        view = names_from(tx, tried.plan, len(names.unread))
    return fragment(request, web, "parts/library_names.html", names=view)


@router.post("/library/names", tags=ADMIN)
def take_over(request: Request, web: WebDep, stamp: Annotated[str, Form(max_length=64)]) -> Response:
    """Take the names over that the page showed."""

    def given(plan: ImportPlan) -> None:
        check(stamp, plan_stamp(plan), _("the people, or a file,"))

    done = import_names(web.app.gallery, find_names(web.app.gallery, Metadata()), given=given)
    client.ensure_worker(web.app.settings.folders)  # faces that were drawn are looked at
    words = ngettext("{n} name taken over.", "{n} names taken over.", len(done.plan.people))
    return go(request, "/people", words, undo=None if done.decision is None else done.decision.id)
