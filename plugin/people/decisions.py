"""What people decide about people and faces: the same verbs for commands, pages and scripts."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeVar

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, FaceDrawn, PersonMade
from iconface_core.images.date_span import Span
from iconface_core.types import BBox

from ..dry_run import Precondition, tried, unconditional
from ..errors import UsageError
from ..job_kinds import enqueue_embed
from ..languages import _

if TYPE_CHECKING:
    from gallery_db.decisions import DecisionRepo

Made = TypeVar("Made", bound=DecisionRecord)
Visibility = Literal["shown", "hidden", "ignored"]
"""In lists; out of them, still recognised; a stranger."""


class NameTakenError(Exception):
    """Somebody else has that name; the human says whether they are meant. `people` are their ids."""

    def __init__(self, people: Sequence[int]) -> None:
        super().__init__(f"people {list(people)} have that name")
        self.people = list(people)


class Decisions:
    """Verbs over one gallery, each a transaction of its own that `undo` takes back. Each returns the decision, or with
    `dry_run` what it would be. What `given` raises is raised by every verb before it changes anything.

    All raise UnknownIdError for people and faces that are not there, and GalleryError as the decision does.
    """

    def __init__(self, gallery: Gallery, *, given: Precondition = unconditional, dry_run: bool = False) -> None:
        self._gallery, self._given, self._dry_run = gallery, given, dry_run

    # Of people

    def name(self, person_id: int, name: str | None, *, anyway: bool = True) -> DecisionRecord:
        """Give a person a name, or take it away (None, or nothing but spaces). Unless `anyway`, raises NameTakenError
        when somebody else has it."""

        def verb(tx: Tx) -> DecisionRecord:
            if not anyway and (taken := called(tx, name, but=person_id)):
                raise NameTakenError(taken)
            return tx.decisions.name(person_id, name)

        return self.carry_out(verb)

    def merge(self, keep: int, absorb: Sequence[int]) -> DecisionRecord:
        """They are one person, who stays `keep`."""
        return self._decide(lambda decisions: decisions.merge(keep, absorb))

    def split(self, person_id: int, face_ids: Sequence[int], *, name: str | None = None) -> PersonMade:
        """These faces of a person are somebody else, who is new."""
        return self._decide(lambda decisions: decisions.split(person_id, face_ids, name=name))

    def different(self, person_id: int, other_id: int) -> DecisionRecord:
        """They are two; it is not asked again."""
        return self._decide(lambda decisions: decisions.different(person_id, other_id))

    def hide(self, person_id: int, hidden: bool = True) -> DecisionRecord:
        """Out of the lists, still recognised."""
        return self._decide(lambda decisions: decisions.hide(person_id, hidden))

    def ignore(self, person_id: int, ignored: bool = True) -> DecisionRecord:
        """A stranger: not shown, not asked about, not used."""
        return self._decide(lambda decisions: decisions.ignore(person_id, ignored))

    def show_as(self, person_id: int, to: Visibility) -> DecisionRecord:
        """Hide, ignore, or show again. Of somebody who is ignored only that is taken back: hiding is a step of its
        own."""

        def verb(tx: Tx) -> DecisionRecord:
            if to == "ignored":
                return tx.decisions.ignore(person_id)
            if tx.people.get(person_id).ignored:
                return tx.decisions.ignore(person_id, False)
            return tx.decisions.hide(person_id, to == "hidden")

        return self.carry_out(verb)

    def birth_date(self, person_id: int, born: date | None) -> DecisionRecord:
        """When they were born: older photos are never theirs."""
        return self._decide(lambda decisions: decisions.birth_date(person_id, born))

    def cover(self, person_id: int, face_id: int) -> DecisionRecord:
        """The face that stands for them."""
        return self._decide(lambda decisions: decisions.cover(person_id, face_id))

    # Of faces

    def assign(self, face_ids: Sequence[int], person_id: int) -> DecisionRecord:
        """They are this person, and never move by themselves again."""
        return self._decide(lambda decisions: decisions.assign(face_ids, person_id))

    def assign_new(self, face_ids: Sequence[int], name: str | None) -> PersonMade:
        """They are somebody who is not here yet."""
        return self._decide(lambda decisions: decisions.assign_new(face_ids, name))

    def confirm(self, face_ids: Sequence[int]) -> DecisionRecord:
        """They are the people they are grouped with."""
        return self._decide(lambda decisions: decisions.confirm(face_ids))

    def reject(self, face_ids: Sequence[int], person_id: int | None = None) -> DecisionRecord:
        """They are not this person; None: not whoever each has now. It is remembered for ever."""
        return self._decide(lambda decisions: decisions.reject(face_ids, person_id))

    def unassign(self, face_ids: Sequence[int]) -> DecisionRecord:
        """Give them back to grouping as undecided."""
        return self._decide(lambda decisions: decisions.unassign(face_ids))

    def ignore_faces(self, face_ids: Sequence[int], ignored: bool = True) -> DecisionRecord:
        """No faces, or never mind whose; not `ignored`: faces after all."""
        return self._decide(lambda decisions: decisions.ignore_faces(face_ids, ignored))

    def name_face(self, face_id: int, *, name: str = "", person_id: int | None = None) -> DecisionRecord:
        """A face is this person, or else whoever is called `name`, be it somebody new. A group without a name that the
        face is in gets the name as a whole. Raises NameTakenError when several people are called so."""
        if person_id is None and not name.strip():
            raise UsageError(_("Type a name first."))

        def verb(tx: Tx) -> DecisionRecord:
            face = tx.faces.get(face_id)
            who = person_id if person_id is not None else _one_called(tx, name)
            if who is not None:
                return tx.decisions.confirm([face_id]) if who == face.person_id else tx.decisions.assign([face_id], who)
            if face.person_id is not None and face.person_name is None:
                return tx.decisions.name(face.person_id, name, seen=[face_id])
            return tx.decisions.assign_new([face_id], name)

        return self.carry_out(verb)

    def draw_face(self, photo_id: int, box: BBox, *, name: str = "", person_id: int | None = None) -> FaceDrawn:
        """A face that was not found, in pixels of the upright photo, of this person or of whoever is called `name`,
        be it somebody new. A job looks at it. Raises NameTakenError when several people are called so."""

        def verb(tx: Tx) -> FaceDrawn:
            who = person_id if person_id is not None or not name.strip() else _one_called(tx, name)
            done = tx.decisions.add_face(photo_id, box, person_id=who, name=name if who is None else None)
            enqueue_embed(tx, done.face_id)
            return done

        return self.carry_out(verb)

    # Of photos

    def date_photos(self, photo_ids: Sequence[int], span: Span | None) -> DecisionRecord:
        """They were taken then; None: their files are right, or nobody knows, and nothing is to be proposed."""
        return self._decide(lambda decisions: decisions.date_photos(photo_ids, span))

    def carry_out(self, verb: Callable[[Tx], Made]) -> Made:
        """Any decision, under the same conditions."""
        return tried(self._gallery, verb, given=self._given, dry_run=self._dry_run)

    def _decide(self, verb: "Callable[[DecisionRepo], Made]") -> Made:
        return self.carry_out(lambda tx: verb(tx.decisions))


def called(tx: Tx, name: str | None, *, but: int | None = None) -> list[int]:
    """Ids of the people called `name`, apart from `but`; nobody is called by an empty one."""
    return [p.id for p in tx.people.by_name(name) if p.id != but] if name and name.strip() else []


def _one_called(tx: Tx, name: str) -> int | None:
    """The person of this name; None: nobody yet. Raises NameTakenError when several have it."""
    found = called(tx, name)
    if len(found) > 1:
        raise NameTakenError(found)
    return found[0] if found else None
