"""All people: a grid of faces with names, and the lists beside it: hidden, ignored, and faces of nobody."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from ...languages import _
from ...people.decisions import NameTakenError, Visibility
from ..context import FOR_PHONES, WebDep
from ..edit_conflicts import person_unchanged
from ..responses import fragment, page, said, trigger
from ..server.roles import REVIEWER
from ..views.people_list import (
    SHOWN_WORDS,
    Tab,
    loose_faces_from,
    merge_offer,
    one_of_the_list,
    one_person_now,
    other_people,
    people_from,
    people_list,
    people_unchanged,
)
from ..views.person_view import tab_counts
from ..words.people import called
from ..words.text import capital

router = APIRouter()


@router.get("/people", tags=FOR_PHONES)
def show(request: Request, web: WebDep, tab: Tab = "people", q: str = "") -> HTMLResponse:
    """One of the lists, from its beginning."""
    with web.app.gallery.begin(write=False) as tx:
        values = people_list(tx, tab, q)
    return page(request, web, "people.html", **values)


@router.get("/people/list", tags=FOR_PHONES)
def more(request: Request, web: WebDep, tab: Tab = "people", q: str = "", after: str = "") -> HTMLResponse:
    """People from a place on; without one, what a search finds."""
    with web.app.gallery.begin(write=False) as tx:
        values = people_from(tx, tab, q, after)
    return fragment(request, web, "parts/people_list.html", **values)


@router.get("/people/faces", tags=FOR_PHONES)
def more_faces(request: Request, web: WebDep, tab: Tab = "nobody", after: str = "") -> HTMLResponse:
    """Faces of nobody, or ignored ones, from a place on."""
    with web.app.gallery.begin(write=False) as tx:
        values = loose_faces_from(tx, tab, after)
    return fragment(request, web, "parts/loose_faces.html", **values)


@router.post("/people/shown", tags=REVIEWER)
def set_shown(
    request: Request,
    web: WebDep,
    person: Annotated[int, Form()],
    stamp: Annotated[str, Form()],
    to: Annotated[Visibility, Form()],
) -> Response:
    """Into the lists, out of them, or a stranger; the person leaves the list that is open."""
    done = web.app.people.deciding(given=person_unchanged(stamp, person)).show_as(person, to)
    with web.app.gallery.begin(write=False) as tx:
        name, counts = called(tx, person), tab_counts(tx)
    # First what is said: htmx tells it to the button, which then leaves the page.
    response = said(Response(status_code=200), capital(_(SHOWN_WORDS[to], name=name)), undo=done.id)
    return trigger(response, "gone", {"people": [person], "counts": counts})


@router.post("/people/{person_id}/named", tags=REVIEWER)
def set_name(
    request: Request,
    web: WebDep,
    person_id: int,
    stamp: Annotated[str, Form()],
    name: Annotated[str, Form(max_length=200)],
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """A name for somebody in the list. When somebody else has it, both are shown: one person, or two of that name?"""
    try:
        done = web.app.people.deciding(given=person_unchanged(stamp, person_id)).name(person_id, name, anyway=anyway)
    except NameTakenError as taken:
        with web.app.gallery.begin(write=False) as tx:
            values = merge_offer(tx, [taken.people[0], person_id])
        values |= {"action": "/people/merge", "rename": name, "rename_at": f"/people/{person_id}/named"}
        return fragment(request, web, "parts/merge_offer.html", **values)
    with web.app.gallery.begin(write=False) as tx:
        card, now, version = one_of_the_list(tx, person_id)
    response = fragment(request, web, "parts/people_changed.html", card=card, stamp=now, version=version)
    return said(response, _("This is {name}.", name=card.name or ""), undo=done.id)


@router.get("/people/merge", tags=REVIEWER)
def offer_merge(request: Request, web: WebDep, person: Annotated[list[int], Query()]) -> HTMLResponse:
    """People side by side: are they one?"""
    with web.app.gallery.begin(write=False) as tx:
        values = merge_offer(tx, person)
    return fragment(request, web, "parts/merge_offer.html", action="/people/merge", **values)


@router.post("/people/merge", tags=REVIEWER)
def merge(
    request: Request,
    web: WebDep,
    person: Annotated[list[int], Form()],
    stamp: Annotated[list[str], Form()],
    keep: Annotated[int, Form()],
) -> Response:
    """They are one person. `stamp` belongs to `person`, in the same order."""
    unchanged = people_unchanged(person, stamp)
    done = web.app.people.deciding(given=unchanged).merge(keep, other_people(person, keep))
    with web.app.gallery.begin(write=False) as tx:
        (card, now, version), counts = one_of_the_list(tx, keep), tab_counts(tx)
    response = fragment(request, web, "parts/people_changed.html", card=card, stamp=now, version=version)
    said(response, one_person_now(card.name), undo=done.id)
    return trigger(response, "gone", {"people": [p for p in person if p != keep], "counts": counts})
