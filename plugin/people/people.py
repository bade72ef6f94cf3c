"""What a user asks about people and faces, and what they decide. Every decision can be tried first and undone later."""

from collections.abc import Callable
from pathlib import Path

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, FaceFilter, FaceRecord, PersonSummary

from ..dry_run import Precondition, unconditional
from ..errors import NotFoundError
from ..rows import Row, face_row, person_row
from .decisions import Decisions, Made, called


class People:
    """Reads and decisions over one gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def listed(self, *, everybody: bool = False) -> list[PersonSummary]:
        """Named people first, then by number of faces; `everybody` includes hidden and ignored people."""
        flag = None if everybody else False
        with self._gallery.begin(write=False) as tx:
            return tx.people.find(hidden=flag, ignored=flag)

    def rows(self, *, everybody: bool = False) -> list[Row]:
        """`people list`."""
        return [person_row(p) for p in self.listed(everybody=everybody)]

    def summary(self, person_id: int) -> PersonSummary:
        """One person. Raises UnknownIdError."""
        with self._gallery.begin(write=False) as tx:
            return tx.people.summary(person_id)

    def row(self, person_id: int) -> Row:
        """`people show`. Raises UnknownIdError."""
        return person_row(self.summary(person_id))

    def faces_of(self, *, photo: Path | None = None, person_id: int | None = None) -> list[FaceRecord]:
        """Faces in order of id: in a photo (its absolute path), of a person, both, or all."""
        where = FaceFilter(photo=None if photo is None else str(photo), person_id=person_id)
        with self._gallery.begin(write=False) as tx:
            return tx.faces.find(where)

    def faces(
        self,
        *,
        photo: Path | None = None,
        person_id: int | None = None,
        assigned: bool | None = None,
        ignored: bool = False,
        after_id: int = 0,
        limit: int | None = None,
    ) -> list[Row]:
        """`faces list`: faces in order of id. `photo`: an absolute path; `assigned`: with a person, or without one;
        `ignored`: these too; of those with ids above `after_id` at most `limit`."""
        where = FaceFilter(
            photo=None if photo is None else str(photo),
            person_id=person_id,
            assigned=assigned,
            states=("ok", "doubtful", "ignored") if ignored else ("ok", "doubtful"),
            after_id=after_id,
            limit=limit,
        )
        with self._gallery.begin(write=False) as tx:
            return [face_row(f) for f in tx.faces.find(where)]

    def face(self, face_id: int) -> Row:
        """`faces show`. Raises UnknownIdError."""
        with self._gallery.begin(write=False) as tx:
            return face_row(tx.faces.get(face_id))

    def find(self, who: str) -> int:
        """A person by id or exact name. Raises NotFoundError, also when several share the name, listing their ids."""
        with self._gallery.begin(write=False) as tx:
            found = tx.people.by_name(who)
            if who.isdecimal():
                by_id = tx.people.get(int(who)).id
                if other := next((p.id for p in found if p.id != by_id), None):  # of a release that let that happen
                    raise NotFoundError(f"{who} is what person {other} is called, too: give that one another name")
                return by_id
        if not found:
            raise NotFoundError(f"no person is called {who!r}; see: iconface people list")
        if len(found) > 1:
            ids = ", ".join(str(p.id) for p in found)
            raise NotFoundError(f"several people are called {who!r}: use one of the ids {ids}")
        return found[0].id

    def named(self, name: str, *, but: int | None = None) -> list[int]:
        """Ids of the people called `name`, apart from `but`."""
        with self._gallery.begin(write=False) as tx:
            return called(tx, name, but=but)

    def deciding(self, *, given: Precondition = unconditional, dry_run: bool = False) -> Decisions:
        """The verbs: what can be decided about people and faces."""
        return Decisions(self._gallery, given=given, dry_run=dry_run)

    def decide(self, verb: Callable[[Tx], Made], *, dry_run: bool = False) -> Made:
        """Carry out a decision of another kind, or only say what it would be."""
        return self.deciding(dry_run=dry_run).carry_out(verb)

    def history(self, *, limit: int) -> list[DecisionRecord]:
        """Decisions, latest first; at most `limit`."""
        with self._gallery.begin(write=False) as tx:
            return tx.decisions.history(limit=limit)
