"""People, read side. Everything that changes a person is a human act (`decisions.py`) or grouping (`faces.py`)."""

import unicodedata
from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, distinct, exists, func, literal_column, or_, select, text

from .database.rows import batches
from .database.schema import different, face, merged, person, photo, rejection
from .errors import NotFoundError
from .records import PersonConstraint, PersonRecord, PersonSummary

SHOWN = "face.state IN ('ok', 'doubtful')"  # the condition of the partial indexes, word for word
COVER = f"""coalesce(
  (SELECT face.id FROM face WHERE face.id = person.cover_face_id AND face.person_id = person.id AND {SHOWN}),
  (SELECT face.id FROM face WHERE face.person_id = person.id AND {SHOWN}
   ORDER BY face.quality DESC, face.det_score DESC, face.id LIMIT 1))"""  # noqa: S608 - nothing comes from outside
"""The face that stands for a person: the user's choice while it is the person's, else the one of best quality."""
_SHOWN = text(SHOWN)


def decided() -> ColumnElement[bool]:
    """Does any human act refer to the person? Derived, so that undoing the last such act takes it back too."""
    p = person.c
    return or_(
        p.created_by == "user",
        p.name.is_not(None),
        p.hidden,
        p.ignored,
        p.birth_date.is_not(None),
        p.cover_face_id.is_not(None),
        _any(face.c.person_id == p.id, face.c.confirmed),
        _any(rejection.c.person_id == p.id),
        _any(merged.c.person_id == p.id),
        _any(or_(different.c.person_a == p.id, different.c.person_b == p.id)),
    )


def _any(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(*conditions).correlate(person)


def _folded(name: str) -> str:
    """The same for names that differ in letter case or in how accents are written (Unicode's canonical caseless
    match, definition D145)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


class PersonRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def get(self, person_id: int) -> PersonRecord:
        """Raises NotFoundError."""
        row = self._c.execute(select(person, decided().label("decided")).where(person.c.id == person_id)).first()
        if row is None:
            heir = self._c.scalar(select(merged.c.person_id).where(merged.c.absorbed_id == person_id))
            hint = "" if heir is None else f": it was merged into person {heir}"
            raise NotFoundError(f"no person with id {person_id}{hint}")
        return PersonRecord(**row._mapping)

    def summary(self, person_id: int) -> PersonSummary:
        """Raises NotFoundError."""
        self.get(person_id)
        return self._summaries(person.c.id == person_id)[0]

    def by_name(self, name: str) -> list[PersonRecord]:
        """People of exactly this name (letter case, outer blanks and the Unicode form ignored), in order of id; several
        may share one."""
        wanted = _folded(name.strip())
        # Compared here: SQLite's lower() knows ASCII only.
        ids = sorted(i for i, n in self.names().items() if _folded(n) == wanted)
        return [self.get(i) for i in ids]

    def find(
        self,
        *,
        hidden: bool | None = False,
        ignored: bool | None = False,
        named: bool | None = None,
        min_faces: int = 0,
    ) -> list[PersonSummary]:
        """People: named ones first, then by number of faces. None for a flag means "both". Machine-made people without
        faces, which the next grouping removes, are left out."""
        conditions = []
        if hidden is not None:
            conditions.append(person.c.hidden == hidden)
        if ignored is not None:
            conditions.append(person.c.ignored == ignored)
        if named is not None:
            conditions.append(person.c.name.is_not(None) == named)
        found = self._summaries(*conditions)
        shown = [s for s in found if s.faces >= min_faces and (s.faces or s.decided)]
        return sorted(shown, key=lambda s: (s.name is None, -s.faces, s.id))

    def names(self, person_ids: Sequence[int] | None = None) -> dict[int, str]:
        """Names of the named people."""
        query = select(person.c.id, person.c.name).where(person.c.name.is_not(None))
        if person_ids is None:
            return {r.id: r.name for r in self._c.execute(query)}
        parts = batches(person_ids)
        return {i: n for ids in parts for i, n in self._c.execute(query.where(person.c.id.in_(ids)))}

    def counts(self) -> tuple[int, int]:
        """How many people have a name, and how many have none but faces. Hidden and ignored ones are left out."""
        p = person.c
        shown = (~p.hidden, ~p.ignored)
        seen = exists().where(face.c.person_id == p.id, _SHOWN)
        named = select(func.count()).select_from(person).where(*shown, p.name.is_not(None))
        unnamed = select(func.count()).select_from(person).where(*shown, p.name.is_(None), seen)
        return self._c.scalar(named) or 0, self._c.scalar(unnamed) or 0

    def constraints(self) -> list[PersonConstraint]:
        p = person.c
        query = select(p.id, p.birth_date, p.name.is_not(None), decided(), p.hidden, p.ignored).order_by(p.id)
        return [
            PersonConstraint(i, date.fromisoformat(born).toordinal() if born else -1, bool(n), bool(d), h, g)
            for i, born, n, d, h, g in self._c.execute(query)
        ]

    def different(self) -> set[tuple[int, int]]:
        """Pairs of people (smaller id first) the user declared, by a split or `decisions.different`, not the same."""
        return {(a, b) for a, b in self._c.execute(select(different.c.person_a, different.c.person_b))}

    def _summaries(self, *conditions: ColumnElement[bool]) -> list[PersonSummary]:
        f, p = face.c, person.c
        own = select(p.id).where(*conditions).scalar_subquery()
        per_person = (
            select(
                f.person_id,
                func.count().label("faces"),
                func.count(distinct(f.photo_id)).label("photos"),
                func.count().filter(f.confirmed).label("confirmed"),
                func.min(photo.c.captured_at).label("first_captured"),
                func.max(photo.c.captured_at).label("last_captured"),
            )
            .join(photo, photo.c.id == f.photo_id)
            .where(_SHOWN, f.person_id.in_(own))
            .group_by(f.person_id)
            .subquery()
        )
        cover: ColumnElement[int | None] = literal_column(COVER).label("cover")
        query = select(person, decided().label("decided"), cover, per_person).where(*conditions)
        query = query.outerjoin(per_person, per_person.c.person_id == p.id)
        return [
            PersonSummary(
                id=r.id,
                name=r.name,
                faces=r.faces or 0,
                photos=r.photos or 0,
                confirmed=r.confirmed or 0,
                cover_face_id=r.cover,
                hidden=r.hidden,
                ignored=r.ignored,
                birth_date=r.birth_date,
                decided=bool(r.decided),
                first_captured=r.first_captured,
                last_captured=r.last_captured,
            )
            for r in self._c.execute(query)
        ]
