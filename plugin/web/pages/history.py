"""What was decided, and taking it back."""

from datetime import datetime

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import ConflictError, OthersDecisionError, UsageError
from ...languages import _
from ...people.questions import ask_again as ask_question_again
from ...restoring.decisions import undo as take_back
from ...service import client
from ..context import FOR_PHONES, Web, WebDep
from ..edit_conflicts import Conflict
from ..responses import by_htmx, go, page, said, trigger
from ..server.roles import REVIEWER
from ..views.history_view import decision_view, history_from, taken_back

router = APIRouter()


@router.get("/history")
def show(request: Request, web: WebDep, before: int | None = None, person: int | None = None) -> HTMLResponse:
    """Decisions, latest first, a page at a time."""
    with web.app.gallery.begin(write=False) as tx:
        values = history_from(tx, before, person, datetime.now().astimezone(), web.caller)
    return page(request, web, "history.html", later=before is not None, person=person, **values)


@router.post("/undo/{decision_id}", tags=FOR_PHONES + REVIEWER)
def undo(request: Request, web: WebDep, decision_id: int) -> Response:
    """Take one decision back, or do again what was taken back. Open pages then show how it is now. On a phone only
    what was answered there: raises UsageError for others."""
    if not web.may_take_back(decision_id):
        raise UsageError(_("This was not answered on a phone: take it back on the computer."))
    try:
        record, removed = take_back(web.app.moved_copies, web.app.people, decision_id, anybodys=web.caller.may("admin"))
    except OthersDecisionError as e:
        who = e.actor or _("somebody else")
        words = _("{name} decided that: only somebody who looks after the gallery can take it back.", name=who)
        raise HTTPException(403, words) from e
    except ConflictError as e:
        raise Conflict(_in_the_way(web, e)) from e
    with web.app.gallery.begin(write=False) as tx:
        about, line = taken_back(tx, record, datetime.now().astimezone())
    what = line.text
    words = _("Taken back: {what}.", what=what) if record.kind == "undo" else _("Done again: {what}.", what=what)
    words += " " + _("The restored copy was removed.") if removed else ""
    if about == "reject_restoration" and record.kind == "undo":
        client.ensure_worker(web.app.settings.folders)  # a copy that had been put back is made again
    return _shown_anew(request, words)


@router.post("/undo/question/{question_id}", tags=FOR_PHONES + REVIEWER)
def ask_again(request: Request, web: WebDep, question_id: int) -> Response:
    """Take "not sure" back: the question is asked now."""
    ask_question_again(web.app.gallery, question_id)
    return _shown_anew(request, _("Here is the question again."))


def _shown_anew(request: Request, words: str) -> Response:
    if not by_htmx(request):
        return go(request, "/history")
    return trigger(said(Response(status_code=204), words), "reload", {})


def _in_the_way(web: Web, error: ConflictError) -> str:
    """The later decision in plain words, or the gallery's own message where there is none."""
    if error.later is None:
        return _("This cannot be taken back: {why}", why=error)
    with web.app.gallery.begin(write=False) as tx:
        later = decision_view(tx, error.later, datetime.now().astimezone())
    return _(
        "This cannot be taken back on its own. First take back what came later: “{what}” ({when}).",
        what=later.text,
        when=later.when,
    )
