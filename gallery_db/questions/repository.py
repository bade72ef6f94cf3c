"""Questions for the human. What grouping asked is kept; whether it is still open is read from the facts.

A question is open while the faces are undecided, the people are there and shown, and nobody said otherwise. So every
answer, wherever it was given, closes it; undo of that answer opens it again; and nothing has to be kept in step.
"Not sure" alone is kept here: `put_off`.

| kind | asks | closed by |
|---|---|---|
| join | are `face_ids` `person_id`? when that is refused: the runner-up | assign, reject, ignore |
| merge | are `person_id` and `other_person_id` one person? | merge, different |
| twins | one photo shows `person_id` twice (`face_ids`): which of the two is it? | assign, reject, confirm both |
| who | who is the unnamed `person_id`, or the face that is like nobody? | name, merge, assign, ignore |
"""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from gallery_db.database.acting import actor_of
from gallery_db.database.rows import among, batches, from_json, now, to_json, utc_now
from gallery_db.database.schema import face, question
from gallery_db.database.words import insert, statement
from gallery_db.errors import UnknownIdError
from gallery_db.meta import MetaRepo
from gallery_db.records import Asked, Life, QuestionKind, QuestionRecord

from .derived import lonely_faces, nameless_people, proposed_twins, twins
from .open import (
    BESIDE,
    LIFE,
    count_among,
    first_person,
    joined,
    open_among,
    open_ids,
    record,
    second_person,
)

PUT_OFF_DAYS = 30
"""So long "not sure" holds, unless grouping finds new evidence before."""
NEW_EVIDENCE = 1.0  # natural log: the odds changed by a factor of nearly three
KEPT_DAYS = 365  # so long an answered question can come back by undo

GIVEN_S = 120.0
"""So long a question is one reviewer's. What is over needs no cleaning."""

_ASKED_AT = "asked_at"  # meta key


class QuestionRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def keep(self, asked: Sequence[Asked], *, about: Collection[int] | None = None) -> None:
        """Store what a grouping pass asked, and what the gallery itself gives reason to ask (`derived.py`).

        A full pass drops the open questions that it does not ask again. A quick pass over a few new faces, `about`
        them, says nothing about the others: it drops only what the gallery no longer gives reason to ask of them and of
        their people. Those put off stay so until their time is over, or until the evidence changed or the people grew
        by half. Answered ones are kept a year for undo.
        """
        stored = list(self._c.execute(select(question)))
        found = {_key(a): a for a in sorted(asked, key=lambda a: a.evidence or 0.0)}  # of equal ones the strongest
        own = (
            *proposed_twins(self._c, asked),
            *twins(self._c, about),
            *nameless_people(self._c, about),
            *lonely_faces(self._c, asked, stored, about),
        )
        found |= {_key(a): a for a in own}
        old = {r.key: r for r in stored}
        at = utc_now()
        values = [
            {
                "kind": a.kind,
                "key": key,
                "face_ids": to_json(sorted(a.face_ids)),
                "person_id": a.person_id,
                "other_person_id": a.other_person_id,
                "evidence": a.evidence,
                "gain": a.gain,
                "asked_at": at,
                "put_off_until": _still_put_off(old.get(key), a),
            }
            for key, a in found.items()
        ]
        again = {old[k].id for k in found if k in old}
        for ids in batches(self._no_longer(stored, about) - again):
            self._c.execute(delete(question).where(question.c.id.in_(ids)))
        if values:
            row = insert(self._c, question)
            names = ("face_ids", "other_person_id", "evidence", "gain", "asked_at", "put_off_until")
            self._c.execute(
                row.on_conflict_do_update(index_elements=["key"], set_={n: row.excluded[n] for n in names}), values
            )
        MetaRepo(self._c).set(_ASKED_AT, at)
        long_ago = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
        self._c.execute(delete(question).where(question.c.asked_at < long_ago))

    def _no_longer(self, stored: Sequence[Row[Any]], about: Collection[int] | None) -> set[int]:
        """Open questions that go unless they are asked again."""
        if about is None:
            return set(self._c.scalars(open_ids(~_put_off())))
        faces = set(about)
        people: set[int | None] = set()
        for some in among(face.c.id, faces):
            people |= set(self._c.scalars(select(face.c.person_id).where(some).distinct()))
        people.discard(None)
        derived = (r for r in stored if r.kind == "who" or (r.kind == "twins" and r.evidence is None))
        touched = [r.id for r in derived if r.person_id in people or not faces.isdisjoint(from_json(r.face_ids))]
        return {i for some in among(question.c.id, touched) for i in self._c.scalars(open_ids(~_put_off(), some))}

    def asked_at(self) -> str | None:
        """When a pass last left its questions; None: never, as in the gallery of an older release."""
        return MetaRepo(self._c).get(_ASKED_AT)

    def open(
        self,
        *,
        kind: QuestionKind | None = None,
        person_id: int | None = None,
        after: int | None = None,
        limit: int | None = None,
        free: bool = False,
    ) -> list[QuestionRecord]:
        """Open questions, the most useful first: by the number of faces an answer settles, then the surest. `after`
        leaves out one question and those before it, `free` those that somebody else was given."""
        rank = case({"merge": 0, "twins": 1, "join": 2}, value=question.c.kind, else_=3)
        order = question.c.gain.desc(), rank, question.c.evidence.desc().nulls_last(), question.c.id
        found = _candidates(kind, person_id)
        ids = list(self._c.scalars((found.where(~self._with_others()) if free else found).order_by(*order)))
        if after in ids:
            ids = ids[ids.index(after) + 1 :]
        out: list[QuestionRecord] = []
        # Which are open is the dear part: no more are looked at than are wanted.
        for some in batches(ids, 1000 if limit is None else max(8, limit)):
            rows = {r.id: r for r in self._c.execute(open_among(self._c), {"ids": json.dumps(some)})}
            out += [record(rows[i]) for i in some if i in rows]
            if limit is not None and len(out) >= limit:
                break
        return out[:limit]

    def count(self, *, person_id: int | None = None) -> dict[QuestionKind, int]:
        """How many are open, of each kind that has any."""
        ids = list(self._c.scalars(_candidates(None, person_id)))
        return {k: n for k, n in self._c.execute(count_among(self._c), {"ids": json.dumps(ids)})}  # noqa: C416  # typed rows

    def get(self, question_id: int) -> QuestionRecord | None:
        """The question as it is open now; None when it was answered (or put off) meanwhile, or was never asked."""
        asked = self._c.scalars(select(question.c.id).where(question.c.id == question_id, ~_put_off())).all()
        row = self._c.execute(open_among(self._c), {"ids": json.dumps(list(asked))}).first()
        return None if row is None else record(row)

    def give(self, question_id: int) -> None:
        """The question is the caller's for two minutes: meanwhile others are asked others. What they were given before
        is free again. Who has no name is alone, and is given nothing."""
        if (actor := actor_of(self._c)) is None:
            return
        other = and_(question.c.claimed_by == actor, question.c.id != question_id)
        self._c.execute(update(question).where(other).values(claimed_by=None, claimed_until=None))
        mine = {"claimed_by": actor, "claimed_until": now(self._c) + GIVEN_S}
        self._c.execute(update(question).where(question.c.id == question_id).values(mine))

    def with_others(self, question_id: int) -> bool:
        """Whether somebody else was given the question, less than two minutes ago."""
        return bool(self._c.scalar(select(exists().where(question.c.id == question_id, self._with_others()))))

    def put_off(self, question_id: int, *, days: int = PUT_OFF_DAYS) -> None:
        """ "Not sure": ask again after so many days, or when there is new evidence. Raises UnknownIdError."""
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
        self._set(question_id, until)

    def ask_again(self, question_id: int) -> None:
        """Take `put_off` back. Raises UnknownIdError."""
        self._set(question_id, None)

    def beside(self, person_id: int, *, near: str | None = None, limit: int = 6) -> list[int]:
        """Faces of a person to judge another one by: good ones, of a similar age (`near` is a capture date), each of
        another day as far as there are any."""
        found = list(
            self._c.execute(statement(self._c, BESIDE), {"person": person_id, "near": near, "limit": 6 * limit})
        )
        first = {r.day or r.id: r for r in reversed(found)}.values()  # the best of every day
        ordered = [r for r in found if r in first] + [r for r in found if r not in first]
        return [r.id for r in ordered[:limit]]

    def life(self, person_id: int) -> Life:
        """What is known of a person of a question. Raises UnknownIdError."""
        row = self._c.execute(statement(self._c, LIFE), {"person": person_id}).first()
        if row is None:
            raise UnknownIdError(f"no person with id {person_id}")
        return Life(*row)

    def _with_others(self) -> ColumnElement[bool]:
        others = question.c.claimed_by.is_distinct_from(actor_of(self._c))
        return and_(question.c.claimed_by.is_not(None), others, question.c.claimed_until > now(self._c))

    def _set(self, question_id: int, until: str | None) -> None:
        change = update(question).where(question.c.id == question_id).values(put_off_until=until)
        if not self._c.execute(change).rowcount:
            raise UnknownIdError(f"no question with id {question_id}")


def forget(conn: Connection, people: set[int], faces: set[int]) -> None:
    """Drop every question that mentions them."""
    rows = conn.execute(select(question.c.id, question.c.person_id, question.c.other_person_id, question.c.face_ids))
    hit = [r.id for r in rows if {r.person_id, r.other_person_id} & people or set(from_json(r.face_ids)) & faces]
    for ids in batches(hit):
        conn.execute(delete(question).where(question.c.id.in_(ids)))


def _key(a: Asked) -> str:
    """Equal for the same question of another pass. With other faces or people it is another question."""
    people = (
        sorted(p for p in (a.person_id, a.other_person_id) if p is not None) if a.kind == "merge" else [a.person_id]
    )
    return f"{a.kind}:{'+'.join(map(str, people))}:{','.join(map(str, sorted(a.face_ids)))}"


def _still_put_off(old: Any, a: Asked) -> str | None:
    if old is None or old.put_off_until is None:
        return None
    changed = abs((a.evidence or 0.0) - (old.evidence or 0.0)) >= NEW_EVIDENCE or a.gain >= 1.5 * old.gain
    return None if changed else str(old.put_off_until)


def _put_off() -> ColumnElement[bool]:
    return func.coalesce(question.c.put_off_until, "") > utc_now()


def _candidates(kind: QuestionKind | None, person_id: int | None) -> Select[Any]:
    return joined(select(question.c.id)).where(~_put_off(), *_about(kind, person_id))


def _about(kind: QuestionKind | None, person_id: int | None) -> list[ColumnElement[bool]]:
    of_kind = [] if kind is None else [question.c.kind == kind]
    return of_kind + ([] if person_id is None else [or_(first_person == person_id, second_person == person_id)])
