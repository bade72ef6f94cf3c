"""What an answer in the review means as a decision."""

from typing import Literal, get_args

from gallery_db import Gallery
from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import DecisionRecord, QuestionRecord

from ..dry_run import Precondition, tried, unconditional
from ..errors import UsageError
from ..languages import _
from .decisions import NameTakenError, called

QuestionAnswer = Literal["yes", "no", "ignore", "first", "second", "both", "neither", "name", "new", "same"]
"""What a button says. `name`: the name typed; `new`: that name, though somebody is called so; `same`: the person of
that name who was offered."""

ANSWERS: tuple[QuestionAnswer, ...] = get_args(QuestionAnswer)


def answer_question(
    gallery: Gallery,
    question_id: int,
    answer: QuestionAnswer,
    *,
    name: str = "",
    who: int | None = None,
    given: Precondition = unconditional,
) -> DecisionRecord:
    """Carry out one answer. `name` was typed, `who` of that name was chosen. Raises UnknownIdError for a question that
    is open no more, and what `given` and `decide` raise."""

    def verb(tx: Tx) -> DecisionRecord:
        found = tx.questions.get(question_id)
        if found is None:
            raise UnknownIdError(f"no open question with id {question_id}")
        return decide(tx, found, answer, name=name, who=who)

    return tried(gallery, verb, given=given)


def decide(
    tx: Tx, q: QuestionRecord, answer: QuestionAnswer, *, name: str = "", who: int | None = None
) -> DecisionRecord:
    """Carry out one answer, in the caller's transaction. Raises NameTakenError when a name has to be explained,
    UsageError for an answer that does not fit the question, GalleryError as the decision does."""
    faces, person = list(q.face_ids), q.person_id
    if answer == "ignore" and q.kind in ("join", "who"):
        return tx.decisions.ignore_faces(faces) if faces else tx.decisions.ignore(_known(person))
    if answer in ("name", "new", "same") and q.kind in ("join", "who"):
        return _named(tx, q, answer, name.strip(), who)
    if q.kind == "join" and answer in ("yes", "no"):
        verb = tx.decisions.assign if answer == "yes" else tx.decisions.reject
        return verb(faces, _known(person))
    if q.kind == "merge" and answer in ("yes", "no"):
        keep, other = _kept_first(tx, _known(person), _known(q.other_person_id))
        return tx.decisions.merge(keep, [other]) if answer == "yes" else tx.decisions.different(keep, other)
    if q.kind == "twins" and answer in ("first", "second", "both", "neither"):
        return _twin(tx, q, answer)
    raise UsageError(f"{answer!r} is no answer to a question of kind {q.kind!r}")


def _named(tx: Tx, q: QuestionRecord, answer: QuestionAnswer, name: str, who: int | None) -> DecisionRecord:
    faces = list(q.face_ids)
    if answer == "same":
        return (
            tx.decisions.assign(faces, _known(who)) if faces else tx.decisions.merge(_known(who), [_known(q.person_id)])
        )
    if not name:
        raise UsageError(_("Please write a name first."))
    taken = called(tx, name, but=q.person_id) if answer == "name" else []
    if len(taken) == 1 and faces:
        return tx.decisions.assign(faces, taken[0])
    if taken:
        raise NameTakenError(taken)
    return tx.decisions.assign_new(faces, name) if faces else tx.decisions.name(_known(q.person_id), name)


def _twin(tx: Tx, q: QuestionRecord, answer: QuestionAnswer) -> DecisionRecord:
    """One decision for both faces: when one is the person, the other cannot be, because a photo shows nobody twice."""
    person = _known(q.person_id)
    left, right = (f.id for f in sorted(tx.faces.by_ids(q.face_ids), key=lambda f: f.bbox.x1 + f.bbox.x2))
    if answer == "neither":
        return tx.decisions.reject([left, right], person)
    if answer == "both":
        return tx.decisions.assign([left, right], person)
    chosen, rest = (left, right) if answer == "first" else (right, left)
    given = all(p == person for p in tx.faces.person_ids([left, right]).values())
    return tx.decisions.reject([rest], person) if given else tx.decisions.assign([chosen], person)


def _kept_first(tx: Tx, a: int, b: int) -> tuple[int, int]:
    """The named one stays, else the one in more photos."""
    people = [tx.questions.life(p) for p in (a, b)]
    first, second = sorted(people, key=lambda p: (p.name is None, -p.photos, p.id))
    return first.id, second.id


def _known(person_id: int | None) -> int:
    if person_id is None:
        raise UsageError("this question is about nobody in particular")
    return person_id
