"""One question at a time: the answer is a decision, and the next question comes with it."""

from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gallery_db.gallery import Tx
from gallery_db.questions.repository import PUT_OFF_DAYS
from gallery_db.records import DecisionRecord, QuestionKind, QuestionRecord

from ...errors import UsageError
from ...people.answers import QuestionAnswer, SeveralError, decide
from ..context import Web, WebDep
from ..edit_conflicts import Conflict, check
from ..responses import by_htmx, fragment, go, page, said, trigger
from ..views.asking import person_view, stamp_of, view
from ..words.answers import answer_words

router = APIRouter(prefix="/review")

KINDS: dict[QuestionKind, str] = {
    "who": "Who is this?",
    "merge": "Same person?",
    "join": "Is this them?",
    "twins": "Twice in a photo",
}
NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Filter:
    """Which questions are gone through."""

    kind: QuestionKind | None = None
    person_id: int | None = None

    def url(self, path: str = "/review", **changed: Any) -> str:
        """Address of the page (or of another `path`) with another filter."""
        values = {"kind": self.kind, "person": self.person_id} | changed
        query = "&".join(f"{k}={v}" for k, v in values.items() if v is not None)
        return path + (f"?{query}" if query else "")


@router.get("")
def show(request: Request, web: WebDep, kind: str = "", person: int | None = None) -> HTMLResponse:
    """The most useful question."""
    only = Filter(_kind(kind), person)
    return page(request, web, "review.html", **_next(web, only))


@router.get("/names")
def names(request: Request, web: WebDep, name: str = "") -> HTMLResponse:
    """People whose name has what was typed, for the list under the field."""
    with web.app.gallery.begin(write=False) as tx:
        found = tx.browse.people("shown", search=name, limit=NAMES_SHOWN) if name.strip() else []
    return fragment(request, web, "review_names.html", people=[p for p in found if p.name])


@router.get("/ahead")
def ahead(web: WebDep, after: int, kind: str = "", person: int | None = None) -> list[str]:
    """Addresses of the pictures of the question after this one: they are there when it is asked."""
    with web.app.gallery.begin(write=False) as tx:
        found = tx.questions.open(kind=_kind(kind), person_id=person, after=after, limit=1)
        return view(tx, found[0]).pictures if found else []


@router.post("/{question_id}")
def answer(
    request: Request,
    web: WebDep,
    question_id: int,
    answer: Annotated[str, Form()],
    stamp: Annotated[str, Form()],
    kind: Annotated[str, Form()] = "",
    person: Annotated[int | None, Form()] = None,
    name: Annotated[str, Form(max_length=200)] = "",
    who: Annotated[int | None, Form()] = None,
) -> Response:
    """Answer one question; shows the next. Raises Conflict when it was answered elsewhere, or changed."""
    only = Filter(_kind(kind), person)
    if answer == "not-sure":
        return _put_off(request, web, question_id, stamp, only)
    if answer not in get_args(QuestionAnswer):
        raise UsageError(f"{answer!r} is no answer")
    verb, said_so = cast(QuestionAnswer, answer), ""

    def carry_out(tx: Tx) -> DecisionRecord:
        nonlocal said_so
        asked = _still_open(tx, question_id, stamp)
        said_so = answer_words(tx, asked, verb, name.strip())
        return decide(tx, asked, verb, name=name, who=who)

    try:
        done = web.app.people.decide(carry_out)
    except SeveralError as e:
        return _offer(request, web, question_id, only, name.strip(), e.people)
    return _go_on(request, web, only, said_so, done.id)


def _put_off(request: Request, web: Web, question_id: int, stamp: str, only: Filter) -> Response:
    with web.app.gallery.begin() as tx:
        _still_open(tx, question_id, stamp)
        tx.questions.put_off(question_id)
    text = f"Put off for {PUT_OFF_DAYS} days, or until there is more to go by."
    return _go_on(request, web, only, text, f"question/{question_id}")


def _go_on(request: Request, web: Web, only: Filter, text: str, undo: int | str) -> Response:
    """The next question, and what was done with the last one. `undo` is what follows /undo/ in an address."""
    if not by_htmx(request):
        return go(request, only.url())
    response = fragment(request, web, "review_question.html", **_next(web, only))
    return (
        said(response, text, undo)
        if isinstance(undo, int)
        else trigger(response, "toast", {"text": text, "undo": undo})
    )


def _offer(request: Request, web: Web, question_id: int, only: Filter, name: str, people: list[int]) -> HTMLResponse:
    """The same question once more, with those who have the name already."""
    with web.app.gallery.begin(write=False) as tx:
        open_now = tx.questions.get(question_id)
        if open_now is None:
            raise Conflict(ANSWERED)
        offers = [person_view(tx, p) for p in people]
        values = _values(tx, only, open_now) | {"offers": offers, "typed": name}
    show = fragment if by_htmx(request) else page
    return show(request, web, "review_question.html" if by_htmx(request) else "review.html", **values)


ANSWERED = "This was answered in another window. Here is the next one."


def _still_open(tx: Tx, question_id: int, stamp: str) -> QuestionRecord:
    found = tx.questions.get(question_id)
    if found is None:
        raise Conflict(ANSWERED)
    check(stamp, stamp_of(tx, found), "what this question is about")
    return found


def _next(web: Web, only: Filter) -> dict[str, Any]:
    with web.app.gallery.begin(write=False) as tx:
        found = tx.questions.open(kind=only.kind, person_id=only.person_id, limit=1)
        return _values(tx, only, found[0] if found else None)


def _values(tx: Tx, only: Filter, now: QuestionRecord | None) -> dict[str, Any]:
    """What the template is given."""
    counts = tx.questions.count(person_id=only.person_id)
    about = None if only.person_id is None else tx.people.get(only.person_id)
    return {
        "q": None if now is None else view(tx, now),
        "ahead": None if now is None else only.url(path="/review/ahead", after=now.id),
        "left": sum(counts.values()) if only.kind is None else counts.get(only.kind, 0),
        "all": sum(counts.values()),
        "counts": counts,
        "kinds": KINDS,
        "only": only,
        "about": None if about is None else about.name or "somebody without a name",
        "offers": [],
        "typed": "",
        "asked_at": tx.questions.asked_at(),
    }


def _kind(text: str) -> QuestionKind | None:
    return next((k for k in KINDS if k == text), None)
