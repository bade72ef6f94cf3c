"""People, read side. Everything that changes a person is a human act (`decisions.py`) or grouping (`faces.py`)."""

import unicodedata
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Boolean, ColumnElement, Connection, exists, func, literal_column, select, text

from .database.rows import batches
from .database.schema import different, face, merged, person
from .errors import UnknownIdError
from .people_list import DECIDED, SHOWN, SUMMARIES, in_order, summary
from .records import PersonConstraint, PersonRecord, PersonSummary

_SHOWN = text(SHOWN)


def decided() -> ColumnElement[bool]:
    """Does any human act refer to the person?"""
    return literal_column(DECIDED, Boolean)


def name_key(name: str) -> str:
    """The same for names that differ in letter case or in how accents are written (Unicode's canonical caseless
    match, definition D145)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


class PersonRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def get(self, person_id: int) -> PersonRecord:
        """Raises UnknownIdError."""
        row = self._c.execute(select(person, decided().label("decided")).where(person.c.id == person_id)).first()
        if row is None:
            heir = self._c.scalar(select(merged.c.person_id).where(merged.c.absorbed_id == person_id))
            hint = "" if heir is None else f": it was merged into person {heir}"
            raise UnknownIdError(f"no person with id {person_id}{hint}")
        return PersonRecord(**row._mapping)

    def summary(self, person_id: int) -> PersonSummary:
        """Raises UnknownIdError."""
        self.get(person_id)
        return self._summaries("person.id = :person", person=person_id)[0]

    def by_name(self, name: str) -> list[PersonRecord]:
        """People of exactly this name (letter case, outer blanks and the Unicode form ignored), in order of id; several
        may share one."""
        wanted = name_key(name.strip())
        # Compared here: SQLite's lower() knows ASCII only.
        ids = sorted(i for i, n in self.names().items() if name_key(n) == wanted)
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
        conditions = ["true"]
        if hidden is not None:
            conditions.append("person.hidden" if hidden else "NOT person.hidden")
        if ignored is not None:
            conditions.append("person.ignored" if ignored else "NOT person.ignored")
        if named is not None:
            conditions.append("person.name IS NOT NULL" if named else "person.name IS NULL")
        return in_order(p for p in self._summaries(" AND ".join(conditions)) if p.faces >= min_faces)

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

    def birth_days(self) -> dict[int, int]:
        """`date.toordinal()` of the birth dates that are known, by person."""
        born = select(person.c.id, person.c.birth_date).where(person.c.birth_date.is_not(None))
        return {i: date.fromisoformat(day).toordinal() for i, day in self._c.execute(born) if day}

    def different(self) -> set[tuple[int, int]]:
        """Pairs of people (smaller id first) the user declared, by a split or `decisions.different`, not the same."""
        return {(a, b) for a, b in self._c.execute(select(different.c.person_a, different.c.person_b))}

    def _summaries(self, where: str, **values: int) -> list[PersonSummary]:
        return [summary(row) for row in self._c.execute(text(SUMMARIES.format(where=where)), values)]
