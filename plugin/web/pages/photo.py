"""One photo and its faces: who they are, drawing one that was not found, restoring one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from iconface_core.types import BBox

from ...albums.group_photo import group_photo, group_photo_page
from ...errors import UsageError
from ...job_payloads import PhotoStep
from ...languages import _, ngettext
from ...people.decisions import NameTakenError
from ...restoring.photo_models import some_steps
from ...restoring.repeat import restore_face
from ...restoring.uploads import restore_photo
from ...service.client import ensure_worker
from ..context import FOR_PHONES, Web, WebDep
from ..responses import Html, by_htmx, fragment, go, page, said
from ..server.roles import REVIEWER
from ..views.likely import likely_people
from ..views.made_clear import OUTCOMES, made_clear
from ..views.photo_view import cards_of, face_unchanged, photo_as_data, photo_view, restore_progress, whose_face
from ..views.pickers import named_like
from ..words.photo_steps import step_choices
from ..words.text import capital

router = APIRouter(prefix="/photos")

SUGGESTED_NAMES = 12

LEAST_BOX = 8.0
"""Sides of a box drawn by hand, pixels: a smaller one was a click by mistake."""

Number = Annotated[float, Form(allow_inf_nan=False)]
EditToken = Annotated[str, Form()]
Name = Annotated[str, Form(max_length=200)]
Verb = Literal["confirm", "reject", "ignore", "bring_back"]


@router.get("/names")
def names(request: Request, web: WebDep, name: str = "") -> HTMLResponse:
    """Known people whose name begins or goes on like this, for the name fields."""
    found = named_like(web.app.gallery, name, limit=SUGGESTED_NAMES)
    return fragment(request, web, "parts/name_suggestions.html", people=found)


@router.get("/{photo_id}", tags=FOR_PHONES)
def show(request: Request, web: WebDep, photo_id: int, face: int | None = None) -> HTMLResponse:
    """The photo. `face` is shown as the one that the user came for."""
    with web.app.gallery.begin(write=False) as tx:
        view = photo_view(tx, photo_id)
        clear = made_clear(tx, Path(view.photo.path), web.app.embedder.calibration)
    values: dict[str, Any] = {"view": view, "chosen": face, "which_one": {}, "made": clear, "of": f"/photos/{photo_id}"}
    values["steps"] = step_choices(web.photo_steps())
    return page(request, web, "photo.html", **values, folded=True)


@router.get("/{photo_id}/made", tags=FOR_PHONES)
def made(request: Request, web: WebDep, photo_id: int, seen: Annotated[str, Query(max_length=40)] = "") -> Response:
    """What was made of the photo as a whole; nothing (204) when it is as the page shows it."""
    with web.app.gallery.begin(write=False) as tx:
        found = made_clear(tx, Path(photo_view(tx, photo_id).photo.path), web.app.embedder.calibration)
    if seen and found.now == seen:
        return Response(status_code=204)
    return fragment(request, web, "parts/made_clear.html", made=found, of=f"/photos/{photo_id}")


@router.get("/{photo_id}/who-is-where", tags=FOR_PHONES)
def who_is_where(web: WebDep, photo_id: int) -> HTMLResponse:
    """A page to be printed or kept: the photo with a number at each face, and the names in rows. It is one file, so its
    style and its picture are in it; nothing else is allowed there."""
    with web.app.gallery.begin(write=False) as tx:
        group = group_photo(tx, photo_id)
    html = group_photo_page(group, photo_as_data(web.pictures, photo_id))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return Html(html, headers={"Content-Security-Policy": policy})


@router.post("/{photo_id}/restore", tags=REVIEWER)
def restore_all(request: Request, web: WebDep, photo_id: int, anyway: Annotated[bool, Form()] = False) -> Response:
    """Have all its faces restored that need it, `anyway` also those that are clear already."""
    with web.app.gallery.begin(write=False) as tx:
        path = Path(photo_view(tx, photo_id).photo.path)
    restore_photo(web.app.gallery, path, anyway=anyway)
    ensure_worker(web.app.settings.folders)
    return made(request, web, photo_id)


@router.post("/{photo_id}/whole", tags=REVIEWER)
def restore_whole(
    request: Request, web: WebDep, photo_id: int, step: Annotated[list[PhotoStep] | None, Form()] = None
) -> Response:
    """Have these steps done to the whole photo."""
    with web.app.gallery.begin(write=False) as tx:
        path = Path(photo_view(tx, photo_id).photo.path)
    restore_photo(web.app.gallery, path, steps=some_steps(step))
    ensure_worker(web.app.settings.folders)
    return made(request, web, photo_id) if by_htmx(request) else go(request, f"/photos/{photo_id}")


@router.get("/{photo_id}/faces", tags=FOR_PHONES)
def faces(request: Request, web: WebDep, photo_id: int) -> HTMLResponse:
    """Boxes and faces as they are now."""
    return _faces(request, web, photo_id)


@router.post("/{photo_id}/faces", tags=REVIEWER)
def draw(
    request: Request,
    web: WebDep,
    photo_id: int,
    x1: Number,
    y1: Number,
    x2: Number,
    y2: Number,
    name: Name = "",
    person: Annotated[int | None, Form()] = None,
) -> HTMLResponse:
    """A face that was not found. It is recognised later, by a job: the site loads no model."""
    box = BBox(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    if min(box.width, box.height) < LEAST_BOX:
        raise UsageError(_("This box is too small. Draw it around the whole face."))
    try:
        done = web.app.people.deciding().draw_face(photo_id, box, name=name, person_id=person)
    except NameTakenError:
        called = name.strip()
        raise UsageError(
            _("Several people are called {name}. Add the face without a name, then say which one.", name=called)
        ) from None
    ensure_worker(web.app.settings.folders)
    text = _("Added {name}.", name=name.strip()) if name.strip() else _("Added the face.")
    return said(_faces(request, web, photo_id, chosen=done.face_id), text, done.id)


@router.post("/{photo_id}/faces/{face_id}/name", tags=REVIEWER)
def give_name(
    request: Request,
    web: WebDep,
    photo_id: int,
    face_id: int,
    stamp: EditToken,
    name: Name = "",
    person: Annotated[int | None, Form()] = None,
) -> HTMLResponse:
    """Who a face is: `person`, or somebody called `name`. When several are, the page asks which one."""
    unchanged = face_unchanged(photo_id, face_id, stamp)
    try:
        done = web.app.people.deciding(given=unchanged).name_face(face_id, name=name, person_id=person)
    except NameTakenError as taken:
        return _faces(request, web, photo_id, which_one={face_id: taken.people})
    return said(_faces(request, web, photo_id), _named(web, face_id), done.id)


@router.post("/{photo_id}/faces/{face_id}/restore", tags=REVIEWER)
def restore(
    request: Request, web: WebDep, photo_id: int, face_id: int, anyway: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """Have a face restored, `anyway` also one that is clear already. What became of it is asked for by the piece of
    page that this answers."""
    job_id = restore_face(web.app.gallery, photo_id, face_id, anyway=anyway)
    ensure_worker(web.app.settings.folders)
    return progress(request, web, photo_id, face_id, job_id)


@router.get("/{photo_id}/faces/{face_id}/restore/{job_id}", tags=FOR_PHONES)
def progress(request: Request, web: WebDep, photo_id: int, face_id: int, job_id: int) -> HTMLResponse:
    """How far the restoration of a face is; asks again by itself until it is done."""
    with web.app.gallery.begin(write=False) as tx:
        job, line, made = restore_progress(tx, job_id, face_id)
    outcome = str((job.progress or {}).get("outcome", "")) if job.state == "done" else ""
    ended = _(OUTCOMES[outcome]) if outcome in OUTCOMES else line.came_of_it
    words = _("It was cancelled.") if job.state == "cancelled" else ended
    values: dict[str, Any] = {"photo_id": photo_id, "face_id": face_id, "job": line, "made": made}
    values |= {"outcome": outcome, "words": words}
    return fragment(request, web, "photo_progress.html", **values)


@router.get("/{photo_id}/faces/{face_id}/who", tags=REVIEWER)
def who(request: Request, web: WebDep, photo_id: int, face_id: int) -> HTMLResponse:
    """The people a face looks like."""
    people = likely_people(web.app, face_id)
    with web.app.gallery.begin(write=False) as tx:
        whose = whose_face(tx, face_id)
    values: dict[str, Any] = {"photo_id": photo_id, "face_id": face_id, "stamp": whose.stamp, "people": people}
    values |= {"somebody": whose.person_id is not None}
    return fragment(request, web, "photo_who.html", **values)


@router.post("/{photo_id}/faces/{face_id}/{verb}", tags=REVIEWER)
def decide(request: Request, web: WebDep, photo_id: int, face_id: int, verb: Verb, stamp: EditToken) -> HTMLResponse:
    """Yes, no, never mind, and back."""
    decide = web.app.people.deciding(given=face_unchanged(photo_id, face_id, stamp))
    with web.app.gallery.begin(write=False) as tx:
        name = whose_face(tx, face_id).name or _("this person")
    match verb:
        case "confirm":
            done = decide.confirm([face_id])
        case "reject":
            done = decide.reject([face_id])
        case "ignore":
            done = decide.ignore_faces([face_id])
        case "bring_back":
            done = decide.ignore_faces([face_id], ignored=False)
    text = {
        "confirm": _("Yes, {name}.", name=name),
        "reject": _("Not {name}; it will be remembered.", name=name),
        "ignore": _("Left out."),
        "bring_back": _("Brought back."),
    }[verb]
    return said(_faces(request, web, photo_id), text, done.id)


def _faces(
    request: Request,
    web: Web,
    photo_id: int,
    *,
    chosen: int | None = None,
    which_one: Mapping[int, Sequence[int]] | None = None,
) -> HTMLResponse:
    """The list of faces, and the boxes with it. `which_one`: face to the people of the name that was typed."""
    with web.app.gallery.begin(write=False) as tx:
        view = photo_view(tx, photo_id)
        offered = {face: cards_of(tx, people) for face, people in (which_one or {}).items()}
    values: dict[str, Any] = {"view": view, "chosen": chosen, "which_one": offered}
    return fragment(request, web, "photo_changed.html", **values)


def _named(web: Web, face_id: int) -> str:
    with web.app.gallery.begin(write=False) as tx:
        who = whose_face(tx, face_id)
    if who.person_id is None:
        return ""
    name = capital(who.name or _("this person"))
    return ngettext("{name}: {n} photo.", "{name}: {n} photos.", who.photos, name=name)
