"""The library as a whole: decades, who is seen with whom, everybody's first and last photo, how much is unclear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gallery_db.browse.overview import End
from gallery_db.browse.repository import PersonCard
from gallery_db.faces.measures import DegradedFilter
from gallery_db.gallery import Tx
from iconface_core.damage.sharpness import MIN_EYE_DISTANCE, SHARP_SCORE, VERSION

from ..words.dates import age_then, month, taken, years
from .person_view import person_head, versions

PEOPLE = 10
"""Who is seen with whom is shown of so many: a table that a screen holds."""

LEVELS = 4
"""Shades of that table."""

LIVES = 12
"""People that come at a time."""

SAMPLE = 4_000
"""Faces that are asked how clear they are: the share is within two in a hundred."""


@dataclass(frozen=True, slots=True)
class Decade:
    """`share` is of the fullest decade, 0..100."""

    first_year: int
    photos: int
    share: float


@dataclass(frozen=True, slots=True)
class DecadesView:
    """In order of time, also those without a photo."""

    decades: Sequence[Decade]
    undated: int

    @property
    def axis(self) -> tuple[int, int]:
        """The first year, and the one after the last; (0, 0) without a date."""
        return (self.decades[0].first_year, self.decades[-1].first_year + 10) if self.decades else (0, 0)


@dataclass(frozen=True, slots=True)
class SomebodySeen:
    """A person who stands for a row and a column."""

    id: int
    name: str
    face_id: int | None
    version: str


@dataclass(frozen=True, slots=True)
class Together:
    """`people` in an order in which those who are often seen together stand side by side. `cells`, a row each: (photos,
    shade of 0 to LEVELS), None where somebody meets themselves."""

    people: Sequence[SomebodySeen]
    cells: Sequence[Sequence[tuple[int, int] | None]]


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of somebody's photos."""

    photo_id: int
    face_id: int
    version: str
    when: str
    age: str


@dataclass(frozen=True, slots=True)
class LifeRow:
    """First and last photo of a person. `start` and `length` are those of the bar, in hundredths of the axis."""

    id: int
    name: str
    photos: int
    years: str
    first: Edge
    last: Edge
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Unclear:
    """Shares in hundredths: `degraded` of the measured faces, `unmeasured` of all. `about`: told from a sample."""

    degraded: int
    unmeasured: int
    measured: int
    about: bool


def decades_view(tx: Tx) -> DecadesView:
    """Photos by decade."""
    found = tx.overview.decades()
    most = max(found.photos.values(), default=1)
    return DecadesView([Decade(year, n, 100 * n / most) for year, n in found.photos.items()], found.undated)


def together_view(tx: Tx) -> Together:
    """Of the people with a name who are in most photos."""
    cards = [c for c in tx.browse.people("shown", limit=PEOPLE) if c.name is not None]
    pairs = tx.overview.together([c.id for c in cards])
    by_id = {c.id: c for c in cards}
    order = [by_id[i] for i in side_by_side(list(by_id), pairs)]
    known = versions(tx, [c.cover_face_id for c in order])
    people = [SomebodySeen(c.id, c.name or "", c.cover_face_id, known.get(c.cover_face_id or 0, "")) for c in order]
    most = max(pairs.values(), default=1)

    def cell(one: int, other: int) -> tuple[int, int] | None:
        n = pairs.get((min(one, other), max(one, other)), 0)
        return None if one == other else (n, 0 if n == 0 else 1 + int((LEVELS - 1) * (n / most) ** 0.5))

    return Together(people, [[cell(a.id, b.id) for b in order] for a in order])


def side_by_side(people: Sequence[int], pairs: Mapping[tuple[int, int], int]) -> list[int]:
    """The same people: the two who are seen together most, then, at either end, whoever is seen most with the one who
    stands there. Families become blocks of the table."""

    def seen(one: int, other: int) -> int:
        return pairs.get((min(one, other), max(one, other)), 0)

    left = list(people)
    if len(left) < 3:
        return left
    first, second = max(((a, b) for a in left for b in left if a != b), key=lambda pair: seen(*pair))
    line = [first, second]
    left = [p for p in left if p not in line]
    while left:
        at_end = max(left, key=lambda p: seen(p, line[-1]))
        at_start = max(left, key=lambda p: seen(p, line[0]))
        if seen(at_start, line[0]) > seen(at_end, line[-1]):
            line.insert(0, at_start)
            left.remove(at_start)
        else:
            line.append(at_end)
            left.remove(at_end)
    return line


def life_rows(tx: Tx, after: int | None, axis: tuple[int, int]) -> tuple[Sequence[LifeRow], int | None]:
    """The next people with a name, who are in most photos first, on an axis of years; and after whom to go on. People
    without a dated photo are left out. Raises UnknownIdError for an `after` that nobody is."""
    place = None if after is None else person_head(tx, after).card.place
    cards = tx.browse.people("shown", after=place, limit=LIVES + 1)
    page = [c for c in cards[:LIVES] if c.name is not None]
    ends = tx.overview.ends([c.id for c in page])
    known = versions(tx, [e.face_id for both in ends.values() for e in both])
    rows = [_row(c, *ends[c.id], axis, known) for c in page if c.id in ends]
    more = len(cards) > LIVES and cards[LIVES].name is not None
    return rows, page[-1].id if more else None


def unclear(tx: Tx) -> Unclear:
    """How many of the faces could be clearer."""
    found = tx.measures.clearness(DegradedFilter(VERSION, SHARP_SCORE, MIN_EYE_DISTANCE), sample=SAMPLE)
    return Unclear(
        degraded=round(100 * found.degraded / max(found.measured, 1)),
        unmeasured=round(100 * (1 - found.measured / max(found.faces, 1))),
        measured=found.measured,
        about=found.sampled,
    )


def _row(card: PersonCard, first: End, last: End, axis: tuple[int, int], known: Mapping[int, str]) -> LifeRow:
    a, b = (int(e.captured_at[:4]) for e in (first, last))
    width = max(axis[1] - axis[0], 1)
    start = 100 * min(max(a - axis[0], 0), width) / width
    length = min(100 * (b - a + 1) / width, 100 - start)
    at_first, at_last = (_edge(e, card.birth_date, known.get(e.face_id, "")) for e in (first, last))
    span = years(first.captured_at, last.captured_at)
    return LifeRow(card.id, card.name or "", card.photos, span, at_first, at_last, start, length)


def _edge(end: End, born: str | None, version: str) -> Edge:
    at, said = end.captured_at, end.dated
    return Edge(end.photo_id, end.face_id, version, taken(at, said) if said else month(at), age_then(born, at, said))
