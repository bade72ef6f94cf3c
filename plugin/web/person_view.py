"""What the page of one person shows: the head, and pages of faces with their months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from gallery_db.browse import FaceCard, FacePlace, PersonCard
from gallery_db.errors import NotFoundError
from gallery_db.gallery import Tx
from plugin.errors import UsageError

from .dates import age, day
from .faces_in_words import NOBODY_YET, month_words, years_words
from .stamps import person_stamp_of

FACES = 120
"""Faces that come at a time."""
UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class PersonHead:
    """Who it is. `months` are (month or None, number of faces), latest first; `stamp` as `stamps.person_stamp`."""

    card: PersonCard
    stamp: str
    months: Sequence[tuple[str | None, int]]

    @property
    def called(self) -> str:
        """The name, or words for somebody without one."""
        return self.card.name or NOBODY_YET

    @property
    def faces(self) -> int:
        """How many faces."""
        return sum(n for _, n in self.months)

    @property
    def years(self) -> str:
        """The first and the last year of the photos."""
        return years_words(self.months)

    @property
    def born(self) -> str:
        """ "1 May 1990"."""
        return day(self.card.birth_date)

    @property
    def counts(self) -> dict[str, int]:
        """Number of faces by the month's name in addresses."""
        return {slug(month): n for month, n in self.months}


@dataclass(frozen=True, slots=True)
class FaceTile:
    """One face in the timeline. `month` is its name in addresses, `heading` what stands above the first of a month."""

    id: int
    photo_id: int
    when: str
    age: str
    month: str
    heading: str | None
    confirmed: bool


def person_head(tx: Tx, person_id: int) -> PersonHead:
    """Raises NotFoundError, which says into whom they were merged."""
    found = tx.browse.cards([person_id])
    if not found:
        tx.people.get(person_id)
        raise NotFoundError(f"no person with id {person_id}")
    [card] = found
    stamp = person_stamp_of(card.id, card.name, card.hidden, card.ignored, card.birth_date, card.chosen_cover_id)
    return PersonHead(card, stamp, tx.browse.months(person_id))


def timeline(
    tx: Tx, person_id: int, born: str | None, after: FacePlace | None, *, oldest_first: bool
) -> dict[str, Any]:
    """A page of faces from a place on."""
    found = tx.browse.faces(person_id, after=after, limit=FACES + 1, oldest_first=oldest_first)
    faces, tiles = found[:FACES], []
    last = None if after is None else slug(after.captured_at)
    for f in faces:
        month = slug(f.month)
        heading = None if month == last else month_words(f.month)
        tiles.append(
            FaceTile(f.id, f.photo_id, day(f.captured_at), age(born, f.captured_at), month, heading, f.confirmed)
        )
        last = month
    return {
        "tiles": tiles,
        "faces_after": place_text(faces[-1]) if len(found) > FACES else None,
        "oldest_first": oldest_first,
    }


def slug(at: str | None) -> str:
    """The month of a capture date in addresses and ids."""
    return UNDATED if at is None else at[:7]


def place_text(face: FaceCard) -> str:
    """Where the next page starts; `place_of` reads it."""
    return f"{face.id}~{face.captured_at or ''}"


def place_of(text: str) -> FacePlace | None:
    """Raises UsageError for what `place_text` did not write."""
    if not text:
        return None
    face_id, _, captured_at = text.partition("~")
    if not face_id.isdigit():
        raise UsageError(f"{text!r} is no place among the faces.")
    return FacePlace(int(face_id), captured_at=captured_at or None)


def date_of(text: str) -> date | None:
    """A date as a field of a form has it. Raises UsageError."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no date. Write it like 1954-03-21.") from None
