"""One person: their faces over the years, who else may be them, and what is said about them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from ...errors import UnknownIdError, UsageError
from ...languages import _, ngettext
from ...people.decisions import Decisions, NameTakenError, Visibility
from ...people.forgetting import forget as purge
from ..context import FOR_PHONES, Web, WebDep
from ..edit_conflicts import all_of, check, face_still_of, face_undecided, person_unchanged
from ..responses import fragment, go, page, said, trigger
from ..server.roles import ADMIN, REVIEWER
from ..views.best_faces import best_faces
from ..views.life_line import life_line
from ..views.people_list import SHOWN_WORDS, merge_offer, one_person_now, other_people, people_unchanged
from ..views.person_view import date_of, faces_of_period, heir_of, person_head, place_of, timeline
from ..views.pickers import named_like, same_person, similar_to
from ..words.answers import REMEMBERED
from ..words.people import called
from ..words.text import capital

router = APIRouter(prefix="/people/{person_id}")

Order = Literal["newest", "oldest"]
EditToken = Annotated[str, Form()]


@router.get("", tags=FOR_PHONES)
def show(request: Request, web: WebDep, person_id: int, order: Order = "newest") -> Response:
    """The person; somebody who was merged away leads to who they are now."""
    with web.app.gallery.begin(write=False) as tx:
        try:
            head = person_head(tx, person_id)
        except UnknownIdError:
            heir = heir_of(tx, person_id)
            if heir is None:
                raise
            return go(request, f"/people/{heir}")
        values = timeline(tx, head, None, oldest_first=order == "oldest")
        life = life_line(tx, head.card, web.app.lives, values["blurred"])
    return page(request, web, "person.html", life=life, **values)


@router.get("/faces", tags=FOR_PHONES)
def faces(request: Request, web: WebDep, person_id: int, after: str = "", order: Order = "newest") -> HTMLResponse:
    """More of the timeline."""
    with web.app.gallery.begin(write=False) as tx:
        values = timeline(tx, person_head(tx, person_id), place_of(after), oldest_first=order == "oldest")
    return fragment(request, web, "parts/person_faces.html", **values)


@router.get("/periods/{period}")
def period(web: WebDep, person_id: int, period: str) -> JSONResponse:
    """Ids of all faces of a month or year, also of those that were not scrolled to yet."""
    with web.app.gallery.begin(write=False) as tx:
        return JSONResponse(faces_of_period(tx, person_id, period))


@router.post("/name", tags=REVIEWER)
def rename(
    request: Request,
    web: WebDep,
    person_id: int,
    stamp: EditToken,
    name: Annotated[str, Form(max_length=200)] = "",
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """A name. When somebody else has it, both are shown: one person, or two of that name?"""
    try:
        done = _deciding(web, person_id, stamp).name(person_id, name, anyway=anyway)
    except NameTakenError as taken:
        with web.app.gallery.begin(write=False) as tx:
            values = merge_offer(tx, [taken.people[0], person_id])
        return fragment(
            request, web, "parts/merge_offer.html", action=f"/people/{person_id}/merge", rename=name, **values
        )
    words = _("This is {name}.", name=name.strip()) if name.strip() else _("The name was taken away.")
    return _changed(request, web, person_id, words, done.id)


@router.get("/names")
def names(request: Request, web: WebDep, person_id: int, name: str = "") -> HTMLResponse:
    """People whose name has what was typed so far."""
    found = named_like(web.app.gallery, name, limit=7) if name.strip() else []
    cards = [p for p in found if p.id != person_id][:6]
    return fragment(request, web, "parts/person_names.html", person_id=person_id, cards=cards)


@router.post("/birth-date", tags=REVIEWER)
def birth_date(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, born: Annotated[str, Form()] = ""
) -> Response:
    """When they were born: older photos are never theirs, and ages are shown."""
    when = date_of(born)
    done = _deciding(web, person_id, stamp).birth_date(person_id, when)
    response = _changed(
        request, web, person_id, _("The birth date is noted.") if when else _("No birth date now."), done.id
    )
    return trigger(response, "reload", {})  # ages stand under every face


@router.post("/shown", tags=REVIEWER)
def shown(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, to: Annotated[Visibility, Form()]
) -> Response:
    """In the lists, hidden, or a stranger."""
    with web.app.gallery.begin(write=False) as tx:
        words = capital(_(SHOWN_WORDS[to], name=called(tx, person_id)))
    done = _deciding(web, person_id, stamp).show_as(person_id, to)
    return _changed(request, web, person_id, words, done.id)


@router.post("/cover", tags=REVIEWER)
def cover(request: Request, web: WebDep, person_id: int, faces: Annotated[int, Form()], stamp: EditToken) -> Response:
    """The face that stands for them."""
    given = all_of(person_unchanged(stamp, person_id), face_still_of(faces, person_id))
    done = web.app.people.deciding(given=given).cover(person_id, faces)
    return _changed(request, web, person_id, _("This is the cover now."), done.id)


@router.get("/picker", tags=REVIEWER)
def picker(request: Request, web: WebDep, person_id: int, q: str | None = None) -> HTMLResponse:
    """Who may be the same person: by likeness, or by name."""
    head, cards = same_person(web.app, person_id, q or "")
    name = "parts/merge_picker.html" if q is None else "parts/merge_picker_list.html"
    return fragment(request, web, name, head=head, cards=cards, q=q or "")


@router.get("/merge/{other_id}", tags=REVIEWER)
def offer_merge(request: Request, web: WebDep, person_id: int, other_id: int) -> HTMLResponse:
    """Both side by side: one person?"""
    with web.app.gallery.begin(write=False) as tx:
        values = merge_offer(tx, [person_id, other_id])
    return fragment(request, web, "parts/merge_offer.html", action=f"/people/{person_id}/merge", **values)


@router.post("/merge", tags=REVIEWER)
def merge(
    request: Request,
    web: WebDep,
    person_id: int,
    person: Annotated[list[int], Form()],
    stamp: Annotated[list[str], Form()],
    keep: Annotated[int, Form()],
) -> Response:
    """They are one person; on to whoever stays."""
    unchanged = people_unchanged(person, stamp)
    done = web.app.people.deciding(given=unchanged).merge(keep, other_people(person, keep))
    name = web.app.people.summary(keep).name
    return go(request, f"/people/{keep}", one_person_now(name), undo=done.id)


@router.get("/similar", tags=FOR_PHONES)
def similar(request: Request, web: WebDep, person_id: int, but: str = "") -> HTMLResponse:
    """Faces that may be theirs, one to be answered and some that follow. `but`: ids that were skipped."""
    return fragment(request, web, "parts/person_similar.html", **_similar(web, person_id, but))


@router.post("/similar/{face_id}", tags=FOR_PHONES + REVIEWER)
def answer_similar(
    request: Request,
    web: WebDep,
    person_id: int,
    face_id: int,
    answer: Annotated[Literal["yes", "no"], Form()],
    owner: Annotated[str, Form(pattern=r"^\d*$")] = "",
    but: Annotated[str, Form()] = "",
) -> Response:
    """Yes or no; the next one is shown."""
    decide = web.app.people.deciding(given=face_undecided(face_id, int(owner) if owner else None))
    done = decide.assign([face_id], person_id) if answer == "yes" else decide.reject([face_id], person_id)
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    said_no = _("Not {name}.", name=head.called) + " " + _(REMEMBERED)
    words = _("Yes: one more of {name}.", name=head.called) if answer == "yes" else said_no
    response = fragment(request, web, "parts/person_similar.html", **_similar(web, person_id, but) | {"head": head})
    return said(response, words, undo=web.answered(done.id))


@router.get("/best", tags=FOR_PHONES)
def best(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """The photos that would help to restore a face of theirs, and why."""
    return fragment(request, web, "parts/person_best.html", **best_faces(web.app, person_id))


@router.get("/forget", tags=ADMIN)
def ask_forget(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """What would be deleted; the name has to be typed."""
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    return fragment(request, web, "parts/person_forget.html", head=head)


@router.post("/forget", tags=ADMIN)
def forget(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, name: Annotated[str, Form()] = ""
) -> Response:
    """Delete all that could recognise or name them, for ever."""
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    check(stamp, head.stamp, _("this person"))
    wanted = head.called
    if name.strip().casefold() != wanted.casefold():
        raise UsageError(_("Nothing was deleted. To forget {name}, type the name exactly: {name}", name=wanted))
    done = purge(web.app.gallery, web.app.settings.folders, person_id)
    return go(
        request,
        "/people",
        ngettext(
            "Forgotten: {n} face and all that was known of it.",
            "Forgotten: {n} faces and all that was known of them.",
            done.faces,
        ),
    )


def _similar(web: Web, person_id: int, but: str) -> dict[str, Any]:
    skipped = {int(part) for part in but.split(",") if part.isdecimal()}
    person, found = similar_to(web.app, person_id, skipped)
    return {"person": person.card, "similar": found, "but": ",".join(map(str, sorted(skipped))), "head": None}


def _deciding(web: Web, person_id: int, stamp: str) -> Decisions:
    """The verbs, as long as the person is what the page showed."""
    return web.app.people.deciding(given=person_unchanged(stamp, person_id))


def _changed(request: Request, web: Web, person_id: int, words: str, undo: int) -> HTMLResponse:
    """The head as it is after the decision `undo`."""
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    return said(fragment(request, web, "parts/person_changed.html", head=head), words, undo=undo)
