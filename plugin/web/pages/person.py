"""One person: their faces over the years, who else may be them, and what is said about them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from gallery_db.browse.sql import Visibility
from gallery_db.errors import NotFoundError
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord

from ...errors import UsageError
from ...people.forgetting import forget as purge
from ..context import Web, WebDep
from ..edit_conflicts import Conflict, check, person_stamp
from ..responses import fragment, go, page, said, trigger
from ..views.best_faces import best_faces
from ..views.people_list import SHOWN_WORDS, merge_into, merge_offer, one_person_now, put_on_shelf
from ..views.person_view import UNDATED, date_of, person_head, place_of, timeline
from ..words.likeness import alike_words
from ..words.people import NOBODY_YET, called
from ..words.text import capital

router = APIRouter(prefix="/people/{person_id}")

Order = Literal["newest", "oldest"]
EditToken = Annotated[str, Form()]
STRIP = 12
"""Similar faces that are asked about in one go."""


@router.get("")
def show(request: Request, web: WebDep, person_id: int, order: Order = "newest") -> Response:
    """The person; somebody who was merged away leads to who they are now."""
    with web.app.gallery.begin(write=False) as tx:
        try:
            head = person_head(tx, person_id)
        except NotFoundError:
            heir = tx.browse.heir(person_id)
            if heir is None:
                raise
            return go(request, f"/people/{heir}")
        values = timeline(tx, head, None, oldest_first=order == "oldest")
    return page(request, web, "person.html", **values)


@router.get("/faces")
def faces(request: Request, web: WebDep, person_id: int, after: str = "", order: Order = "newest") -> HTMLResponse:
    """More of the timeline."""
    with web.app.gallery.begin(write=False) as tx:
        values = timeline(tx, person_head(tx, person_id), place_of(after), oldest_first=order == "oldest")
    return fragment(request, web, "parts/person_faces.html", **values)


@router.get("/periods/{period}")
def period(web: WebDep, person_id: int, period: str) -> JSONResponse:
    """Ids of all faces of a month or year, also of those that were not scrolled to yet."""
    with web.app.gallery.begin(write=False) as tx:
        return JSONResponse(tx.browse.of_period(person_id, None if period == UNDATED else period))


@router.post("/name")
def rename(
    request: Request,
    web: WebDep,
    person_id: int,
    stamp: EditToken,
    name: Annotated[str, Form(max_length=200)] = "",
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """A name. When somebody else has it, both are shown: one person, or two of that name?"""
    with web.app.gallery.begin(write=False) as tx:
        twins = [p.id for p in tx.people.by_name(name) if p.id != person_id] if name.strip() else []
        if twins and not anyway:
            values = merge_offer(tx, [*twins[:1], person_id])
            return fragment(
                request, web, "parts/merge_offer.html", action=f"/people/{person_id}/merge", rename=name, **values
            )

    def verb(tx: Tx) -> DecisionRecord:
        check(stamp, person_stamp(tx, person_id), "this person")
        return tx.decisions.name(person_id, name)

    words = f"This is {name.strip()}." if name.strip() else "The name was taken away."
    return _decided(request, web, person_id, verb, words)


@router.get("/names")
def names(request: Request, web: WebDep, person_id: int, name: str = "") -> HTMLResponse:
    """People whose name has what was typed so far."""
    with web.app.gallery.begin(write=False) as tx:
        found = tx.browse.people("shown", search=name, limit=7) if name.strip() else []
    cards = [p for p in found if p.id != person_id and p.name is not None][:6]
    return fragment(request, web, "parts/person_names.html", person_id=person_id, cards=cards)


@router.post("/birth-date")
def birth_date(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, born: Annotated[str, Form()] = ""
) -> Response:
    """When they were born: older photos are never theirs, and ages are shown."""
    when = date_of(born)

    def verb(tx: Tx) -> DecisionRecord:
        check(stamp, person_stamp(tx, person_id), "this person")
        return tx.decisions.birth_date(person_id, when)

    response = _decided(request, web, person_id, verb, "The birth date is noted." if when else "No birth date now.")
    return trigger(response, "reload", {})  # ages stand under every face


@router.post("/shown")
def shown(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, to: Annotated[Visibility, Form()]
) -> Response:
    """In the lists, hidden, or a stranger."""
    with web.app.gallery.begin(write=False) as tx:
        words = capital(SHOWN_WORDS[to].format(called(tx, person_id)))
    return _decided(request, web, person_id, lambda tx: put_on_shelf(tx, person_id, stamp, to), words)


@router.post("/cover")
def cover(request: Request, web: WebDep, person_id: int, faces: Annotated[int, Form()], stamp: EditToken) -> Response:
    """The face that stands for them."""

    def verb(tx: Tx) -> DecisionRecord:
        check(stamp, person_stamp(tx, person_id), "this person")
        if tx.faces.get(faces).person_id != person_id:
            raise Conflict("This face was moved in another window; here is how it is now.")
        return tx.decisions.cover(person_id, faces)

    return _decided(request, web, person_id, verb, "This is the cover now.")


@router.get("/picker")
def picker(request: Request, web: WebDep, person_id: int, q: str | None = None) -> HTMLResponse:
    """Who may be the same person: by likeness, or by name."""
    with web.app.gallery.begin(write=False) as tx:
        head, words = person_head(tx, person_id), {}
        if not (q or "").strip():
            alike = web.app.similar_faces.people(tx, person_id)
            words = {a.id: (alike_words(a.similarity, web.app.embedder.calibration), a.similarity) for a in alike}
            found = tx.browse.cards(words)
        else:
            found = [p for p in tx.browse.people("shown", search=q or "", limit=25) if p.id != person_id]
        together = tx.browse.together(person_id, [p.id for p in found])
    cards = [(p, *words.get(p.id, ("", None)), together.get(p.id, 0)) for p in found]
    name = "parts/merge_picker.html" if q is None else "parts/merge_picker_list.html"
    return fragment(request, web, name, head=head, cards=cards, q=q or "")


@router.get("/merge/{other_id}")
def offer_merge(request: Request, web: WebDep, person_id: int, other_id: int) -> HTMLResponse:
    """Both side by side: one person?"""
    with web.app.gallery.begin(write=False) as tx:
        values = merge_offer(tx, [person_id, other_id])
    return fragment(request, web, "parts/merge_offer.html", action=f"/people/{person_id}/merge", **values)


@router.post("/merge")
def merge(
    request: Request,
    web: WebDep,
    person_id: int,
    person: Annotated[list[int], Form()],
    stamp: Annotated[list[str], Form()],
    keep: Annotated[int, Form()],
) -> Response:
    """They are one person; on to whoever stays."""
    done = web.app.people.decide(lambda tx: merge_into(tx, person, stamp, keep))
    with web.app.gallery.begin(write=False) as tx:
        name = tx.people.get(keep).name
    return go(request, f"/people/{keep}", one_person_now(name), undo=done.id)


@router.get("/similar")
def similar(request: Request, web: WebDep, person_id: int, but: str = "") -> HTMLResponse:
    """Faces that may be theirs, one to be answered and some that follow. `but`: ids that were skipped."""
    return fragment(request, web, "parts/person_similar.html", **_similar(web, person_id, but))


@router.post("/similar/{face_id}")
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

    def verb(tx: Tx) -> DecisionRecord:
        face = tx.faces.get(face_id)
        if face.confirmed or str(face.person_id or "") != owner or face.state not in ("ok", "doubtful"):
            raise Conflict("This face was decided about in another window; here is how it is now.")
        tx.people.get(person_id)
        yes = answer == "yes"
        return tx.decisions.assign([face_id], person_id) if yes else tx.decisions.reject([face_id], person_id)

    done = web.app.people.decide(verb)
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    words = f"Yes: one more of {head.called}." if answer == "yes" else f"Not {head.called}. This is remembered."
    response = fragment(request, web, "parts/person_similar.html", **_similar(web, person_id, but) | {"head": head})
    return said(response, words, undo=done.id)


@router.get("/best")
def best(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """The photos that would help to restore a face of theirs, and why."""
    return fragment(request, web, "parts/person_best.html", **best_faces(web.app, person_id))


@router.get("/forget")
def ask_forget(request: Request, web: WebDep, person_id: int) -> HTMLResponse:
    """What would be deleted; the name has to be typed."""
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    return fragment(request, web, "parts/person_forget.html", head=head)


@router.post("/forget")
def forget(
    request: Request, web: WebDep, person_id: int, stamp: EditToken, name: Annotated[str, Form()] = ""
) -> Response:
    """Delete all that could recognise or name them, for ever."""
    with web.app.gallery.begin(write=False) as tx:
        check(stamp, person_stamp(tx, person_id), "this person")
        wanted = tx.people.get(person_id).name or FORGET_WORD
    if name.strip().casefold() != wanted.casefold():
        raise UsageError(f"Nothing was deleted. To forget {wanted}, type the name exactly: {wanted}")
    done = purge(web.app.gallery, web.app.settings.folders, person_id)
    return go(request, "/people", f"Forgotten: {done.faces:,} faces and all that was known of them.")


FORGET_WORD = NOBODY_YET
"""To be typed for somebody without a name."""


def _similar(web: Web, person_id: int, but: str) -> dict[str, Any]:
    skipped = {int(part) for part in but.split(",") if part.isdecimal()}
    with web.app.gallery.begin(write=False) as tx:
        card = person_head(tx, person_id).card
        found = web.app.similar_faces.faces(tx, person_id, limit=STRIP + len(skipped))
        found = [f for f in found if f.id not in skipped][:STRIP]
        records = {f.id: f for f in tx.faces.by_ids([f.id for f in found])}
    alike = ((f, alike_words(f.similarity, web.app.embedder.calibration)) for f in found)
    shown = [(records[f.id], words, f.similarity) for f, words in alike if words and f.id in records]
    return {"person": card, "similar": shown, "but": ",".join(map(str, sorted(skipped))), "head": None}


def _decided(
    request: Request, web: Web, person_id: int, verb: Callable[[Tx], DecisionRecord], words: str
) -> HTMLResponse:
    """Decide about the person, then show the head as it is now."""
    done = web.app.people.decide(verb)
    with web.app.gallery.begin(write=False) as tx:
        head = person_head(tx, person_id)
    return said(fragment(request, web, "parts/person_changed.html", head=head), words, undo=done.id)
