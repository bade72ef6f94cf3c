"""Before and after: what was restored or is proposed, on shelves, to be kept or put back one by one or together."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from gallery_db.errors import NotFoundError
from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord
from gallery_db.restorations.listing import ReviewState

from ...app import App
from ...errors import UsageError
from ...job_payloads import RESTORE
from ...restoring.decisions import remove_outputs
from ...restoring.repeat import again
from ...service import client
from ..context import Web, WebDep
from ..edit_conflicts import Conflict
from ..responses import fragment, go, page, said, trigger
from ..views.restoration_view import RestorationCard, cards, entry_id, stamp_of
from ..words.jobs import JobWords
from ..words.restorations import SHELF_NAMES
from ..words.text import plural

router = APIRouter()

PAGE = 24
AT_ONCE = 500
"""Entries that one click may decide about."""

Tab = Literal["to_decide", "proposed", "kept", "put_back", "refused", "failed"]
Verb = Literal["keep", "put_back", "restore", "dismiss"]
VERBS: tuple[Verb, ...] = get_args(Verb)

CHANGED = "Somebody changed this in another window; here is how it is now."


@router.get("/restorations")
def show(
    request: Request, web: WebDep, tab: Tab = "to_decide", person: int | None = None, before: int | None = None
) -> HTMLResponse:
    """One shelf, of everybody or of one `person`. `before` gives only its next cards, for the end of the page."""
    person = person or None
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person)
        if tab == "failed":
            failed = tx.jobs.find(kind=RESTORE, states=("failed",))[::-1][:200]
            values: dict[str, Any] = {"cards": [], "more": None, "failed": JobWords(tx).lines(failed), "people": []}
        else:
            found, more = next_cards(tx, web.app, tab, person, before)
            values = {"cards": found, "more": more, "failed": [], "people": tx.restorations.people_on_shelf(tab)}
    values |= {"tab": tab, "tabs": TABS, "counts": counts, "person": person}
    if before is not None:
        return fragment(request, web, "restorations_cards.html", **values)
    return page(request, web, "restorations.html", **values)


@router.get("/restorations/tabs")
def tabs(request: Request, web: WebDep, tab: Tab, person: int | None = None) -> HTMLResponse:
    """How many lie on each shelf by now."""
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person or None)
    return fragment(request, web, "restorations_tabs.html", tab=tab, tabs=TABS, counts=counts, person=person, oob=True)


@router.post("/restorations/decide")
def decide(
    request: Request,
    web: WebDep,
    act: Annotated[str, Form()],
    tab: Annotated[ReviewState, Form()],
    pick: Annotated[list[str] | None, Form()] = None,
    person: Annotated[int | None, Form()] = None,
) -> Response:
    """Decide about entries of a shelf, each named by its stamp. `act` is a verb, for all that are picked; with `:STAMP`
    for that one; with `:<=ID` for all of the shelf up to that one. What was changed meanwhile is left as it is, and
    shown as it is now."""
    verb, stamps = _asked(web, act, pick or (), tab, person)
    if not stamps:
        raise UsageError("Nothing is selected.")
    if len(stamps) > AT_ONCE:
        raise UsageError(f"At most {AT_ONCE} at once.")
    done, changed, undo = carry_out(web, verb, stamps)
    text = _said(verb, len(done))
    if changed:
        text += f" {plural(len(changed), 'was', 'were')} changed in another window and left alone."
    if "HX-Request" not in request.headers:
        return go(request, f"/restorations?tab={tab}")
    if act.partition(":")[2].startswith("<="):  # more than the page shows
        return trigger(said(Response(status_code=204), text, undo), "reload", {})
    keys = [entry_id(stamp) for stamp in (*done, *changed)]
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person)
        here = set(tx.restorations.on_shelf(tab))
        stay = cards(tx, [k for k in keys if k in here], web.app.registry, web.app.embedder.calibration)
    gone = [k for k in keys if k not in here]
    answer = fragment(
        request, web, "restorations_decided.html",
        tab=tab, tabs=TABS, counts=counts, person=person, gone=gone, stay=stay,
    )  # fmt: skip
    return said(answer, text, undo)


def _asked(web: Web, act: str, pick: Sequence[str], tab: ReviewState, person: int | None) -> tuple[Verb, Sequence[str]]:
    """The verb of an act, and the stamps of what it is about. Raises UsageError for what no button sends."""
    name, _, what = act.partition(":")
    verb = next((v for v in VERBS if v == name), None)
    if verb is None:
        raise UsageError(f"There is no such button as {name!r}.")
    if not what.startswith("<="):
        return verb, [what] if what else pick
    if not what[2:].isdecimal():
        raise UsageError("That is no restoration.")
    with web.app.gallery.begin(write=False) as tx:
        ids = tx.restorations.on_shelf(tab, person_id=person, before=int(what[2:]) + 1, limit=AT_ONCE)
        return verb, [stamp_of(tx.restorations.with_output(i)) for i in ids]


def carry_out(web: Web, verb: Verb, stamps: Sequence[str]) -> tuple[list[str], list[str], int | None]:
    """Decide about the entries with these stamps, as one decision: for which it was done, which had changed since, and
    the decision to undo. Raises Conflict when all had changed."""
    done: dict[str, list[RestorationRecord]] = {}

    def rows_of(tx: Tx) -> list[int]:
        now = {stamp: _named(tx, stamp) for stamp in stamps}
        done.update({stamp: rows for stamp, rows in now.items() if rows and stamp_of(rows) == stamp})
        if not done:
            raise Conflict(CHANGED)
        return [r.id for rows in done.values() for r in rows]

    undo: int | None = None
    if verb == "restore":
        with web.app.gallery.begin() as tx:
            rows_of(tx)
            for rows in done.values():
                again(tx, rows)
        client.ensure_worker(web.app.settings.folders)
    elif verb == "keep":
        undo = web.app.people.decide(lambda tx: tx.decisions.accept_restorations(rows_of(tx))).id
    else:
        record = web.app.people.decide(lambda tx: tx.decisions.reject_restorations(rows_of(tx)))
        remove_outputs(web.app.moved_copies, record, "rejected")
        undo = record.id
    return list(done), [stamp for stamp in stamps if stamp not in done], undo


def next_cards(
    tx: Tx, app: App, shelf: ReviewState, person: int | None, before: int | None
) -> tuple[list[RestorationCard], int | None]:
    """The next cards of a shelf, and where those after them begin (None: there are no more)."""
    ids = tx.restorations.on_shelf(shelf, person_id=person, before=before, limit=PAGE + 1)
    shown = cards(tx, ids[:PAGE], app.registry, app.embedder.calibration)
    return shown, ids[PAGE - 1] if len(ids) > PAGE else None


def tab_counts(tx: Tx, person: int | None) -> dict[str, int]:
    """Entries per tab. Failed jobs are nobody's."""
    counts: dict[str, int] = dict(tx.restorations.shelf_counts(person_id=person).items())
    return counts | {"failed": tx.jobs.counts(RESTORE)["failed"]}


TABS: Sequence[tuple[str, str]] = (*SHELF_NAMES.items(), ("failed", "Failed"))


def _named(tx: Tx, stamp: str) -> list[RestorationRecord]:
    """The rows that a stamp is about; none when they are gone."""
    try:
        return tx.restorations.with_output(entry_id(stamp))
    except NotFoundError:
        return []
    except ValueError as e:
        raise UsageError("That is no restoration.") from e


def _said(verb: Verb, n: int) -> str:
    return {
        "keep": "Kept." if n == 1 else f"{n} kept.",
        "put_back": "Put back: the copy is removed." if n == 1 else f"{n} put back: the copies are removed.",
        "dismiss": "Not this one, then." if n == 1 else f"{n} will not be proposed again.",
        "restore": "It will be restored in a moment." if n == 1 else f"{n} will be restored, one after the other.",
    }[verb]
