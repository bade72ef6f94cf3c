"""The shelves of restorations: what lies on each, which of it is as a page showed it, where to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import RestorationRecord

from ...app import App
from ...errors import UsageError
from ...job_payloads import RESTORE
from ...languages import N_, _
from ...restoring.decisions import Entries
from ..edit_conflicts import Conflict, check
from ..words.jobs import JobWords
from ..words.restorations import SHELF_NAMES
from .restoration_view import RestorationCard, cards, entry_id, stamp_of

Shelf = Literal["to_decide", "proposed", "kept", "put_back", "refused"]
Tab = Literal["to_decide", "proposed", "kept", "put_back", "refused", "failed"]
TABS: Sequence[tuple[str, str]] = (*SHELF_NAMES.items(), ("failed", N_("Failed")))

PAGE, FAILED_SHOWN = 24, 200


def shelves() -> list[tuple[str, str]]:
    """Key and name of every shelf."""
    return [(key, _(name)) for key, name in TABS]


CHANGED = N_("Somebody changed this in another window; here is how it is now.")


def next_cards(
    tx: Tx, app: App, shelf: Shelf, person: int | None, before: int | None
) -> tuple[list[RestorationCard], int | None]:
    """The next cards of a shelf, and where those after them begin (None: there are no more)."""
    ids = tx.restorations.on_shelf(shelf, person_id=person, before=before, limit=PAGE + 1)
    shown = cards(tx, ids[:PAGE], app.registry, app.embedder.calibration)
    return shown, ids[PAGE - 1] if len(ids) > PAGE else None


def still_there(
    tx: Tx, app: App, shelf: Shelf, entries: Sequence[int]
) -> tuple[Sequence[RestorationCard], Sequence[int]]:
    """Of these entries the cards that lie on the shelf, and those that do not any more."""
    here = set(tx.restorations.on_shelf(shelf))
    stay = cards(tx, [e for e in entries if e in here], app.registry, app.embedder.calibration)
    return stay, [e for e in entries if e not in here]


def stamps_up_to(tx: Tx, shelf: Shelf, person: int | None, last: int, *, limit: int) -> list[str]:
    """The stamps of what lies on a shelf up to the entry `last`, at most `limit`."""
    ids = tx.restorations.on_shelf(shelf, person_id=person, before=last + 1, limit=limit)
    return [stamp_of(tx.restorations.with_output(i)) for i in ids]


def tab_counts(tx: Tx, person: int | None) -> dict[str, int]:
    """Entries per tab. Failed jobs are nobody's."""
    counts: dict[str, int] = dict(tx.restorations.shelf_counts(person_id=person).items())
    return counts | {"failed": tx.jobs.counts(RESTORE)["failed"]}


def unchanged(stamps: Sequence[str]) -> Entries:
    """Those of the entries with these stamps that are as the page showed them. Raises Conflict when none is, UsageError
    for what is not a stamp."""

    def entries(tx: Tx) -> list[list[RestorationRecord]]:
        now = [(stamp, _named(tx, stamp)) for stamp in dict.fromkeys(stamps)]
        same = [rows for stamp, rows in now if rows and stamp_of(rows) == stamp]
        if not same:
            raise Conflict(_(CHANGED))
        return same

    return entries


def one_unchanged(restoration_id: int, stamp: str) -> Entries:
    """The entry of a restoration. Raises Conflict when it is not as the page showed it, UnknownIdError."""

    def entries(tx: Tx) -> list[list[RestorationRecord]]:
        rows = tx.restorations.with_output(restoration_id)
        check(stamp, stamp_of(rows), _("this picture"))
        return [rows]

    return entries


@dataclass(frozen=True, slots=True)
class Place:
    """Where a restoration lies, how many lie on each shelf, and where to go on: an entry of the shelf `onward`, None
    when there is no other."""

    shelf: Shelf
    counts: Mapping[Shelf, int]
    onward: Shelf
    next_id: int | None


def place_of(tx: Tx, record: RestorationRecord, rows: Sequence[RestorationRecord]) -> Place:
    """Of a restoration, whose copy has these `rows`. From what is decided it goes on to what is not."""
    shelf, counts = _shelf_of(record), tx.restorations.shelf_counts()
    onward: Shelf = "to_decide" if shelf in ("kept", "put_back") and counts["to_decide"] > 0 else shelf
    ids = {r.id for r in rows}
    found = tx.restorations.on_shelf(onward, before=min(ids), limit=1) or tx.restorations.on_shelf(onward, limit=1)
    return Place(shelf, counts, onward, next((i for i in found if i not in ids), None))


def shelf_values(tx: Tx, app: App, tab: Tab, person: int | None, before: int | None) -> dict[str, Any]:
    """What a tab shows: cards from `before` on, or the jobs that failed, and whom they are of."""
    if tab == "failed":
        failed = tx.jobs.find(kind=RESTORE, states=("failed",))[::-1]
        return {"cards": [], "more": None, "failed": JobWords(tx).lines(failed[:FAILED_SHOWN]), "people": []}
    found, more = next_cards(tx, app, tab, person, before)
    return {"cards": found, "more": more, "failed": [], "people": tx.restorations.people_on_shelf(tab)}


def _shelf_of(record: RestorationRecord) -> Shelf:
    if record.state == "done":
        return "kept" if record.decided == "accepted" else "to_decide"
    by_state: dict[str, Shelf] = {"proposed": "proposed", "refused": "refused"}
    return by_state.get(record.state, "put_back")


def _named(tx: Tx, stamp: str) -> list[RestorationRecord]:
    """The rows that a stamp is about; none when they are gone."""
    try:
        return tx.restorations.with_output(entry_id(stamp))
    except UnknownIdError:
        return []
    except ValueError as e:
        raise UsageError(_("That is no restoration.")) from e
