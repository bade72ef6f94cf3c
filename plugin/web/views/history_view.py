"""What was decided, in plain words with pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.journal import JournalEntry
from gallery_db.records import DecisionRecord, FaceRecord, RestorationRecord

from ...paths import printable
from ..words.dates import day, moment, month
from ..words.reasons import on_page
from ..words.text import capital, listed, plural

PAGE = 30
CHUNK = 200
"""Decisions that are read at a time."""
FACES_SHOWN = 6
NOBODY = "somebody without a name"


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One line of the history. `undo` is the decision to take back: this one, or (`undone`) the one that undid it; None
    when it cannot be taken back. `faces` are picture ids, `more` is how many are not shown. `link` leads to what it was
    about, "" to nothing. Of a clean-up `parts` are its first copies, of `copies`."""

    id: int
    text: str
    when: str
    undone: bool
    undo: int | None
    faces: Sequence[int]
    more: int
    link: str
    restoration: bool
    parts: "Sequence[DecisionView]" = ()
    copies: int = 0


def history_from(tx: Tx, before: int | None, person_id: int | None, now: datetime) -> dict[str, Any]:
    """A page of decisions, latest first: those before a decision (None: the latest), of everybody or about one person.
    What a clean-up made on one day is one line. Raises UnknownIdError."""
    about = None if person_id is None else tx.people.get(person_id)
    lines: dict[object, list[JournalEntry]] = {}
    older, at = None, before
    while older is None:
        entries = tx.journal.page(before=at, person_id=person_id, limit=CHUNK)
        made = _restorations_of(tx, entries)
        for e in entries:
            key = _clean_up(e, made, now) or e.record.id
            if key not in lines and len(lines) == PAGE:
                older = at
                break
            lines.setdefault(key, []).append(e)
            at = e.record.id
        if len(entries) < CHUNK:
            break
    shown = decision_views(tx, [e for line in lines.values() for e in line[:PAGE]], now)
    views = {v.id: v for v in shown}
    return {
        "decisions": [_line([views[e.record.id] for e in line[:PAGE]], len(line), key) for key, line in lines.items()],
        "older": older,
        "about": None if about is None else about.name or NOBODY,
    }


def _clean_up(e: JournalEntry, made: Mapping[int, RestorationRecord], now: datetime) -> str | None:
    """The day on which a clean-up made the copy that a decision is about; None for all others."""
    rows = [made[i] for i in e.restoration_ids if i in made]
    if e.record.kind != "restored" or not rows or any(r.origin != ORIGIN for r in rows):
        return None
    return f"{datetime.fromisoformat(e.record.at).astimezone(now.tzinfo).date()}"


def _line(views: Sequence[DecisionView], copies: int, key: object) -> DecisionView:
    """One line of one decision, or of a clean-up's."""
    first = views[0]
    if copies == 1 or not isinstance(key, str):
        return first
    faces = list(dict.fromkeys(f for v in views for f in v.faces))
    text = f"Clean-up of {day(key)}: {plural(copies, 'restored copy', 'restored copies')}"
    more = max(0, copies - FACES_SHOWN)
    return replace(
        first,
        text=text,
        undone=False,
        undo=None,
        faces=faces[:FACES_SHOWN],
        more=more,
        link="",
        parts=views,
        copies=copies,
    )


def decision_view(tx: Tx, decision_id: int, now: datetime) -> DecisionView:
    """One line. Raises UnknownIdError."""
    [line] = decision_views(tx, [tx.journal.entry(decision_id)], now)
    return line


def taken_back(tx: Tx, undo: DecisionRecord, now: datetime) -> tuple[str, DecisionView]:
    """What an undo, or the undo of one, is about in the end: the kind of that decision, and its line."""
    what = undo.undoes if undo.kind == "undo" else tx.decisions.get(undo.undoes or undo.id).undoes
    entry = tx.journal.entry(what or undo.id)
    [line] = decision_views(tx, [entry], now)
    return entry.record.kind, line


def decision_views(tx: Tx, entries: Sequence[JournalEntry], now: datetime) -> list[DecisionView]:
    """Lines of the history, in the order given. `now` has the zone of the reader."""
    made = _restorations_of(tx, entries)
    people = {p for e in entries for p in e.person_ids} | {r.person_id for r in made.values() if r.person_id}
    heirs = tx.journal.heirs(people)
    cards = {c.id: c for c in tx.browse.cards(people | set(heirs.values()))}
    names = {c.id: c.name for c in cards.values() if c.name}
    names |= {gone: names[heir] for gone, heir in heirs.items() if heir in names}
    about = {e.record.id: _faces_of(e, made) for e in entries}
    shown = {i for ids in about.values() for i in ids[:FACES_SHOWN]}
    there = {f.id: f for f in tx.faces.by_ids(sorted(shown)) if f.state != "forgotten"}
    out = []
    for e in entries:
        ids = about[e.record.id]
        rows = [made[i] for i in e.restoration_ids if i in made]
        faces = [i for i in ids[:FACES_SHOWN] if i in there]
        if not faces:
            covers = (cards[p].cover_face_id for p in e.person_ids[:2] if p in cards)
            faces = [i for i in covers if i is not None]
        undone_by = e.record.undone_by
        person = next((f"/people/{p}" for p in e.person_ids if p in cards), "")
        out.append(
            DecisionView(
                id=e.record.id,
                text=_about_copies(e, rows, names, there) if rows else sentence(e, names),
                when=moment(e.record.at, now),
                undone=undone_by is not None,
                undo=(undone_by or e.record.id) if e.record.undoable else None,
                faces=faces,
                more=max(0, len(ids) - FACES_SHOWN),
                link=f"/restorations/{rows[0].id}" if rows else person,
                restoration=e.record.kind in RESTORATIONS,
            )
        )
    return out


def _restorations_of(tx: Tx, entries: Sequence[JournalEntry]) -> dict[int, RestorationRecord]:
    """What decisions about restorations are about, by id."""
    ids = {i for e in entries if e.record.kind in RESTORATIONS and e.record.undoable for i in e.restoration_ids}
    return {r.id: r for r in tx.restorations.by_ids(ids)}


def _faces_of(e: JournalEntry, made: Mapping[int, RestorationRecord]) -> Sequence[int]:
    rows = (made[i] for i in e.restoration_ids if i in made)
    return e.face_ids or list(dict.fromkeys(r.face_id for r in rows if r.face_id is not None))


RESTORATIONS = {
    "restored": "A restored copy was made",
    "accept_restoration": "Kept a restored copy",
    "reject_restoration": "Put a restored copy back",
}
"""What is said of those whose restoration is gone."""

_COPIES = {"restored": "Restored", "accept_restoration": "Kept", "reject_restoration": "Put back"}


def _about_copies(
    e: JournalEntry, rows: Sequence[RestorationRecord], names: Mapping[int, str], faces: Mapping[int, FaceRecord]
) -> str:
    """ "Kept Anna, Jun 1968 (beach.jpg)", or of several "Put back 12 copies of Anna, Ben and 3 others"."""
    verb = _COPIES[e.record.kind]
    who = list(dict.fromkeys(names.get(r.person_id or 0, NOBODY) for r in rows))
    photos = {r.photo: r for r in rows}
    if len(photos) > 1:
        return f"{verb} {len(photos):,} copies of {_list(who, first=str)}"
    [(photo, row)] = photos.items()
    face = faces.get(row.face_id or 0)
    when = month(face.captured_at) if face is not None else ""
    return f"{verb} {_list(who, first=str)}{f', {when}' if when else ''} ({printable(Path(photo).name)})"


def sentence(e: JournalEntry, names: Mapping[int, str]) -> str:
    """A decision in words. `names` are today's names, also of people merged into others."""
    if not e.record.undoable:
        return "Something about somebody you had forgotten"
    kind = e.record.kind
    if kind in RESTORATIONS:
        return RESTORATIONS[kind]
    # What a merge took away is called as it was then: "Anna and Ben are one person".
    gone = e.names if kind == "merge" else {}
    who = [gone.get(p) or names.get(p) or e.names.get(p) or NOBODY for p in e.person_ids]
    if e.face_ids and kind in ("confirm", "assign", "reject", "unassign", "ignore_faces", "split"):
        return _of_faces(kind, len(e.face_ids), who, e.value)
    if kind == "import":
        return _of_import(len(e.face_ids), [w for w in who if w != NOBODY])
    if kind == "add_face":
        return "A face was drawn" + (f": {who[0]}" if who else "")
    return _of_people(kind, who, e.value) if who else on_page(e.record.summary)


def _of_faces(kind: str, n: int, who: Sequence[str], value: object) -> str:
    these = "This face is" if n == 1 else f"These {n:,} faces are"
    first, second = [*who, NOBODY, NOBODY][:2]
    match kind:
        case "confirm":
            return f"{these} right"
        case "assign":
            return f"{these} {first}"
        case "reject":
            return f"{these} not {first}"
        case "unassign":
            return f"{these} nobody's again"
        case "split":
            return f"{these} not {second}" + ("" if first == NOBODY else f" but {first}")
    return f"{these} {'left out' if value is not False else 'no longer left out'}"


def _of_import(faces: int, who: Sequence[str]) -> str:
    named = [*who[:3], f"{len(who) - 3:,} more"] if len(who) > 4 else who
    of_faces = "one face" if faces == 1 else f"{faces:,} faces"
    return f"Names from another program for {of_faces}" + (f": {_list(named)}" if named else "")


def _of_people(kind: str, who: Sequence[str], value: object) -> str:
    first = capital(who[0])
    match kind:
        case "create_person":
            return f"{first} is new"
        case "merge":
            return f"{_list(who)} are one person"
        case "different":
            return f"{_list(who[:2])} are two people"
        case "name":
            return f"Named {value}" if value else f"{first} has no name any more"
        case "hide":
            return f"{first} is {'hidden' if value else 'shown again'}"
        case "ignore":
            return f"{first} is {'a stranger' if value else 'no stranger any more'}"
        case "birth_date":
            return f"{first} was born on {day(str(value))}" if value else f"{first}: no birth date any more"
        case "cover":
            return f"Another picture stands for {who[0]}"
    return f"{first}: {kind.replace('_', ' ')}"


def _list(words: Sequence[str], first: Callable[[str], str] = capital) -> str:
    """ "Anna, Ben and 2 others", with `first` done to its beginning."""
    shown = list(dict.fromkeys(words))
    repeated = len(words) - len(shown)
    if repeated:
        shown.append(f"{repeated} other{'s' if repeated > 1 else ''}")
    if len(shown) > 4:
        shown = [*shown[:3], f"{len(shown) - 3} others"]
    return first(listed(shown))
