"""What a human decides about people: part of `DecisionRepo`."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select

from gallery_db.database.rows import require, unique
from gallery_db.database.schema import cluster, different, face, merged, person, rejection, restoration
from gallery_db.errors import GalleryError
from gallery_db.records import DecisionRecord, PersonMade, said
from iconface_core.reasons import Reason

from .base import Decisions, clean, new_person
from .recorder import Recorder


class PersonDecisions(Decisions):
    def create_person(self, name: str | None = None) -> PersonMade:
        """Somebody who has no face yet."""
        r = Recorder(self._c)
        person_id = new_person(r, name)
        done = self._note("create_person", said.CREATED(person=self._title(person_id)), r)
        return PersonMade.of(done, person_id)

    def merge(self, keep: int, absorb: Sequence[int]) -> DecisionRecord:
        """All are one person: faces, clusters and rejections go to `keep`, which also takes the first name and birth
        date known if it has none. Raises GalleryError when `keep` is in `absorb` or `absorb` is empty."""
        gone = unique(absorb)
        if not gone or keep in gone:
            raise GalleryError(f"merge needs other people than person {keep} to merge into it")
        require(self._c, person, [keep, *gone])
        titles = tuple(self._title(p) for p in gone)
        r = Recorder(self._c)
        people = {p.id: p for p in self._c.execute(select(person).where(person.c.id.in_([keep, *gone])))}
        for column in ("name", "birth_date"):
            known = [getattr(people[p], column) for p in (keep, *gone) if getattr(people[p], column) is not None]
            if known:
                r.update(person, [keep], **{column: known[0]})
        self._merge_rejections(r, keep, gone)
        self._merge_differences(r, keep, gone)
        for table in (face, cluster, restoration, merged):
            r.update(table, self._ids(table, table.c.person_id.in_(gone)), person_id=keep)
        r.delete(person, gone)
        for p in gone:
            r.insert(merged, person_id=keep, absorbed_id=p)
        return self._note("merge", said.MERGED(people=titles, into=self._title(keep)), r)

    def split(self, person_id: int, face_ids: Sequence[int], *, name: str | None = None) -> PersonMade:
        """These faces are somebody else: a new person with them confirmed, declared different from the
        old one. Raises GalleryError when a face is not the person's, or all of them are given."""
        require(self._c, person, [person_id])
        rows = self._faces(face_ids)
        self._must_be_of(rows, person_id)
        if len(rows) == len(self._ids(face, face.c.person_id == person_id)):
            raise GalleryError(f"these are all faces of person {person_id}: nothing would be left to split from")
        r = Recorder(self._c)
        new_id = new_person(r, name)
        self._take(r, rows, new_id)
        r.insert(different, person_a=person_id, person_b=new_id)
        what = said.SPLIT(faces=said.faces(rows), person=self._title(person_id), new=self._title(new_id))
        done = self._note("split", what, r)
        return PersonMade.of(done, new_id)

    def different(self, person_id: int, other_id: int) -> DecisionRecord:
        """Two people are not the same; grouping does not propose it again."""
        if person_id == other_id:
            raise GalleryError(f"person {person_id} cannot differ from itself")
        require(self._c, person, [person_id, other_id])
        a, b = sorted((person_id, other_id))
        r = Recorder(self._c)
        if not self._ids(different, and_(different.c.person_a == a, different.c.person_b == b)):
            r.insert(different, person_a=a, person_b=b)
        return self._note("different", said.DIFFERENT(person=self._title(a), other=self._title(b)), r)

    def name(self, person_id: int, name: str | None, *, seen: Sequence[int] = ()) -> DecisionRecord:
        """Set or (None, blank) remove the name. `seen` are faces of theirs by which the user knew them: confirmed with
        it. Raises GalleryError when one is not theirs."""
        require(self._c, person, [person_id])
        before = self._title(person_id)
        rows = self._faces(seen) if seen else {}
        self._must_be_of(rows, person_id)
        r = Recorder(self._c)
        r.update(person, [person_id], name=clean(name))
        r.update(face, list(rows), confirmed=True, state="ok")
        return self._note("name", said.NAMED(person=before, name=clean(name)), r)

    def hide(self, person_id: int, hidden: bool = True) -> DecisionRecord:
        """Out of lists, still recognised."""
        what = said.HIDDEN(person=self._title(person_id), hidden=hidden)
        return self._set("hide", person_id, what, hidden=hidden)

    def ignore(self, person_id: int, ignored: bool = True) -> DecisionRecord:
        """A stranger: never listed, proposed or used as reference."""
        what = said.PERSON_IGNORED(person=self._title(person_id), ignored=ignored)
        return self._set("ignore", person_id, what, ignored=ignored)

    def birth_date(self, person_id: int, born: date | None) -> DecisionRecord:
        """Grouping then excludes photos captured before. Raises GalleryError for a day that is yet to come."""
        if born is not None and born > date.today():
            raise GalleryError(f"{born} is still to come: nobody was born then")
        text = None if born is None else born.isoformat()
        return self._set("birth_date", person_id, said.BORN(person=self._title(person_id), date=text), birth_date=text)

    def cover(self, person_id: int, face_id: int | None) -> DecisionRecord:
        """The face to show; None: the best one. Raises GalleryError when the face is not the person's."""
        if face_id is not None:
            self._must_be_of(self._faces([face_id]), person_id)
        what = said.COVER(person=self._title(person_id), face=face_id)
        return self._set("cover", person_id, what, cover_face_id=face_id)

    def _set(self, kind: str, person_id: int, summary: Reason, **values: Any) -> DecisionRecord:
        require(self._c, person, [person_id])
        r = Recorder(self._c)
        r.update(person, [person_id], **values)
        return self._note(kind, summary, r)

    def _must_be_of(self, rows: dict[int, Any], person_id: int) -> None:
        stranger = next((i for i, row in rows.items() if row.person_id != person_id), None)
        if stranger is not None:
            raise GalleryError(f"face {stranger} does not belong to person {person_id}")

    def _merge_rejections(self, r: Recorder, keep: int, gone: list[int]) -> None:
        one = [keep, *gone]
        refused = {row.face_id for row in self._rows(rejection, rejection.c.person_id == keep)}
        for row in self._rows(rejection, rejection.c.person_id.in_(one)):
            contradicted = self._c.scalar(select(face.c.person_id).where(face.c.id == row.face_id)) in one
            if contradicted or (row.person_id != keep and row.face_id in refused):
                r.delete(rejection, [row.id])
            elif row.person_id != keep:
                r.update(rejection, [row.id], person_id=keep)
                refused.add(row.face_id)

    def _merge_differences(self, r: Recorder, keep: int, gone: list[int]) -> None:
        one = {keep, *gone}
        touches = or_(different.c.person_a.in_(one), different.c.person_b.in_(one))
        rows = self._rows(different, touches)
        pairs = {tuple(sorted(keep if p in one else p for p in (row.person_a, row.person_b))) for row in rows}
        r.delete(different, [row.id for row in rows])
        for a, b in sorted(pairs):
            if a != b:
                r.insert(different, person_a=a, person_b=b)
