"""The library as a whole, in few numbers: by decade, by who is seen with whom, by first and last photo.

Each is one statement over an index or one pass over a table; nothing is counted in advance (docs/benchmarks/page.md).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gallery_db.database.words import statement

from . import sql


@dataclass(frozen=True, slots=True)
class Decades:
    """Photos by the first year of their decade, in order, without gaps; and how many have no date, or none that can be
    believed (before 1800, after 2099)."""

    photos: dict[int, int]
    undated: int


@dataclass(frozen=True, slots=True)
class End:
    """A person's first or last dated photo, and their face in it. `dated` is what somebody said about its date."""

    captured_at: str
    photo_id: int
    face_id: int
    dated: str | None


class OverviewRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def decades(self) -> Decades:
        """Of the photos that were looked at."""
        span = self._c.execute(statement(self._c, sql.SPAN)).one()
        if not span.dated:
            return Decades({}, span.photos)
        starts = list(range(int(span.first[:3]) * 10, int(span.last[:3]) * 10 + 1, 10))
        counts = ", ".join(sql.SINCE.format(year=year) for year in starts)
        since = self._c.execute(statement(self._c, sql.DECADES.format(counts=counts))).one()
        later = [*since[1:], 0]
        return Decades({s: n - m for s, n, m in zip(starts, since, later, strict=True)}, span.photos - span.dated)

    def together(self, people: Sequence[int]) -> dict[tuple[int, int], int]:
        """In how many photos each two of these people are, by their ids, the smaller first; without pairs that are in
        none."""
        rows = self._c.execute(statement(self._c, sql.AMONG), {"people": json.dumps(list(people))})
        return {(r.one, r.other): r.photos for r in rows}

    def ends(self, people: Sequence[int]) -> dict[int, tuple[End, End]]:
        """The first and the last photo of each of these people; without those who are in no dated one."""
        rows = self._c.execute(statement(self._c, sql.ENDS), {"people": json.dumps(list(people))})
        return {r.person_id: (_end(r.first), _end(r.last)) for r in rows}


def _end(text: str) -> End:
    captured_at, photo_id, face_id, dated = text.rsplit(" ", 3)
    return End(captured_at, int(photo_id), int(face_id), dated or None)
