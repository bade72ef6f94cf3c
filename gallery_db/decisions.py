"""Everything a human decides. Each verb writes one decision with its inverse, in the caller's transaction.

A decision is a fact: only `undo`, itself a decision, takes it back. Machine code has no business here. All verbs raise
NotFoundError for unknown ids, and change nothing when they raise.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select

from iconface_core.types import BBox

from . import undo
from .changes import Recorder
from .errors import GalleryError, NotFoundError
from .records import DecisionRecord
from .restoration_decisions import RestorationDecisions
from .rows import batches, require, unique
from .schema import cluster, decision, different, face, merged, person, photo, rejection, restoration


class DecisionRepo(RestorationDecisions):
    def create_person(self, name: str | None = None) -> DecisionRecord:
        """`.person_id` of the result is the new person."""
        r = Recorder(self._c)
        person_id = _new_person(r, name)
        done = self._note("create_person", f"created {self._title(person_id)}", r)
        return replace(done, person_id=person_id)

    def confirm(self, face_ids: Sequence[int]) -> DecisionRecord:
        """ "Yes, that is who it says." Raises GalleryError for a face without a person."""
        rows = self._faces(face_ids)
        nobody = [i for i, r in rows.items() if r.person_id is None]
        if nobody:
            raise GalleryError(f"face {nobody[0]} has no person to confirm: assign it to one")
        r = Recorder(self._c)
        r.update(face, list(rows), confirmed=True, state="ok")
        return self._note("confirm", f"confirmed {_faces(rows)}", r)

    def assign(self, face_ids: Sequence[int], person_id: int) -> DecisionRecord:
        """ "These are that person": confirmed, out of the machine's hands; earlier rejections of it are lifted."""
        rows = self._faces(face_ids)
        require(self._c, person, [person_id])
        r = Recorder(self._c)
        r.delete(rejection, self._rejections(list(rows), [person_id]))
        self._take(r, rows, person_id)
        return self._note("assign", f"assigned {_faces(rows)} to {self._title(person_id)}", r)

    def assign_new(self, face_ids: Sequence[int], name: str | None = None) -> DecisionRecord:
        """ "These are somebody who is not here yet": a new person (`.person_id`) with them confirmed, as one act."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        person_id = _new_person(r, name)
        self._take(r, rows, person_id)
        done = self._note("assign", f"assigned {_faces(rows)} to {self._title(person_id)}, who is new", r)
        return replace(done, person_id=person_id)

    def reject(self, face_ids: Sequence[int], person_id: int | None = None) -> DecisionRecord:
        """ "Not that person" (None: whoever the face has now). Remembered for ever; a face that had that person becomes
        undecided. Raises GalleryError when there is no person to reject."""
        rows = self._faces(face_ids)
        if person_id is not None:
            require(self._c, person, [person_id])
        refused = {i: row.person_id if person_id is None else person_id for i, row in rows.items()}
        for face_id, who in refused.items():
            if who is None:
                raise GalleryError(f"face {face_id} has no person: say which one it is not")
        r = Recorder(self._c)
        for face_id, who in refused.items():
            if not self._rejections([face_id], [who]):
                r.insert(rejection, face_id=face_id, person_id=who)
            if rows[face_id].person_id == who:
                r.update(face, [face_id], person_id=None, cluster_id=None, confirmed=False)
        return self._note("reject", f"rejected {_faces(rows)}" + _of(person_id, self._title), r)

    def unassign(self, face_ids: Sequence[int]) -> DecisionRecord:
        """Give faces back to the machine: no person, not confirmed. Nothing is remembered against anyone."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        r.update(face, list(rows), person_id=None, cluster_id=None, confirmed=False)
        return self._note("unassign", f"unassigned {_faces(rows)}", r)

    def ignore_faces(self, face_ids: Sequence[int], ignored: bool = True) -> DecisionRecord:
        """ "Not a face" or "never mind": out of people, grouping and references. False takes it back."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        if ignored:
            r.update(face, list(rows), state="ignored", person_id=None, cluster_id=None, confirmed=False)
        else:
            r.update(face, [i for i, row in rows.items() if row.state == "ignored"], state="ok")
        return self._note("ignore_faces", f"{'' if ignored else 'no longer '}ignored {_faces(rows)}", r)

    def add_face(
        self, photo_id: int, bbox: BBox, *, person_id: int | None = None, name: str | None = None
    ) -> DecisionRecord:
        """A box drawn by hand (`.face_id`), confirmed when a person is given; `name` makes a new one. Vectors come with
        the next re-embedding (`faces.missing`). Raises GalleryError for a box without area inside the photo."""
        require(self._c, photo, [photo_id])
        if person_id is not None:
            require(self._c, person, [person_id])
        width, height = self._c.execute(select(photo.c.width, photo.c.height).where(photo.c.id == photo_id)).one()
        box = BBox(max(0.0, bbox.x1), max(0.0, bbox.y1), min(float(width), bbox.x2), min(float(height), bbox.y2))
        if not (box.width > 0 and box.height > 0):
            raise GalleryError(f"the box {bbox} has no area inside photo {photo_id} ({width} x {height} pixels)")
        r = Recorder(self._c)
        if person_id is None and _clean(name) is not None:
            person_id = _new_person(r, name)
        face_id = r.insert(
            face,
            photo_id=photo_id,
            x1=box.x1,
            y1=box.y1,
            x2=box.x2,
            y2=box.y2,
            det_score=1.0,
            source="manual",
            person_id=person_id,
            confirmed=person_id is not None,
            state="ok",
        )
        done = self._note("add_face", f"drew face {face_id}" + _of(person_id, self._title), r)
        return replace(done, face_id=face_id, person_id=person_id)

    def merge(self, keep: int, absorb: Sequence[int]) -> DecisionRecord:
        """All are one person: faces, clusters and rejections go to `keep`, which also takes the first name and birth
        date known if it has none. Raises GalleryError when `keep` is in `absorb` or `absorb` is empty."""
        gone = unique(absorb)
        if not gone or keep in gone:
            raise GalleryError(f"merge needs other people than person {keep} to merge into it")
        require(self._c, person, [keep, *gone])
        titles = ", ".join(self._title(p) for p in gone)
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
        return self._note("merge", f"merged {titles} into {self._title(keep)}", r)

    def split(self, person_id: int, face_ids: Sequence[int], *, name: str | None = None) -> DecisionRecord:
        """These faces are somebody else: a new person (`.person_id`) with them confirmed, declared different from the
        old one. Raises GalleryError when a face is not the person's, or all of them are given."""
        require(self._c, person, [person_id])
        rows = self._faces(face_ids)
        self._must_be_of(rows, person_id)
        if len(rows) == len(self._ids(face, face.c.person_id == person_id)):
            raise GalleryError(f"these are all faces of {self._title(person_id)}: nothing would be left to split from")
        r = Recorder(self._c)
        new_id = _new_person(r, name)
        self._take(r, rows, new_id)
        r.insert(different, person_a=person_id, person_b=new_id)
        done = self._note("split", f"split {_faces(rows)} from {self._title(person_id)}: {self._title(new_id)}", r)
        return replace(done, person_id=new_id)

    def different(self, person_id: int, other_id: int) -> DecisionRecord:
        """Two people are not the same; grouping does not propose it again."""
        if person_id == other_id:
            raise GalleryError(f"person {person_id} cannot differ from itself")
        require(self._c, person, [person_id, other_id])
        a, b = sorted((person_id, other_id))
        r = Recorder(self._c)
        if not self._ids(different, and_(different.c.person_a == a, different.c.person_b == b)):
            r.insert(different, person_a=a, person_b=b)
        return self._note("different", f"{self._title(a)} is not {self._title(b)}", r)

    def name(self, person_id: int, name: str | None, *, seen: Sequence[int] = ()) -> DecisionRecord:
        """Set or (None, blank) remove the name. `seen` are faces of theirs by which the user knew them: confirmed with
        it. Raises GalleryError when one is not theirs."""
        require(self._c, person, [person_id])
        before = self._title(person_id)
        rows = self._faces(seen) if seen else {}
        self._must_be_of(rows, person_id)
        r = Recorder(self._c)
        r.update(person, [person_id], name=_clean(name))
        r.update(face, list(rows), confirmed=True, state="ok")
        return self._note("name", f"named {before} {_clean(name) or '(no name)'}", r)

    def hide(self, person_id: int, hidden: bool = True) -> DecisionRecord:
        """Out of lists, still recognised."""
        return self._set("hide", person_id, f"{'hid' if hidden else 'showed'} {self._title(person_id)}", hidden=hidden)

    def ignore(self, person_id: int, ignored: bool = True) -> DecisionRecord:
        """A stranger: never listed, proposed or used as reference."""
        did = "ignored" if ignored else "no longer ignored"
        return self._set("ignore", person_id, f"{did} {self._title(person_id)}", ignored=ignored)

    def birth_date(self, person_id: int, born: date | None) -> DecisionRecord:
        """Grouping then excludes photos captured before."""
        text = None if born is None else born.isoformat()
        return self._set("birth_date", person_id, f"{self._title(person_id)}: born {text}", birth_date=text)

    def cover(self, person_id: int, face_id: int | None) -> DecisionRecord:
        """The face to show; None: the best one. Raises GalleryError when the face is not the person's."""
        if face_id is not None:
            self._must_be_of(self._faces([face_id]), person_id)
        return self._set("cover", person_id, f"{self._title(person_id)}: cover {face_id}", cover_face_id=face_id)

    def undo(self, decision_id: int | None = None) -> DecisionRecord:
        """Take back one decision (default: the latest in force), in a new one; undoing that one redoes it.

        Raises NotFoundError (nothing to undo), GalleryError (already undone) or ConflictError when a later decision in
        force changed the same thing: undo that first. What only the machine moved since stays moved (`.skipped`).
        """
        return undo.undo(self._c, decision_id)

    def get(self, decision_id: int) -> DecisionRecord:
        """Raises NotFoundError."""
        return undo.record(undo.fetch(self._c, decision_id))

    def history(self, *, limit: int | None = None) -> list[DecisionRecord]:
        """Latest first."""
        rows = self._c.execute(select(decision).order_by(decision.c.id.desc()).limit(limit))
        return [undo.record(r) for r in rows]

    def _set(self, kind: str, person_id: int, summary: str, **values: Any) -> DecisionRecord:
        require(self._c, person, [person_id])
        r = Recorder(self._c)
        r.update(person, [person_id], **values)
        return self._note(kind, summary, r)

    def _note(self, kind: str, summary: str, r: Recorder) -> DecisionRecord:
        return undo.note(self._c, kind, summary, r.changes)

    def _take(self, r: Recorder, rows: dict[int, Any], person_id: int) -> None:
        """Confirm faces as a person's. A face from elsewhere leaves its cluster, which is not the person's."""
        moved = [i for i, row in rows.items() if row.person_id != person_id]
        r.update(face, moved, cluster_id=None)
        r.update(face, list(rows), person_id=person_id, confirmed=True, state="ok")

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

    def _faces(self, face_ids: Sequence[int]) -> dict[int, Any]:
        ids = unique(face_ids)
        if not ids:
            raise GalleryError("no face was given")
        require(self._c, face, ids)
        rows = {row.id: row for part in batches(ids) for row in self._rows(face, face.c.id.in_(part))}
        forgotten = [i for i, row in rows.items() if row.state == "forgotten"]
        if forgotten:
            raise NotFoundError(f"face {forgotten[0]} was forgotten")
        return rows

    def _must_be_of(self, rows: dict[int, Any], person_id: int) -> None:
        stranger = next((i for i, row in rows.items() if row.person_id != person_id), None)
        if stranger is not None:
            raise GalleryError(f"face {stranger} does not belong to {self._title(person_id)}")

    def _rejections(self, face_ids: list[int], people: list[int]) -> list[int]:
        ids = (rejection.c.face_id.in_(part) for part in batches(face_ids))
        return [i for part in ids for i in self._ids(rejection, and_(part, rejection.c.person_id.in_(people)))]

    def _ids(self, table: Any, where: Any) -> list[int]:
        return list(self._c.scalars(select(table.c.id).where(where)))

    def _rows(self, table: Any, where: Any) -> list[Any]:
        return list(self._c.execute(select(table).where(where).order_by(table.c.id)))

    def _title(self, person_id: int) -> str:
        name = self._c.scalar(select(person.c.name).where(person.c.id == person_id))
        return f"person {person_id}" + (f" ({name})" if name else "")


def _new_person(r: Recorder, name: str | None) -> int:
    return r.insert(person, name=_clean(name), hidden=False, ignored=False, created_by="user")


def _clean(name: str | None) -> str | None:
    return (name or "").strip() or None


def _faces(rows: dict[int, Any]) -> str:
    ids = sorted(rows)
    shown = ", ".join(map(str, ids[:5])) + (", ..." if len(ids) > 5 else "")
    return f"face {shown}" if len(ids) == 1 else f"{len(ids)} faces ({shown})"


def _of(person_id: int | None, title: Any) -> str:
    return "" if person_id is None else f" as {title(person_id)}"
