"""What the page of one person shows: the head, and pages of faces with their months."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from gallery_db.browse.repository import FaceCard, FacePlace, PersonCard
from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx

from ...cleanup.plan import blurred_faces
from ...errors import UsageError
from ...languages import _
from ..edit_conflicts import person_stamp_of
from ..pictures import version_of
from ..words.dates import age_then, day, taken
from ..words.people import NOBODY_YET, period_words, years_words

FACES = 120
"""Faces that come at a time."""
UNDATED = "undated"
FACES_OF_A_YEAR = 36
"""A year with more is shown month by month."""


@dataclass(frozen=True, slots=True)
class PersonHead:
    """Who it is. `months` are (month or None, number of faces), latest first; `stamp` as `edit_conflicts.person_stamp`.
    `full` are the years with so many faces that they are shown month by month; `undated` the photos without a date."""

    card: PersonCard
    stamp: str
    cover_version: str
    months: Sequence[tuple[str | None, int]]
    full: frozenset[str]
    undated: Sequence[int] = ()

    @property
    def called(self) -> str:
        """The name, or words for somebody without one."""
        return self.card.name or _(NOBODY_YET)

    @property
    def faces(self) -> int:
        """How many faces."""
        return sum(n for _month, n in self.months)

    @property
    def years(self) -> str:
        """The first and the last year of the photos."""
        return years_words(self.months)

    @property
    def born(self) -> str:
        """ "1 May 1990"."""
        return day(self.card.birth_date)

    @property
    def periods(self) -> dict[str, int]:
        """Number of faces of each group of the timeline: "2003" for a year with few, "2003-05", "undated"."""
        found: dict[str, int] = {}
        for month, n in self.months:
            found[self.period(month)] = found.get(self.period(month), 0) + n
        return found

    def period(self, at: str | None) -> str:
        """The group that a capture date belongs to."""
        if at is None:
            return UNDATED
        return at[:7] if at[:4] in self.full else at[:4]


@dataclass(frozen=True, slots=True)
class FaceTile:
    """One face in the timeline. `period` is its group, `heading` what stands above the first of one. `blurred`: it is
    degraded."""

    id: int
    photo_id: int
    version: str
    when: str
    age: str
    period: str
    heading: str | None
    confirmed: bool
    blurred: bool


def person_head(tx: Tx, person_id: int) -> PersonHead:
    """Raises UnknownIdError, which says into whom they were merged."""
    found = tx.browse.cards([person_id])
    if not found:
        tx.people.get(person_id)
        raise UnknownIdError(f"no person with id {person_id}")
    [card] = found
    stamp = person_stamp_of(card.id, card.name, card.hidden, card.ignored, card.birth_date, card.chosen_cover_id)
    months = tx.browse.months(person_id)
    version = versions(tx, [card.cover_face_id]).get(card.cover_face_id or 0, "")
    undated = list(tx.photos.undated(person_id)) if any(month is None for month, _n in months) else ()
    return PersonHead(card, stamp, version, months, full_years(months), undated)


def heir_of(tx: Tx, person_id: int) -> int | None:
    """Who somebody is now that was merged away; None for somebody nobody knows."""
    return tx.browse.heir(person_id)


def faces_of_period(tx: Tx, person_id: int, period: str) -> list[int]:
    """Ids of all faces of a group of the timeline (`PersonHead.period`)."""
    return tx.browse.of_period(person_id, None if period == UNDATED else period)


def full_years(months: Iterable[tuple[str | None, int]]) -> frozenset[str]:
    """The years with so many faces that they are shown month by month."""
    years: Counter[str] = Counter()
    for month, n in months:
        if month is not None:
            years[month[:4]] += n
    return frozenset(y for y, n in years.items() if n > FACES_OF_A_YEAR)


def versions(tx: Tx, face_ids: Iterable[int | None]) -> dict[int, str]:
    """Face id to the version of its picture: with it in the address a browser never asks again for a face it has."""
    found = tx.browse.pictured(i for i in face_ids if i is not None)
    return {i: version_of(content, box) for i, (content, box) in found.items()}


def tab_counts(tx: Tx) -> dict[str, int]:
    """The numbers on the tabs of the people page, by their id."""
    counts = tx.browse.counts()
    ignored = counts.ignored + counts.ignored_faces
    return {
        "count-people": counts.shown,
        "count-hidden": counts.hidden,
        "count-nobody": counts.loose,
        "count-ignored": ignored,
    }


def timeline(tx: Tx, head: PersonHead, after: FacePlace | None, *, oldest_first: bool) -> dict[str, Any]:
    """A page of faces from a place on."""
    found = tx.browse.faces(head.card.id, after=after, limit=FACES + 1, oldest_first=oldest_first)
    faces, tiles = found[:FACES], []
    known, blurred = versions(tx, [f.id for f in faces]), blurred_faces(tx, head.card.id)
    last = None if after is None else head.period(after.captured_at)
    for f in faces:
        period = head.period(f.captured_at)
        heading = None if period == last else period_words(period)
        how_old = age_then(head.card.birth_date, f.captured_at, f.dated)
        when, version = taken(f.captured_at, f.dated), known.get(f.id, "")
        tiles.append(FaceTile(f.id, f.photo_id, version, when, how_old, period, heading, f.confirmed, f.id in blurred))
        last = period
    return {
        "head": head,
        "tiles": tiles,
        "faces_after": place_text(faces[-1]) if len(found) > FACES else None,
        "oldest_first": oldest_first,
        "blurred": blurred,
    }


def place_text(face: FaceCard) -> str:
    """Where the next page starts; `place_of` reads it."""
    return f"{face.id}~{face.captured_at or ''}"


def place_of(text: str) -> FacePlace | None:
    """Raises UsageError for what `place_text` did not write."""
    if not text:
        return None
    face_id, _tilde, captured_at = text.partition("~")
    if not face_id.isdecimal():
        raise UsageError(_("“{text}” is no place among the faces.", text=text))
    return FacePlace(int(face_id), captured_at=captured_at or None)


def date_of(text: str) -> date | None:
    """A date as a field of a form has it. Raises UsageError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(_("“{text}” is no date. Write it like 1954-03-21.", text=text)) from None
