"""From the first folder to the first name."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import UsageError
from ...languages import _
from ...library.scan_jobs import scan_new_folders
from ...people.decisions import NameTakenError
from ...service import client
from ..context import Web, WebDep
from ..edit_conflicts import all_of, person_unchanged
from ..responses import fragment, go, page, said
from ..server.roles import ADMIN
from ..views import first_run
from ..views.folder_chooser import chooser

router = APIRouter()

Text = Annotated[str, Form(max_length=200)]


@router.get("/welcome", tags=ADMIN)
def show(
    request: Request,
    web: WebDep,
    step: Literal["folder", "looking", "people", "done"] | None = None,
    at: Annotated[str, Query(max_length=4096)] = "",
) -> HTMLResponse:
    """The step the first run stands at, or one that was chosen."""
    with web.app.gallery.begin(write=False) as tx:
        now = first_run.may_show(tx, step)
    values = _VALUES[now](web) if now != "folder" else chooser(web.app.gallery, web.app.roots, at)
    return page(request, web, "welcome.html", step=now, then="welcome", **values)


@router.get("/welcome/progress", tags=ADMIN)
def progress(request: Request, web: WebDep, after: int = 0) -> HTMLResponse:
    """How far it is, and the faces found since."""
    with web.app.gallery.begin(write=False) as tx:
        now = first_run.progress(tx, after=after)
    return fragment(request, web, "parts/welcome_progress.html", p=now, first=False)


@router.post("/welcome/look", tags=ADMIN)
def look(request: Request, web: WebDep) -> Response:
    """Have the folders looked through that never were."""
    scan_new_folders(web.app.gallery)
    client.ensure_worker(web.app.settings.folders)
    return go(request, "/welcome")


@router.post("/welcome/people/{person_id}/name", tags=ADMIN)
def name(
    request: Request,
    web: WebDep,
    person_id: int,
    stamp: Text,
    name: Text,
    another: Annotated[bool, Form()] = False,
) -> HTMLResponse:
    """Name somebody. A name that somebody else has is asked about first, unless it is `another` of that name."""
    name = name.strip()
    if not name:
        raise UsageError(_("Who is this? Type a name first."))
    try:
        done = web.app.people.deciding(given=person_unchanged(stamp, person_id)).name(person_id, name, anyway=another)
    except NameTakenError as taken:
        with web.app.gallery.begin(write=False) as tx:
            person, other = first_run.card(tx, person_id), first_run.card(tx, taken.people[0])
        return fragment(request, web, "parts/welcome_same.html", person=person, other=other, called=name)
    return said(_people(request, web), f"This is {name}.", done.id)


@router.post("/welcome/people/{person_id}/same", tags=ADMIN)
def same(
    request: Request, web: WebDep, person_id: int, stamp: Text, other: Annotated[int, Form()], other_stamp: Text
) -> HTMLResponse:
    """They are the same person as one who has a name."""
    given = all_of(person_unchanged(stamp, person_id), person_unchanged(other_stamp, other, _("the other person")))
    done = web.app.people.deciding(given=given).merge(other, [person_id])
    return said(_people(request, web), _("Now they are one person."), done.id)


@router.post("/welcome/people/{person_id}/hide", tags=ADMIN)
def hide(request: Request, web: WebDep, person_id: int, stamp: Text) -> HTMLResponse:
    """Somebody who need not be named: out of the lists, still recognised."""
    done = web.app.people.deciding(given=person_unchanged(stamp, person_id)).hide(person_id)
    return said(_people(request, web), _("Hidden. People hidden this way are still recognised."), done.id)


@router.post("/welcome/menus", tags=ADMIN)
def menus(request: Request, web: WebDep) -> HTMLResponse:
    """Put “Restore face” into the menus of the file managers."""
    client.install_menus(web.app.settings.folders)
    return said(
        _done(request, web), _("“Restore face” is in the menu now. A file manager that is open may need a restart.")
    )


@router.post("/welcome/service", tags=ADMIN)
def service(request: Request, web: WebDep) -> HTMLResponse:
    """Watch the folders from now on, and at every login."""
    folders = web.app.settings.folders
    client.set_at_login(folders, client.own_home(folders), wanted=True)
    if client.start(folders, client.own_home(folders)):
        client.wait_until_up(folders, patience_s=5.0)
    return said(_done(request, web), _("New photos are noticed by themselves from now on."))


def _people(request: Request, web: Web) -> HTMLResponse:
    return fragment(request, web, "parts/welcome_people.html", **_people_values(web))


def _done(request: Request, web: Web) -> HTMLResponse:
    return fragment(request, web, "parts/welcome_done.html", **_done_values(web))


def _looking_values(web: Web) -> dict[str, Any]:
    with web.app.gallery.begin(write=False) as tx:
        return {"p": first_run.progress(tx), "first": True}


def _people_values(web: Web) -> dict[str, Any]:
    with web.app.gallery.begin(write=False) as tx:
        return first_run.people(tx)


def _done_values(web: Web) -> dict[str, Any]:
    folders = web.app.settings.folders
    with web.app.gallery.begin(write=False) as tx:
        known = first_run.known(tx)
    at_login = client.at_login(folders, client.own_home(folders))
    return known | {"menus": client.menus(folders), "login": at_login}


_VALUES = {"looking": _looking_values, "people": _people_values, "done": _done_values}
