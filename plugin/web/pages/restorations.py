"""Before and after: what was restored or is proposed, on shelves, to be kept or put back one by one or together."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from ...errors import UsageError
from ...languages import _, ngettext
from ...restoring.decisions import keep_entries, reject_entries, restore_entries
from ...service import client
from ..context import FOR_PHONES, Web, WebDep
from ..responses import fragment, go, page, said, trigger
from ..server.roles import REVIEWER
from ..views.restoration_shelves import (
    Shelf,
    Tab,
    shelf_values,
    shelves,
    stamps_up_to,
    still_there,
    tab_counts,
    unchanged,
)
from ..views.restoration_view import entry_id

router = APIRouter()

AT_ONCE = 500
"""Entries that one click may decide about."""

Verb = Literal["keep", "put_back", "restore", "dismiss"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@router.get("/restorations", tags=FOR_PHONES)
def show(
    request: Request, web: WebDep, tab: Tab = "to_decide", person: int | None = None, before: int | None = None
) -> HTMLResponse:
    """One shelf, of everybody or of one `person`. `before` gives only its next cards, for the end of the page."""
    person = person or None
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person)
        values = shelf_values(tx, web.app, tab, person, before)
    values |= {"tab": tab, "tabs": shelves(), "counts": counts, "person": person}
    if before is not None:
        return fragment(request, web, "restorations_cards.html", **values)
    return page(request, web, "restorations.html", **values)


@router.get("/restorations/tabs", tags=FOR_PHONES)
def tabs(request: Request, web: WebDep, tab: Tab, person: int | None = None) -> HTMLResponse:
    """How many lie on each shelf by now."""
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person or None)
    return fragment(
        request, web, "restorations_tabs.html", tab=tab, tabs=shelves(), counts=counts, person=person, oob=True
    )


@router.post("/restorations/decide", tags=REVIEWER)
def decide(
    request: Request,
    web: WebDep,
    act: Annotated[str, Form()],
    tab: Annotated[Shelf, Form()],
    pick: Annotated[list[str] | None, Form()] = None,
    person: Annotated[int | None, Form()] = None,
) -> Response:
    """Decide about entries of a shelf, each named by its stamp. `act` is a verb, for all that are picked; with `:STAMP`
    for that one; with `:<=ID` for all of the shelf up to that one. What was changed meanwhile is left as it is, and
    shown as it is now."""
    verb, stamps = _asked(web, act, pick or (), tab, person)
    if not stamps:
        raise UsageError(_("Nothing is selected."))
    if len(stamps) > AT_ONCE:
        raise UsageError(_("At most {n} at once.", n=AT_ONCE))
    done, undo = _carry_out(web, verb, stamps)
    changed = [stamp for stamp in stamps if stamp not in done]
    text = _said(verb, len(done))
    if changed:
        n = len(changed)
        text += " " + ngettext(
            "{n} was changed in another window and left alone.",
            "{n} were changed in another window and left alone.",
            n,
        )
    if "HX-Request" not in request.headers:
        return go(request, f"/restorations?tab={tab}")
    if act.partition(":")[2].startswith("<="):  # more than the page shows
        return trigger(said(Response(status_code=204), text, undo), "reload", {})
    keys = [entry_id(stamp) for stamp in (*done, *changed)]
    with web.app.gallery.begin(write=False) as tx:
        counts = tab_counts(tx, person)
        stay, gone = still_there(tx, web.app, tab, keys)
    answer = fragment(
        request, web, "restorations_decided.html",
        tab=tab, tabs=shelves(), counts=counts, person=person, gone=gone, stay=stay,
    )  # fmt: skip
    return said(answer, text, undo)


def _asked(web: Web, act: str, pick: Sequence[str], tab: Shelf, person: int | None) -> tuple[Verb, Sequence[str]]:
    """The verb of an act, and the stamps of what it is about. Raises UsageError for what no button sends."""
    name, _colon, what = act.partition(":")
    verb = next((v for v in VERBS if v == name), None)
    if verb is None:
        raise UsageError(_("There is no such button as “{name}”.", name=name))
    if not what.startswith("<="):
        return verb, [what] if what else pick
    if not what[2:].isdecimal():
        raise UsageError(_("That is no restoration."))
    with web.app.gallery.begin(write=False) as tx:
        return verb, stamps_up_to(tx, tab, person, int(what[2:]), limit=AT_ONCE)


def _carry_out(web: Web, verb: Verb, stamps: Sequence[str]) -> tuple[list[str], int | None]:
    """Decide about the entries with these stamps, as one decision: for which it was done, and the decision to undo.
    Raises Conflict when all had changed."""
    entries = unchanged(stamps)
    undo: int | None = None
    if verb == "restore":
        ids = set(restore_entries(web.app.gallery, entries))
        client.ensure_worker(web.app.settings.folders)
    else:
        if verb == "keep":
            record = keep_entries(web.app.gallery, entries)
        else:
            record, _removed = reject_entries(web.app.moved_copies, entries)
        ids, undo = set(record.restoration_ids), record.id
    return [stamp for stamp in stamps if entry_id(stamp) in ids], undo


def _said(verb: Verb, n: int) -> str:
    return {
        "keep": ngettext("Kept.", "{n} kept.", n),
        "put_back": ngettext("Put back: the copy is removed.", "{n} put back: the copies are removed.", n),
        "dismiss": ngettext("Not this one, then.", "{n} will not be proposed again.", n),
        "restore": ngettext("It will be restored in a moment.", "{n} will be restored, one after the other.", n),
    }[verb]
