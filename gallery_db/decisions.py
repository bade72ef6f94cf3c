"""Everything a human decides. Each verb writes one decision with its inverse, in the caller's transaction.

A decision is a fact: it is only ever taken back by `undo`, which is a decision itself. Machine code has no business here.
All verbs raise NotFoundError for unknown ids and change nothing then.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from iconface_core.types import BBox

from .records import DecisionRecord


class DecisionRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def create_person(self, name: str | None = None) -> DecisionRecord:
        """`.person_id` of the result is the new person."""
        raise NotImplementedError

    def confirm(self, face_ids: Sequence[int]) -> DecisionRecord:
        """ "Yes, that is who it says." Raises GalleryError for a face without a person."""
        raise NotImplementedError

    def assign(self, face_ids: Sequence[int], person_id: int) -> DecisionRecord:
        """ "These are that person": confirmed, for ever out of the machine's hands; earlier rejections of it are lifted."""
        raise NotImplementedError

    def reject(self, face_ids: Sequence[int], person_id: int | None = None) -> DecisionRecord:
        """ "Not that person" (None: whoever the face has now). Remembered for ever; the face becomes undecided if it had
        that person. Raises GalleryError when there is no person to reject."""
        raise NotImplementedError

    def unassign(self, face_ids: Sequence[int]) -> DecisionRecord:
        """Give faces back to the machine as undecided: no person, not confirmed. Nothing is remembered against anyone."""
        raise NotImplementedError

    def ignore_faces(self, face_ids: Sequence[int], ignored: bool = True) -> DecisionRecord:
        """ "Not a face" or "never mind": out of people, grouping and references. False takes it back."""
        raise NotImplementedError

    def add_face(self, photo_id: int, bbox: BBox, *, person_id: int | None = None) -> DecisionRecord:
        """A box drawn by hand (`.face_id`), confirmed when a person is given. Vectors come with the next re-embedding
        (`faces.missing`). Raises GalleryError for a box without area inside the photo."""
        raise NotImplementedError

    def merge(self, keep: int, absorb: Sequence[int]) -> DecisionRecord:
        """All are one person: faces, clusters and rejections go to `keep`; an unnamed `keep` takes the first name, and a
        missing birth date likewise. Raises GalleryError when `keep` is in `absorb` or `absorb` is empty."""
        raise NotImplementedError

    def split(self, person_id: int, face_ids: Sequence[int], *, name: str | None = None) -> DecisionRecord:
        """These faces are somebody else: a new person (`.person_id`) with them confirmed, declared different from the old
        one. Raises GalleryError when a face is not the person's, or all of them are given."""
        raise NotImplementedError

    def different(self, person_id: int, other_id: int) -> DecisionRecord:
        """Two people are not the same; grouping does not propose it again."""
        raise NotImplementedError

    def name(self, person_id: int, name: str | None) -> DecisionRecord:
        """Set or (None, blank) remove the name."""
        raise NotImplementedError

    def hide(self, person_id: int, hidden: bool = True) -> DecisionRecord:
        """Out of lists, still recognised."""
        raise NotImplementedError

    def ignore(self, person_id: int, ignored: bool = True) -> DecisionRecord:
        """A stranger: never listed, proposed or used as reference."""
        raise NotImplementedError

    def birth_date(self, person_id: int, born: date | None) -> DecisionRecord:
        """Grouping then excludes photos captured before."""
        raise NotImplementedError

    def cover(self, person_id: int, face_id: int | None) -> DecisionRecord:
        """The face to show; None: the best one. Raises GalleryError when the face is not the person's."""
        raise NotImplementedError

    def restored(self, restoration_id: int) -> DecisionRecord:
        """Note that a restoration was made, so that `undo` can take it back (state `undone`; the caller removes the
        file: see `restorations.get`)."""
        raise NotImplementedError

    def undo(self, decision_id: int | None = None) -> DecisionRecord:
        """Take back one decision (default: the latest in force), in a new one; undoing that one redoes it.

        Raises NotFoundError (nothing to undo), GalleryError (already undone) or ConflictError when a later decision in
        force changed the same thing: undo that first. What only the machine moved since stays moved (`.skipped`).
        """
        raise NotImplementedError

    def get(self, decision_id: int) -> DecisionRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def history(self, *, limit: int | None = None) -> list[DecisionRecord]:
        """Latest first."""
        raise NotImplementedError
