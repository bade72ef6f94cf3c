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
from iconface_core.images.date_span import stored_span

from ...languages import N_, _, ngettext, number
from ...paths import printable
from ..server.callers import OWNER, Caller
from ..words.dates import day, moment, month, span_words
from ..words.reasons import on_page
from ..words.text import capital, listed

PAGE = 30
CHUNK = 200
"""Decisions that are read at a time."""
FACES_SHOWN = 6
NOBODY = N_("somebody without a name")


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One line of the history. `undo` is the decision to take back: this one, or (`undone`) the one that undid it; None
    when it cannot be taken back. `faces` are picture ids, `more` is how many are not shown. `link` leads to what it was
    about, "" to nothing. `who` decided, "" for somebody without a name. Of a clean-up `parts` are its first copies, of
    `copies`."""

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
    who: str = ""


def history_from(
    tx: Tx, before: int | None, person_id: int | None, now: datetime, caller: Caller = OWNER
) -> dict[str, Any]:
    """A page of decisions, latest first: those before a decision (None: the latest), of everybody or about one person.
    What a clean-up made on one day is one line; what the `caller` cannot take back has no way to do so. Raises
    UnknownIdError."""
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
    shown = decision_views(tx, [e for line in lines.values() for e in line[:PAGE]], now, caller)
    views = {v.id: v for v in shown}
    return {
        "decisions": [_line([views[e.record.id] for e in line[:PAGE]], len(line), key) for key, line in lines.items()],
        "older": older,
        "about": None if about is None else about.name or _(NOBODY),
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
    text = ngettext(
        "Clean-up of {day}: {n} restored copy", "Clean-up of {day}: {n} restored copies", copies, day=day(key)
    )
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


def decision_views(
    tx: Tx, entries: Sequence[JournalEntry], now: datetime, caller: Caller = OWNER
) -> list[DecisionView]:
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
        about_them = next((f"/people/{p}" for p in e.person_ids if p in cards), "")
        link = f"/photos/{e.photo_ids[0]}" if len(e.photo_ids) == 1 else about_them
        out.append(
            DecisionView(
                id=e.record.id,
                text=_about_copies(e, rows, names, there) if rows else sentence(e, names),
                when=moment(e.record.at, now),
                undone=undone_by is not None,
                undo=(undone_by or e.record.id) if e.record.undoable and _theirs(tx, e.record, caller) else None,
                faces=faces,
                more=max(0, len(ids) - FACES_SHOWN),
                link=f"/restorations/{rows[0].id}" if rows else link,
                restoration=e.record.kind in RESTORATIONS,
                who=e.record.actor or "",
            )
        )
    return out


def _theirs(tx: Tx, record: DecisionRecord, caller: Caller) -> bool:
    """Whether the caller may take it back, or do it again."""
    if caller.may("admin"):
        return True
    last = record if record.undone_by is None else tx.decisions.get(record.undone_by)
    return caller.may("reviewer") and record.actor == last.actor == caller.name


def _restorations_of(tx: Tx, entries: Sequence[JournalEntry]) -> dict[int, RestorationRecord]:
    """What decisions about restorations are about, by id."""
    ids = {i for e in entries if e.record.kind in RESTORATIONS and e.record.undoable for i in e.restoration_ids}
    return {r.id: r for r in tx.restorations.by_ids(ids)}


def _faces_of(e: JournalEntry, made: Mapping[int, RestorationRecord]) -> Sequence[int]:
    rows = (made[i] for i in e.restoration_ids if i in made)
    return e.face_ids or list(dict.fromkeys(r.face_id for r in rows if r.face_id is not None))


RESTORATIONS = {
    "restored": N_("A restored copy was made"),
    "accept_restoration": N_("Kept a restored copy"),
    "reject_restoration": N_("Put a restored copy back"),
}
"""What is said of those whose restoration is gone."""

_COPIES = {
    "restored": N_("Restored {who}"),
    "accept_restoration": N_("Kept {who}"),
    "reject_restoration": N_("Put back {who}"),
}


def _about_copies(
    e: JournalEntry, rows: Sequence[RestorationRecord], names: Mapping[int, str], faces: Mapping[int, FaceRecord]
) -> str:
    """ "Kept Anna, Jun 1968 (beach.jpg)", or of several "Put back 12 copies of Anna, Ben and 3 others"."""
    verb = _COPIES[e.record.kind]
    who = list(dict.fromkeys(names.get(r.person_id or 0, _(NOBODY)) for r in rows))
    photos = {r.photo: r for r in rows}
    if len(photos) > 1:
        n = len(photos)
        return _(verb, who=ngettext("{n} copy of {who}", "{n} copies of {who}", n, who=_list(who, first=str)))
    [(photo, row)] = photos.items()
    face = faces.get(row.face_id or 0)
    when = month(face.captured_at) if face is not None else ""
    one = f"{_list(who, first=str)}{f', {when}' if when else ''} ({printable(Path(photo).name)})"
    return _(verb, who=one)


def sentence(e: JournalEntry, names: Mapping[int, str]) -> str:
    """A decision in words. `names` are today's names, also of people merged into others."""
    if not e.record.undoable:
        return _("Something about somebody you had forgotten")
    kind = e.record.kind
    if kind in RESTORATIONS:
        return _(RESTORATIONS[kind])
    # What a merge took away is called as it was then: "Anna and Ben are one person".
    gone = e.names if kind == "merge" else {}
    who = [gone.get(p) or names.get(p) or e.names.get(p) or _(NOBODY) for p in e.person_ids]
    if e.face_ids and kind in ("confirm", "assign", "reject", "unassign", "ignore_faces", "split"):
        return _of_faces(kind, len(e.face_ids), who, e.value)
    if kind == "date_photos":
        return _of_dates(len(e.photo_ids), e.value)
    if kind == "import":
        return _of_import(len(e.face_ids), [w for w in who if w != _(NOBODY)])
    if kind == "add_face":
        return _("A face was drawn: {name}", name=who[0]) if who else _("A face was drawn")
    return _of_people(kind, who, e.value) if who else on_page(e.record.summary)


def _of_faces(kind: str, n: int, who: Sequence[str], value: object) -> str:
    nobody = _(NOBODY)
    first, second = [*who, nobody, nobody][:2]
    match kind:
        case "confirm":
            return ngettext("This face is right", "These {n} faces are right", n)
        case "assign":
            return ngettext("This face is {name}", "These {n} faces are {name}", n, name=first)
        case "reject":
            return ngettext("This face is not {name}", "These {n} faces are not {name}", n, name=first)
        case "unassign":
            return ngettext("This face is nobody’s again", "These {n} faces are nobody’s again", n)
        case "split" if first == nobody:
            return ngettext("This face is not {name}", "These {n} faces are not {name}", n, name=second)
        case "split":
            names = {"name": second, "other": first}
            return ngettext(
                "This face is not {name} but {other}", "These {n} faces are not {name} but {other}", n, **names
            )
    if value is not False:
        return ngettext("This face is left out", "These {n} faces are left out", n)
    return ngettext("This face is no longer left out", "These {n} faces are no longer left out", n)


def _of_dates(photos: int, said: object) -> str:
    span = stored_span(said) if isinstance(said, str) else None
    if span is None:
        return ngettext("No date is proposed for this photo", "No date is proposed for {n} photos", photos)
    return ngettext("This photo is from {when}", "These {n} photos are from {when}", photos, when=span_words(span))


def _of_import(faces: int, who: Sequence[str]) -> str:
    named = [*who[:3], _("{n} more", n=number(len(who) - 3))] if len(who) > 4 else who
    words = ngettext("Names from another program for one face", "Names from another program for {n} faces", faces)
    return f"{words}: {_list(named)}" if named else words


def _of_people(kind: str, who: Sequence[str], value: object) -> str:
    first = capital(who[0])
    match kind:
        case "create_person":
            return _("{name} is new", name=first)
        case "merge":
            return _("{names} are one person", names=_list(who))
        case "different":
            return _("{names} are two people", names=_list(who[:2]))
        case "name":
            return _("Named {name}", name=value) if value else _("{name} has no name any more", name=first)
        case "hide":
            return _("{name} is hidden", name=first) if value else _("{name} is shown again", name=first)
        case "ignore":
            return _("{name} is a stranger", name=first) if value else _("{name} is no stranger any more", name=first)
        case "birth_date":
            if not value:
                return _("{name}: no birth date any more", name=first)
            return _("{name} was born on {day}", name=first, day=day(str(value)))
        case "cover":
            return _("Another picture stands for {name}", name=who[0])
    return f"{first}: {kind.replace('_', ' ')}"


def _list(words: Sequence[str], first: Callable[[str], str] = capital) -> str:
    """ "Anna, Ben and 2 others", with `first` done to its beginning."""
    shown = list(dict.fromkeys(words))
    repeated = len(words) - len(shown)
    if repeated:
        shown.append(ngettext("{n} other", "{n} others", repeated))
    if len(shown) > 4:
        shown = [*shown[:3], ngettext("{n} other", "{n} others", len(shown) - 3)]
    return first(listed(shown))
