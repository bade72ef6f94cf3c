"""One person over the years: a face of each year, with the age there."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from gallery_db.browse.repository import PersonCard
from gallery_db.gallery import Tx
from iconface_core.ages import ApparentAge

from ...people.life_lines import Lives, ages_in
from ..words.dates import about_aged, age_then, looks_aged
from .person_view import versions

UNDATED = 6
"""Faces without a date, the clearest ones."""

WIDEST = 8
"""Years without a photo that make a gap no wider."""


@dataclass(frozen=True, slots=True)
class LifeFace:
    """The clearest face of `year` ("" without a date), of `faces` there. `age` is in words; `guessed`: told from looks.
    `gap` are the years without a photo before it, at most `WIDEST`."""

    id: int
    photo_id: int
    version: str
    year: str
    faces: int
    age: str
    guessed: bool
    blurred: bool
    gap: int


@dataclass(frozen=True, slots=True)
class LifeLine:
    """`dated` of one year each, the earliest first; `undated` faces apart."""

    dated: Sequence[LifeFace]
    undated: Sequence[LifeFace]

    @property
    def guessed(self) -> bool:
        """Whether any age is told from looks."""
        return any(f.guessed for f in (*self.dated, *self.undated))


def life_line(tx: Tx, card: PersonCard, lives: Lives | None, blurred: Set[int]) -> LifeLine | None:
    """None for somebody with photos of less than two years: there is no line between them."""
    found = tx.browse.life(card.id, undated=UNDATED)
    years = {f.face.id: int(f.face.captured_at[:4]) for f in found if f.face.captured_at is not None}
    if len(years) < 2:
        return None
    looks = {} if lives is None else lives.looks(tx, [f.face.id for f in found])
    about = ages_in({years[i]: look for i, look in looks.items() if i in years})
    known, before, shown = versions(tx, [f.face.id for f in found]), None, []
    for f in found:
        i, year = f.face.id, years.get(f.face.id)
        exact = age_then(card.birth_date, f.face.captured_at, f.face.dated)
        guess = "" if card.birth_date is not None and year is not None else _guess(about.get(year or 0), looks.get(i))
        gap = 0 if year is None or before is None else min(year - before - 1, WIDEST)
        shown.append(
            LifeFace(
                i,
                f.face.photo_id,
                known.get(i, ""),
                "" if year is None else str(year),
                f.faces,
                exact or guess,
                guessed=bool(guess),
                blurred=i in blurred,
                gap=gap,
            )
        )
        before = year
    return LifeLine([f for f in shown if f.year], [f for f in shown if not f.year])


def _guess(about: int | None, look: ApparentAge | None) -> str:
    """An age in a year, else how old a face without a date looks; "" where nothing tells."""
    if about is not None:
        return about_aged(about)
    return "" if look is None else looks_aged(look.low, look.high)
