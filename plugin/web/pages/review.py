"""One question at a time: the answer is a decision, and the next question comes with it."""

from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import UsageError
from ...languages import _, ngettext
from ...people.answers import QuestionAnswer, answer_question
from ...people.decisions import NameTakenError
from ...people.questions import put_off
from ..context import FOR_PHONES, Web, WebDep
from ..responses import by_htmx, fragment, go, page, said, trigger
from ..server.roles import REVIEWER
from ..views.pickers import named_like
from ..views.review_view import (
    Filter,
    answered,
    next_question,
    pictures_ahead,
    question_unchanged,
    same_question,
)

router = APIRouter(prefix="/review")

NAMES_SHOWN = 12


@router.get("", tags=FOR_PHONES + REVIEWER)
def show(request: Request, web: WebDep, kind: str = "", person: int | None = None) -> HTMLResponse:
    """The most useful question."""
    values = _next(web, Filter.of(kind, person))
    return page(request, web, "review.html", **values)


@router.get("/names", tags=FOR_PHONES + REVIEWER)
def names(request: Request, web: WebDep, name: str = "") -> HTMLResponse:
    """People whose name has what was typed, for the list under the field."""
    found = named_like(web.app.gallery, name, limit=NAMES_SHOWN) if name.strip() else []
    return fragment(request, web, "parts/name_suggestions.html", people=found)


@router.get("/ahead", tags=FOR_PHONES + REVIEWER)
def ahead(web: WebDep, after: int, kind: str = "", person: int | None = None) -> list[str]:
    """Addresses of the pictures of the question after this one: they are there when it is asked."""
    with web.app.gallery.begin(write=False) as tx:
        return pictures_ahead(tx, Filter.of(kind, person), after)


@router.post("/{question_id}", tags=FOR_PHONES + REVIEWER)
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
    only, unchanged = Filter.of(kind, person), question_unchanged(question_id, stamp)
    if answer == "not-sure":
        days = put_off(web.app.gallery, question_id, given=unchanged)
        text = ngettext(
            "Put off for {n} day, or until there is more to go by.",
            "Put off for {n} days, or until there is more to go by.",
            days,
        )
        return _go_on(request, web, only, text, f"question/{question_id}")
    if answer not in get_args(QuestionAnswer):
        raise UsageError(_("“{answer}” is no answer", answer=answer))
    verb = cast(QuestionAnswer, answer)
    with web.app.gallery.begin(write=False) as tx:  # a merge leaves one of two people to speak of
        text = answered(tx, question_id, verb, name.strip())
    try:
        done = answer_question(web.app.gallery, question_id, verb, name=name, who=who, given=unchanged)
    except NameTakenError as taken:
        return _offer(request, web, question_id, only, name.strip(), taken.people)
    return _go_on(request, web, only, text, web.answered(done.id))


def _next(web: Web, only: Filter) -> dict[str, Any]:
    """Reading gives the question to one of several reviewers; whoever is alone only reads."""
    several = web.app.gallery.actor is not None
    with web.app.gallery.begin(write=several) as tx:
        return next_question(tx, only, web.app.lives)


def _go_on(request: Request, web: Web, only: Filter, text: str, undo: int | str) -> Response:
    """The next question, and what was done with the last one. `undo` is what follows /undo/ in an address."""
    if not by_htmx(request):
        return go(request, only.url())
    values = _next(web, only)
    response = fragment(request, web, "review_question.html", **values)
    return (
        said(response, text, undo)
        if isinstance(undo, int)
        else trigger(response, "toast", {"text": text, "undo": undo})
    )


def _offer(request: Request, web: Web, question_id: int, only: Filter, name: str, people: list[int]) -> HTMLResponse:
    """The same question once more, with those who have the name already."""
    with web.app.gallery.begin(write=False) as tx:
        values = same_question(tx, only, question_id, web.app.lives, name=name, people=people)
    show = fragment if by_htmx(request) else page
    return show(request, web, "review_question.html" if by_htmx(request) else "review.html", **values)
