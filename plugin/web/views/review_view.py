"""The review: which questions are gone through, the one that is asked now, and how many are left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gallery_db.gallery import Tx
from gallery_db.records import QuestionKind, QuestionRecord

from ...dry_run import Precondition
from ...languages import N_, _
from ...people.answers import QuestionAnswer
from ...people.life_lines import Lives
from ..edit_conflicts import Conflict, check
from ..words.answers import answer_words
from .asking import person_view, stamp_of, view

KINDS: dict[QuestionKind, str] = {
    "who": N_("Who is this?"),
    "merge": N_("Same person?"),
    "join": N_("Is this them?"),
    "twins": N_("Twice in a photo"),
}

ANSWERED = N_("This was answered in another window. Here is the next one.")
WITH_OTHERS = N_("Somebody else is at this question now. Here is another one.")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which questions are gone through."""

    kind: QuestionKind | None = None
    person_id: int | None = None

    @classmethod
    def of(cls, kind: str, person_id: int | None) -> "Filter":
        """As an address has it; a kind that there is not means all."""
        return cls(next((k for k in KINDS if k == kind), None), person_id)

    def url(self, path: str = "/review", **changed: Any) -> str:
        """Address of the page (or of another `path`) with another filter."""
        values = {"kind": self.kind, "person": self.person_id} | changed
        query = "&".join(f"{k}={v}" for k, v in values.items() if v is not None)
        return path + (f"?{query}" if query else "")


def question_unchanged(question_id: int, stamp: str) -> Precondition:
    """The question is open, about what the page showed. Raises Conflict."""

    def given(tx: Tx) -> None:
        found = tx.questions.get(question_id)
        if found is None:
            raise Conflict(_(ANSWERED))
        if tx.questions.with_others(question_id):
            raise Conflict(_(WITH_OTHERS))
        check(stamp, stamp_of(tx, found), _("what this question is about"))

    return given


def answered(tx: Tx, question_id: int, answer: QuestionAnswer, name: str) -> str:
    """The message about an answer that is about to be carried out. Raises Conflict when there is one already."""
    found = tx.questions.get(question_id)
    if found is None:
        raise Conflict(_(ANSWERED))
    return answer_words(tx, found, answer, name)


def next_question(tx: Tx, only: Filter, lives: Lives | None) -> dict[str, Any]:
    """What the template is given: the most useful question that nobody else was given."""
    found = tx.questions.open(kind=only.kind, person_id=only.person_id, limit=1, free=True)
    if found:
        tx.questions.give(found[0].id)
    return _values(tx, only, found[0] if found else None, lives)


def same_question(
    tx: Tx, only: Filter, question_id: int, lives: Lives | None, *, name: str, people: Sequence[int]
) -> dict[str, Any]:
    """The same question once more, with the `people` who have the name already that was typed. Raises Conflict when it
    was answered meanwhile."""
    open_now = tx.questions.get(question_id)
    if open_now is None:
        raise Conflict(_(ANSWERED))
    return _values(tx, only, open_now, lives) | {"offers": [person_view(tx, p) for p in people], "typed": name}


def pictures_ahead(tx: Tx, only: Filter, after: int) -> list[str]:
    """Addresses of the pictures of the question after this one."""
    found = tx.questions.open(kind=only.kind, person_id=only.person_id, after=after, limit=1, free=True)
    return view(tx, found[0]).pictures if found else []


def _values(tx: Tx, only: Filter, now: QuestionRecord | None, lives: Lives | None) -> dict[str, Any]:
    counts = tx.questions.count(person_id=only.person_id)
    about = None if only.person_id is None else tx.people.get(only.person_id)
    return {
        "q": None if now is None else view(tx, now, lives),
        "ahead": None if now is None else only.url(path="/review/ahead", after=now.id),
        "left": sum(counts.values()) if only.kind is None else counts.get(only.kind, 0),
        "all": sum(counts.values()),
        "counts": counts,
        "kinds": {kind: _(words) for kind, words in KINDS.items()},
        "only": only,
        "about": None if about is None else about.name or _("somebody without a name"),
        "offers": [],
        "typed": "",
        "asked_at": tx.questions.asked_at(),
    }
