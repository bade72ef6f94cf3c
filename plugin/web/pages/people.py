"""All people: a grid of faces with names, and the lists beside it: hidden, ignored, and faces of nobody."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from gallery_db.browse.repository import FacePlace, PersonPlace
from gallery_db.browse.sql import Visibility
from gallery_db.gallery import Tx

from ...errors import UsageError
from ..context import WebDep
from ..responses import fragment, page, said, trigger
from ..views.people_list import SHOWN_WORDS, merge_into, merge_offer, one_person_now, put_on_shelf, stamped
from ..views.person_view import tab_counts, versions
from ..words.people import called
from ..words.text import capital

router = APIRouter()

Tab = Literal["people", "hidden", "nobody", "ignored"]
SHELVES: dict[Tab, Visibility] = {"people": "shown", "hidden": "hidden", "ignored": "ignored"}
PEOPLE, FACES = 60, 120
"""How many of each come at a time."""


@router.get("/people")
def show(request: Request, web: WebDep, tab: Tab = "people", q: str = "") -> HTMLResponse:
    """One of the lists, from its beginning."""
    with web.app.gallery.begin(write=False) as tx:
        values = _people(tx, tab, q, None) | _faces(tx, tab, None) | {"counts": tx.browse.counts()}
    return page(request, web, "people.html", **values)


@router.get("/people/list")
def more(request: Request, web: WebDep, tab: Tab = "people", q: str = "", after: str = "") -> HTMLResponse:
    """People from a place on; without one, what a search finds."""
    with web.app.gallery.begin(write=False) as tx:
        values = _people(tx, tab, q, _person_place(after))
    return fragment(request, web, "parts/people_list.html", **values)


@router.get("/people/faces")
def more_faces(request: Request, web: WebDep, tab: Tab = "nobody", after: str = "") -> HTMLResponse:
    """Faces of nobody, or ignored ones, from a place on."""
    with web.app.gallery.begin(write=False) as tx:
        values = _faces(tx, tab, _face_place(after))
    return fragment(request, web, "parts/loose_faces.html", **values)


@router.post("/people/shown")
def set_shown(
    request: Request,
    web: WebDep,
    person: Annotated[int, Form()],
    stamp: Annotated[str, Form()],
    to: Annotated[Visibility, Form()],
) -> Response:
    """Into the lists, out of them, or a stranger; the person leaves the list that is open."""
    done = web.app.people.decide(lambda tx: put_on_shelf(tx, person, stamp, to))
    with web.app.gallery.begin(write=False) as tx:
        name, counts = called(tx, person), tab_counts(tx.browse.counts())
    # First what is said: htmx tells it to the button, which then leaves the page.
    response = said(Response(status_code=200), capital(SHOWN_WORDS[to].format(name)), undo=done.id)
    return trigger(response, "gone", {"people": [person], "counts": counts})


@router.get("/people/merge")
def offer_merge(request: Request, web: WebDep, person: Annotated[list[int], Query()]) -> HTMLResponse:
    """People side by side: are they one?"""
    with web.app.gallery.begin(write=False) as tx:
        values = merge_offer(tx, person)
    return fragment(request, web, "parts/merge_offer.html", action="/people/merge", **values)


@router.post("/people/merge")
def merge(
    request: Request,
    web: WebDep,
    person: Annotated[list[int], Form()],
    stamp: Annotated[list[str], Form()],
    keep: Annotated[int, Form()],
) -> Response:
    """They are one person. `stamp` belongs to `person`, in the same order."""
    done = web.app.people.decide(lambda tx: merge_into(tx, person, stamp, keep))
    with web.app.gallery.begin(write=False) as tx:
        [(card, now, version)], counts = stamped(tx, tx.browse.cards([keep])), tab_counts(tx.browse.counts())
    response = fragment(request, web, "parts/people_changed.html", card=card, stamp=now, version=version)
    said(response, one_person_now(card.name), undo=done.id)
    return trigger(response, "gone", {"people": [p for p in person if p != keep], "counts": counts})


def _people(tx: Tx, tab: Tab, q: str, after: PersonPlace | None) -> dict[str, Any]:
    shelf = SHELVES.get(tab)
    found = [] if shelf is None else tx.browse.people(shelf, search=q, after=after, limit=PEOPLE + 1)
    cards = found[:PEOPLE]
    place = cards[-1].place if len(found) > PEOPLE else None
    text = None if place is None else f"{int(place.unnamed)}-{place.photos}-{place.person_id}"
    return {"tab": tab, "q": q, "people": stamped(tx, cards), "after": text, "begins": after is None}


def _faces(tx: Tx, tab: Tab, after: FacePlace | None) -> dict[str, Any]:
    found = []
    if tab == "nobody":
        found = tx.browse.loose(after=after, limit=FACES + 1)
    elif tab == "ignored":
        found = tx.browse.ignored_faces(after=after, limit=FACES + 1)
    faces = found[:FACES]
    place = faces[-1].place if len(found) > FACES else None
    text = None if place is None else f"{place.id}~{'' if place.quality is None else place.quality!r}"
    return {"tab": tab, "faces": faces, "faces_after": text, "versions": versions(tx, [f.id for f in faces])}


def _person_place(text: str) -> PersonPlace | None:
    """The inverse of what `_people` puts into the page. Raises UsageError for anything else."""
    if not text:
        return None
    try:
        unnamed, photos, person_id = (int(part) for part in text.split("-"))
    except ValueError:
        raise UsageError(f"{text!r} is no place in the list of people") from None
    return PersonPlace(bool(unnamed), photos, person_id)


def _face_place(text: str) -> FacePlace | None:
    """The inverse of what `_faces` puts into the page. Raises UsageError for anything else."""
    if not text:
        return None
    face_id, _, quality = text.partition("~")
    try:
        return FacePlace(int(face_id), quality=float(quality) if quality else None)
    except ValueError:
        raise UsageError(f"{text!r} is no place in a list of faces") from None
