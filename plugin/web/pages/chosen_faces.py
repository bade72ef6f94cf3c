"""What is done with faces that were chosen on a page: whose they are, whose not, or never mind.

The page says whose they were (`of`, empty: nobody's). When one of them is somebody else's by now, nothing is done.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import UsageError
from ...languages import _, ngettext
from ...people.decisions import Decisions
from ..context import Web, WebDep
from ..responses import fragment, go, said, trigger
from ..server.roles import REVIEWER
from ..views.chosen_view import counts_left, faces_unchanged, head_with_faces
from ..views.person_view import tab_counts
from ..views.pickers import other_person
from ..words.answers import REMEMBERED
from ..words.people import called

router = APIRouter(prefix="/people/chosen")

ChosenFaces = Annotated[str, Form(pattern=r"^\d+(,\d+)*$", max_length=500_000)]
"""Ids with commas: one field, however many faces a month has."""
Of = Annotated[str, Form(pattern=r"^\d*$")]
LOOKED_AT = 16
"""So many of the chosen faces are compared with people."""


@router.get("/picker", tags=REVIEWER)
def picker(request: Request, web: WebDep, faces: str = "", of: str = "", q: str = "", count: int = 1) -> HTMLResponse:
    """Who else they may be: people by likeness, or by name."""
    cards = other_person(web.app, _ids(faces)[:LOOKED_AT], _owner(of), q)
    name = "parts/faces_picker_list.html" if "q" in request.query_params else "parts/faces_picker.html"
    return fragment(request, web, name, cards=cards, of=of, q=q, count=count)


@router.post("/move", tags=REVIEWER)
def move(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "", to: Annotated[int, Form()] = 0) -> Response:
    """They are somebody else, who is known."""
    done = _deciding(web, faces, of).assign(_ids(faces), to)
    return _gone(
        request,
        web,
        faces,
        of,
        ngettext("{n} face moved to {to}.", "{n} faces moved to {to}.", len(_ids(faces)), to=_name(web, to)),
        done.id,
    )


@router.post("/new", tags=REVIEWER)
def new(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "", name: Annotated[str, Form()] = "") -> Response:
    """They are somebody new."""
    owner, decide = _owner(of), _deciding(web, faces, of)
    ids = _ids(faces)
    done = decide.assign_new(ids, name) if owner is None else decide.split(owner, ids, name=name)
    return _gone(
        request,
        web,
        faces,
        of,
        ngettext("{n} face is somebody new now.", "{n} faces are somebody new now.", len(ids)),
        done.id,
    )


@router.post("/not", tags=REVIEWER)
def are_not(request: Request, web: WebDep, faces: ChosenFaces, of: Annotated[str, Form(pattern=r"^\d+$")]) -> Response:
    """They are not this person; that is remembered."""
    done = _deciding(web, faces, of).reject(_ids(faces), int(of))
    words = ngettext("{n} face is not {name}.", "{n} faces are not {name}.", len(_ids(faces)), name=_name(web, int(of)))
    return _gone(request, web, faces, of, f"{words} {_(REMEMBERED)}", done.id)


@router.post("/ignore", tags=REVIEWER)
def ignore(request: Request, web: WebDep, faces: ChosenFaces, of: Of = "") -> Response:
    """Not a face, or never mind whose."""
    done = _deciding(web, faces, of).ignore_faces(_ids(faces))
    return _gone(
        request, web, faces, of, ngettext("{n} face ignored.", "{n} faces ignored.", len(_ids(faces))), done.id
    )


@router.post("/put-back", tags=REVIEWER)
def put_back(request: Request, web: WebDep, faces: ChosenFaces) -> Response:
    """They are faces after all."""
    given = faces_unchanged(_ids(faces), None, "ignored")
    done = web.app.people.deciding(given=given).ignore_faces(_ids(faces), ignored=False)
    return _gone(
        request, web, faces, "", ngettext("{n} face put back.", "{n} faces put back.", len(_ids(faces))), done.id
    )


def _deciding(web: Web, faces: str, of: str) -> Decisions:
    """The verbs, as long as the faces are whose the page showed."""
    return web.app.people.deciding(given=faces_unchanged(_ids(faces), _owner(of)))


def _gone(request: Request, web: Web, faces: str, of: str, text: str, undo: int) -> Response:
    """Take the faces that the decision `undo` was about out of the page that is open."""
    ids, owner = _ids(faces), _owner(of)
    with web.app.gallery.begin(write=False) as tx:
        if owner is None:
            response = said(Response(status_code=200), text, undo=undo)
            return trigger(response, "gone", {"counts": tab_counts(tx)})
        head = head_with_faces(tx, owner)
        if head is None:
            return go(request, "/people", text, undo=undo)
        counts = counts_left(tx, head, ids)
    response = said(fragment(request, web, "parts/person_changed.html", head=head), text, undo=undo)
    return trigger(response, "gone", {"counts": counts})


def _name(web: Web, person_id: int) -> str:
    with web.app.gallery.begin(write=False) as tx:
        return called(tx, person_id)


def _ids(text: str) -> list[int]:
    """Face ids without repetitions. Raises UsageError."""
    if text and not all(part.isdecimal() for part in text.split(",")):
        raise UsageError(_("These are no faces."))
    return list(dict.fromkeys(int(part) for part in text.split(",") if part))


def _owner(of: str) -> int | None:
    if of and not of.isdecimal():
        raise UsageError(_("This is nobody."))
    return int(of) if of else None
