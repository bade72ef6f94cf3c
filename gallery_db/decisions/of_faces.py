"""What a human decides about faces: part of `DecisionRepo`."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, select

from gallery_db.database.rows import batches, require
from gallery_db.database.schema import face, person, photo, rejection
from gallery_db.errors import GalleryError
from gallery_db.records import DecisionRecord, FaceDrawn, PersonMade, said
from iconface_core.reasons import Reason
from iconface_core.types import BBox

from .base import Decisions, clean, new_person
from .recorder import Recorder


class FaceDecisions(Decisions):
    def confirm(self, face_ids: Sequence[int]) -> DecisionRecord:
        """ "Yes, that is who it says." Raises GalleryError for a face without a person."""
        rows = self._faces(face_ids)
        nobody = [i for i, r in rows.items() if r.person_id is None]
        if nobody:
            raise GalleryError(f"face {nobody[0]} has no person to confirm: assign it to one")
        r = Recorder(self._c)
        r.update(face, list(rows), confirmed=True, state="ok")
        return self._note("confirm", said.FACES_CONFIRMED(faces=said.faces(rows)), r)

    def assign(self, face_ids: Sequence[int], person_id: int) -> DecisionRecord:
        """ "These are that person": confirmed, out of the machine's hands; earlier rejections of it are lifted."""
        rows = self._faces(face_ids)
        require(self._c, person, [person_id])
        r = Recorder(self._c)
        r.delete(rejection, self._rejections(list(rows), [person_id]))
        self._take(r, rows, person_id)
        what = said.ASSIGNED(faces=said.faces(rows), person=self._title(person_id), new=False)
        return self._note("assign", what, r)

    def assign_new(self, face_ids: Sequence[int], name: str | None = None) -> PersonMade:
        """ "These are somebody who is not here yet": a new person with them confirmed, as one act."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        person_id = new_person(r, name)
        self._take(r, rows, person_id)
        what = said.ASSIGNED(faces=said.faces(rows), person=self._title(person_id), new=True)
        return PersonMade.of(self._note("assign", what, r), person_id)

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
        return self._note("reject", said.REJECTED(faces=said.faces(rows), person=self._as(person_id)), r)

    def unassign(self, face_ids: Sequence[int]) -> DecisionRecord:
        """Give faces back to the machine: no person, not confirmed. Nothing is remembered against anyone."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        r.update(face, list(rows), person_id=None, cluster_id=None, confirmed=False)
        return self._note("unassign", said.UNASSIGNED(faces=said.faces(rows)), r)

    def ignore_faces(self, face_ids: Sequence[int], ignored: bool = True) -> DecisionRecord:
        """ "Not a face" or "never mind": out of people, grouping and references. False takes it back."""
        rows = self._faces(face_ids)
        r = Recorder(self._c)
        if ignored:
            self._leave_out(r, rows)
        else:
            r.update(face, [i for i, row in rows.items() if row.state == "ignored"], state="ok")
        return self._note("ignore_faces", said.FACES_IGNORED(faces=said.faces(rows), ignored=ignored), r)

    def add_face(
        self, photo_id: int, bbox: BBox, *, person_id: int | None = None, name: str | None = None
    ) -> FaceDrawn:
        """A box drawn by hand, confirmed when a person is given; `name` makes a new one. Vectors come with
        the next re-embedding (`faces.missing`). Raises GalleryError for a box without area inside the photo."""
        require(self._c, photo, [photo_id])
        if person_id is not None:
            require(self._c, person, [person_id])
        r = Recorder(self._c)
        with self._c.begin_nested():  # no new person without the face
            if person_id is None and clean(name) is not None:
                person_id = new_person(r, name)
            face_id = insert_box(self._c, r, photo_id, bbox, person_id)
        done = self._note("add_face", said.DREW(face=face_id, person=self._as(person_id)), r)
        return FaceDrawn.of(done, face_id, person_id)

    def _rejections(self, face_ids: list[int], people: list[int]) -> list[int]:
        ids = (rejection.c.face_id.in_(part) for part in batches(face_ids))
        return [i for part in ids for i in self._ids(rejection, and_(part, rejection.c.person_id.in_(people)))]

    def _as(self, person_id: int | None) -> Reason | None:
        return None if person_id is None else self._title(person_id)


def insert_box(conn: Connection, r: Recorder, photo_id: int, bbox: BBox, person_id: int | None) -> int:
    """A face drawn in a photo that is there; its id. Raises GalleryError for a box without area inside the photo."""
    width, height = conn.execute(select(photo.c.width, photo.c.height).where(photo.c.id == photo_id)).one()
    box = BBox(max(0.0, bbox.x1), max(0.0, bbox.y1), min(float(width), bbox.x2), min(float(height), bbox.y2))
    if not (box.width > 0 and box.height > 0):
        raise GalleryError(f"the box {bbox} has no area inside photo {photo_id} ({width} x {height} pixels)")
    return r.insert(
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
