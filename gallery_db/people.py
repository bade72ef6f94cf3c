"""People, read side. Everything that changes a person is a human act (`decisions.py`) or grouping (`faces.py`)."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from .records import PersonConstraint, PersonRecord, PersonSummary


class PersonRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def get(self, person_id: int) -> PersonRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def summary(self, person_id: int) -> PersonSummary:
        """Raises NotFoundError."""
        raise NotImplementedError

    def by_name(self, name: str) -> list[PersonRecord]:
        """People of exactly this name (letter case and outer blanks ignored), in order of id; several may share one."""
        raise NotImplementedError

    def find(
        self,
        *,
        hidden: bool | None = False,
        ignored: bool | None = False,
        named: bool | None = None,
        min_faces: int = 0,
    ) -> list[PersonSummary]:
        """People: named ones first, then by number of faces. None for a flag means "both"."""
        raise NotImplementedError

    def names(self, person_ids: Sequence[int] | None = None) -> dict[int, str]:
        """Names of the named people."""
        raise NotImplementedError

    def constraints(self) -> list[PersonConstraint]:
        raise NotImplementedError

    def different(self) -> set[tuple[int, int]]:
        """Pairs of people (smaller id first) the user declared, by a split or `decisions.different`, not the same."""
        raise NotImplementedError
