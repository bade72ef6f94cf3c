"""Pages of people and faces, as a window shows them: a screenful at a time, fast in a gallery of any size.

Pages go on from a place, not from a number of rows: what is merged or moved meanwhile makes nobody appear twice or get
lost. The statements are in `browse_sql`.
"""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from gallery_db.database.words import statement
from gallery_db.records import FaceState
from iconface_core.types import BBox

from . import sql as sql
from .sql import Visibility


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A person as a picture with a caption. `cover_face_id` is the user's choice (`chosen_cover_id`, while it is
    the person's), else the face of best quality; None without faces. `photos` counts photos, not faces."""

    id: int
    name: str | None
    photos: int
    cover_face_id: int | None
    hidden: bool
    ignored: bool
    birth_date: str | None
    chosen_cover_id: int | None

    @property
    def place(self) -> "PersonPlace":
        """Where the next page starts."""
        return PersonPlace(self.name is None, self.photos, self.id)


@dataclass(frozen=True, slots=True)
class PersonPlace:
    """A place in the order of people: named before unnamed, many photos before few."""

    unnamed: bool
    photos: int
    person_id: int


@dataclass(frozen=True, slots=True)
class FacePlace:
    """A place in an order of faces; of `captured_at` and `quality` the one that the faces are ordered by counts."""

    id: int
    captured_at: str | None = None
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class FaceCard:
    """A face as a picture with a caption. `captured_at`: when, None when unknown; `dated` as of `PhotoRecord`."""

    id: int
    photo_id: int
    captured_at: str | None
    quality: float | None
    person_id: int | None
    confirmed: bool
    state: FaceState
    dated: str | None = None

    @property
    def place(self) -> FacePlace:
        """Where the next page starts."""
        return FacePlace(self.id, self.captured_at, self.quality)

    @property
    def month(self) -> str | None:
        """ "2019-05", or None for an undated photo."""
        return None if self.captured_at is None else self.captured_at[:7]


@dataclass(frozen=True, slots=True)
class YearFace:
    """The clearest face of a person in one year, or one of the clearest without a date; `faces` are how many there are
    of that year, or without a date."""

    face: FaceCard
    faces: int


@dataclass(frozen=True, slots=True)
class ShelfCounts:
    """How many are in each list. `loose` are faces of nobody."""

    shown: int
    hidden: int
    ignored: int
    loose: int
    ignored_faces: int


class BrowseRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def people(
        self, shelf: Visibility, *, search: str = "", after: PersonPlace | None = None, limit: int = 60
    ) -> list[PersonCard]:
        """A page of people: named ones first, then by number of photos. `search` leaves those whose name has every word
        of it somewhere; accents and letter case do not matter. Machine-made people without faces are left out."""
        values: dict[str, Any] = {"limit": limit}
        where = [sql.SHELF[shelf], f"(counted.photos IS NOT NULL OR person.id IN ({sql.KEPT}))"]
        if search.strip():
            where.append("person.id IN (SELECT value FROM json_each(:found))")
            values["found"] = json.dumps(self._called(search))
        if after is not None:
            where.append("(person.name IS NULL, -coalesce(counted.photos, 0), person.id) > (:unnamed, :photos, :id)")
            values |= {"unnamed": after.unnamed, "photos": -after.photos, "id": after.person_id}
        return self._cards(sql.PEOPLE.format(where=" AND ".join(where)), values)

    def cards(self, person_ids: Iterable[int]) -> list[PersonCard]:
        """These people, in the order given; unknown ids are left out."""
        wanted = [int(i) for i in person_ids]
        found = {c.id: c for c in self._cards(sql.SOME_PEOPLE, {"ids": json.dumps(wanted)})}
        return [found[i] for i in wanted if i in found]

    def counts(self) -> ShelfCounts:
        """How long each list is."""
        shelves = {shelf: self._number(query) for shelf, query in sql.COUNT.items()}
        return ShelfCounts(
            **shelves, loose=self._number(sql.LOOSE_COUNT), ignored_faces=self._number(sql.IGNORED_COUNT)
        )

    def faces(
        self, person_id: int, *, after: FacePlace | None = None, limit: int = 60, oldest_first: bool = False
    ) -> list[FaceCard]:
        """A page of a person's faces by capture date, undated ones last."""
        direction, beyond = ("ASC", ">") if oldest_first else ("DESC", "<")
        values: dict[str, Any] = {"person": person_id, "limit": limit}
        where = ""
        if after is not None and after.captured_at is None:
            where = "AND captured_at IS NULL AND face.id > :id"
            values["id"] = after.id
        elif after is not None:
            where = f"AND (captured_at IS NULL OR captured_at {beyond} :at OR (captured_at = :at AND face.id > :id))"
            values |= {"at": after.captured_at, "id": after.id}
        return self._faces(sql.TIMELINE.format(where=where, direction=direction), values)

    def life(self, person_id: int, *, undated: int) -> list[YearFace]:
        """The clearest face of each year of a person, the earliest first; then `undated` clearest without a date."""
        rows = self._c.execute(statement(self._c, sql.LIFE), {"person": person_id, "undated": undated})
        return [YearFace(_card(r), r.faces) for r in rows]

    def months(self, person_id: int) -> list[tuple[str | None, int]]:
        """(month, number of faces) of a person, latest first; None for undated ones, last."""
        return [(r.month, r.faces) for r in self._c.execute(statement(self._c, sql.MONTHS), {"person": person_id})]

    def of_period(self, person_id: int, period: str | None) -> list[int]:
        """Face ids of a person in a year or month such as "2019-05"; None for undated ones."""
        rows = self._c.execute(statement(self._c, sql.OF_PERIOD), {"person": person_id, "period": period})
        return [r.id for r in rows]

    def loose(self, *, after: FacePlace | None = None, limit: int = 60) -> list[FaceCard]:
        """A page of faces of nobody, the clearest first."""
        values: dict[str, Any] = {"limit": limit}
        where = ""
        if after is not None:
            # NULL sorts last; a row value with NULL in it compares to nothing.
            where = "AND (coalesce(quality, -1.0), face.id) < (:quality, :id)"
            if after.quality is not None:
                where += " AND (quality <= :quality OR quality IS NULL)"
            values |= {"quality": -1.0 if after.quality is None else after.quality, "id": after.id}
        return self._faces(sql.LOOSE.format(where=where), values)

    def ignored_faces(self, *, after: FacePlace | None = None, limit: int = 60) -> list[FaceCard]:
        """A page of ignored faces, latest first."""
        return self._faces(sql.IGNORED, {"after": 1 << 62 if after is None else after.id, "limit": limit})

    def pictured(self, face_ids: Iterable[int]) -> dict[int, tuple[str, BBox]]:
        """Content hash of the photo and box of each of these faces: what their pictures depend on."""
        rows = self._c.execute(statement(self._c, sql.PICTURED), {"faces": json.dumps([int(i) for i in face_ids])})
        return {r.id: (r.content_hash, BBox(r.x1, r.y1, r.x2, r.y2)) for r in rows}

    def heir(self, person_id: int) -> int | None:
        """Who somebody that no longer exists was merged into."""
        found = self._c.scalar(statement(self._c, sql.HEIR), {"person": person_id})
        return None if found is None else int(found)

    def together(self, person_id: int, others: Sequence[int]) -> dict[int, int]:
        """In how many photos each of `others` is seen with the person; those never seen together are left out."""
        rows = self._c.execute(
            statement(self._c, sql.TOGETHER), {"person": person_id, "others": json.dumps(list(others))}
        )
        return {r.person_id: r.photos for r in rows}

    def in_time(self, person_id: int) -> list[tuple[int, float]]:
        """(face id, quality) of a person's faces in order of capture, undated ones last. Unknown quality is 0."""
        return [(r.id, r.quality) for r in self._c.execute(statement(self._c, sql.IN_TIME), {"person": person_id})]

    def best(self, person_ids: Sequence[int], each: int) -> dict[int, int]:
        """Face id to person id of the clearest faces of these people, at most `each` of everybody."""
        values = {"people": json.dumps([int(p) for p in person_ids]), "each": each}
        return {r.id: r.person_id for r in self._c.execute(statement(self._c, sql.BEST), values)}

    def owners(self, face_ids: Sequence[int], *, but: int | None = None) -> dict[int, int]:
        """Face id to person id of those of these faces that belong to people in the lists; not to `but`, nor to
        people declared different from `but`."""
        values = {"faces": json.dumps([int(i) for i in face_ids]), "person": -1 if but is None else but}
        return {r.id: r.person_id for r in self._c.execute(statement(self._c, sql.OWNERS), values)}

    def may_be(self, person_id: int, face_ids: Sequence[int]) -> list[int]:
        """Those of these faces that may be the person's: of nobody, or of somebody unnamed and not confirmed. Left out
        is what people decided otherwise: rejected faces, people declared different, hidden or ignored; photos from
        before the birth; and photos where the person is already."""
        values = {"faces": json.dumps([int(i) for i in face_ids]), "person": person_id}
        return [r.id for r in self._c.execute(statement(self._c, sql.MAY_BE), values)]

    def _called(self, search: str) -> list[int]:
        words = plain(search).split()
        rows = self._c.execute(text("SELECT id, name FROM person WHERE name IS NOT NULL"))
        return [i for i, name in rows if all(w in plain(name) for w in words)]

    def _cards(self, query: str, values: dict[str, Any]) -> list[PersonCard]:
        rows = self._c.execute(statement(self._c, query), values)
        return [
            PersonCard(r.id, r.name, r.photos, r.cover, bool(r.hidden), bool(r.ignored), r.birth_date, r.cover_face_id)
            for r in rows
        ]

    def _faces(self, query: str, values: dict[str, Any]) -> list[FaceCard]:
        rows = self._c.execute(statement(self._c, query), values)
        return [_card(r) for r in rows]

    def _number(self, query: str) -> int:
        return int(self._c.scalar(statement(self._c, query)) or 0)


def _card(r: Row[Any]) -> FaceCard:
    return FaceCard(r.id, r.photo_id, r.captured_at, r.quality, r.person_id, bool(r.confirmed), r.state, r.dated)


def plain(name: str) -> str:
    """Letters without case and accents, for comparing names: "Łódź" is "lodz"."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c)).translate(_LETTERS)


# Letters that Unicode does not take apart.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\u0131": "i"}
)
