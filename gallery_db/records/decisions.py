"""Decisions, and the questions that ask for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from iconface_core.reasons import Reason
from iconface_core.types import BBox

QuestionKind = Literal["join", "merge", "twins", "who"]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A human act. `summary` is what it did (`said.py`). `undone_by` is the decision that took it back; `undoes` is
    set on such a decision. `actor` decided; None: the one person of this machine.

    Only on the record the verb returns: `person_id`, `face_id` and `restoration_id` (all of one output:
    `restoration_ids`) are what it made or took back, `skipped` counts faces an undo left alone because the machine had
    moved them since."""

    id: int
    at: str
    kind: str
    summary: Reason
    undoable: bool
    undone_by: int | None = None
    undoes: int | None = None
    person_id: int | None = None
    face_id: int | None = None
    restoration_id: int | None = None
    restoration_ids: tuple[int, ...] = ()
    skipped: int = 0
    actor: str | None = None


def _noted(done: DecisionRecord) -> dict[str, Any]:
    """What is known of every decision when it is noted."""
    return {name: getattr(done, name) for name in ("id", "at", "kind", "summary", "undoable", "actor")}


@dataclass(frozen=True, slots=True)
class PersonMade(DecisionRecord):
    """What a verb returns that made a person: `person_id` is theirs."""

    person_id: int = field(kw_only=True)

    @classmethod
    def of(cls, done: DecisionRecord, person_id: int) -> Self:
        """`done` as noted a moment ago, with the person it made."""
        return cls(**_noted(done), person_id=person_id)


@dataclass(frozen=True, slots=True)
class FaceDrawn(DecisionRecord):
    """What a verb returns that drew a face: `face_id` is its id, `person_id` whose it is, if anybody's."""

    face_id: int = field(kw_only=True)

    @classmethod
    def of(cls, done: DecisionRecord, face_id: int, person_id: int | None) -> Self:
        """`done` as noted a moment ago, with the face it drew."""
        return cls(**_noted(done), face_id=face_id, person_id=person_id)


@dataclass(frozen=True, slots=True)
class ImportedBox:
    """A place, in pixels of the upright photo, where another program knows a face and none was found."""

    photo_id: int
    bbox: BBox


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """Somebody whom another program calls `name`: the person `person_id`, who gets the name where they have none, or
    (None) somebody new. `face_ids` and `boxes` are theirs."""

    name: str
    person_id: int | None
    face_ids: tuple[int, ...] = ()
    boxes: tuple[ImportedBox, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class NamesImported(DecisionRecord):
    """What an import returns: `drawn` are the ids of faces it drew."""

    drawn: tuple[int, ...] = field(kw_only=True)

    @classmethod
    def of(cls, done: DecisionRecord, drawn: Sequence[int]) -> Self:
        """`done` as noted a moment ago, with the faces it drew."""
        return cls(**_noted(done), drawn=tuple(drawn))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as grouping puts it (`questions.py` says what each kind asks). `evidence` is a log-likelihood ratio
    with the prior in it; `gain` is the number of faces that an answer settles."""

    kind: QuestionKind
    face_ids: tuple[int, ...]
    person_id: int | None = None
    other_person_id: int | None = None
    evidence: float | None = None
    gain: int = 1


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """An open question. `face_ids` are those still undecided; of a join, `person_id` is the person to ask about now and
    `other_person_id` the runner-up; of a merge they are the two people."""

    id: int
    kind: QuestionKind
    face_ids: tuple[int, ...]
    person_id: int | None
    other_person_id: int | None
    evidence: float | None
    gain: int
    put_off_until: str | None = None
