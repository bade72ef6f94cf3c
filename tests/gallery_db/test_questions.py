"""Open questions: kept from pass to pass, closed and opened by facts alone."""

from typing import Any

import pytest

from gallery_db import Gallery
from gallery_db.database.schema import face, question
from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import Asked

from .factories import found, photo, put


def person(tx: Tx, name: str | None = None, *faces: int) -> int:
    who = tx.decisions.create_person(name).person_id
    if faces:
        tx.decisions.assign(faces, who)
    return who


def keys(tx: Tx, **where: Any) -> list[tuple[object, ...]]:
    return [(q.kind, q.face_ids, q.person_id, q.other_person_id) for q in tx.questions.open(**where)]


def test_a_join_is_open_until_it_is_answered_and_again_after_undo(tx: Tx):
    [f], [g] = put(tx, "a"), put(tx, "b")
    ada = person(tx, "Ada", g)
    tx.questions.keep([Asked("join", (f,), ada, evidence=0.5)])
    [q] = tx.questions.open(kind="join")
    assert (q.face_ids, q.person_id, q.other_person_id, q.gain) == ((f,), ada, None, 1)
    for answer in (lambda: tx.decisions.assign([f], ada), lambda: tx.decisions.reject([f], ada)):
        decision = answer()
        assert keys(tx, kind="join") == []
        assert tx.questions.get(q.id) is None
        tx.decisions.undo(decision.id)
        assert tx.questions.get(q.id) == q


def test_when_the_first_is_refused_the_runner_up_is_asked_about(tx: Tx):
    [f], [g], [h] = put(tx, "a"), put(tx, "b"), put(tx, "c")
    ada, bob = person(tx, "Ada", g), person(tx, "Bob", h)
    tx.questions.keep([Asked("join", (f,), ada, bob, 0.5)])
    assert keys(tx, kind="join") == [("join", (f,), ada, bob)]
    tx.decisions.reject([f], ada)
    assert keys(tx, kind="join") == [("join", (f,), bob, None)]
    tx.decisions.reject([f], bob)
    assert keys(tx, kind="join") == []


def test_faces_decided_about_elsewhere_leave_the_question(tx: Tx):
    [f], [g], [h] = put(tx, "a"), put(tx, "b"), put(tx, "c")
    ada = person(tx, "Ada", h)
    tx.questions.keep([Asked("join", (f, g), ada, evidence=0.5, gain=2)])
    tx.decisions.ignore_faces([f])
    assert keys(tx, kind="join") == [("join", (g,), ada, None)]


def test_nobody_is_asked_about_twice_in_one_photo(tx: Tx):
    f, g = put(tx, "a", 1, 2)
    ada = person(tx, "Ada", *put(tx, "b"))
    tx.questions.keep([Asked("join", (f,), ada, evidence=0.5)])
    tx.decisions.assign([g], ada)
    assert keys(tx, kind="join") == []


def test_a_merge_is_closed_by_merging_or_by_different(tx: Tx):
    ada, bob = person(tx, "Ada", *put(tx, "a")), person(tx, None, *put(tx, "b"))
    tx.questions.keep([Asked("merge", (), ada, bob, 0.2, 1)])
    assert keys(tx, kind="merge") == [("merge", (), ada, bob)]
    for answer in (lambda: tx.decisions.merge(ada, [bob]), lambda: tx.decisions.different(bob, ada)):
        decision = answer()
        assert keys(tx, kind="merge") == []
        tx.decisions.undo(decision.id)
        assert keys(tx, kind="merge") == [("merge", (), ada, bob)]


def test_a_question_follows_its_person_through_a_merge(tx: Tx):
    ada, bob, cleo = (person(tx, n, *put(tx, n)) for n in ("Ada", "Bob", "Cleo"))
    [f] = put(tx, "f")
    tx.questions.keep([Asked("join", (f,), bob), Asked("merge", (), bob, cleo)])
    merge = tx.decisions.merge(ada, [bob])
    assert set(keys(tx)) >= {("join", (f,), ada, None), ("merge", (), ada, cleo)}
    assert keys(tx, person_id=bob) == []
    tx.decisions.undo(merge.id)
    assert set(keys(tx, person_id=bob)) == {("join", (f,), bob, None), ("merge", (), bob, cleo)}


@pytest.mark.parametrize("verb", ["hide", "ignore"])
def test_nothing_is_asked_about_people_who_are_out_of_sight(tx: Tx, verb: str):
    nameless = person(tx, None, *put(tx, "a", 1), *put(tx, "b", 2))
    [f] = put(tx, "f")
    tx.questions.keep([Asked("join", (f,), nameless)])
    assert set(keys(tx, person_id=nameless)) == {("who", (), nameless, None), ("join", (f,), nameless, None)}
    getattr(tx.decisions, verb)(nameless)
    assert keys(tx, person_id=nameless) == []


def test_who_is_asked_of_the_largest_people_and_good_faces(tx: Tx):
    small = person(tx, None, *put(tx, "a"))
    large = person(tx, None, *put(tx, "b"), *put(tx, "c"))
    person(tx, "Ada", *put(tx, "d"))
    blurred = tx.faces.replace_for_photo(photo(tx, "e"), [found(quality=0.1)]).stored[0].id
    [clear] = put(tx, "f")
    tx.questions.keep([])
    assert keys(tx) == [("who", (), large, None), ("who", (), small, None), ("who", (clear,), None, None)]
    assert blurred not in {i for q in tx.questions.open() for i in q.face_ids}
    named = tx.decisions.name(large, "Bob")
    assert keys(tx, person_id=large) == []
    tx.decisions.undo(named.id)
    assert tx.questions.count() == {"who": 3}


def test_a_face_somebody_is_suspected_of_is_not_asked_about_twice(tx: Tx):
    [f], [g] = put(tx, "a"), put(tx, "b")
    ada = person(tx, "Ada", *put(tx, "c"))
    tx.questions.keep([Asked("join", (f,), ada)])
    assert keys(tx) == [("join", (f,), ada, None), ("who", (g,), None, None)]
    tx.questions.keep([], about=[f, g])
    assert keys(tx) == [("join", (f,), ada, None), ("who", (g,), None, None)]
    tx.decisions.reject([f], ada)
    tx.questions.keep([])
    assert {q[1] for q in keys(tx, kind="who")} == {(f,), (g,)}


def test_quick_passes_leave_the_questions_that_a_full_one_asks(tx: Tx):
    """However the photos come, the gallery gives the same reasons to ask."""
    nameless = person(tx, None, *put(tx, "a"), *put(tx, "b"))
    first = put(tx, "c")
    tx.questions.keep([], about=[*first, *tx.faces.person_ids([1, 2])])
    late = put(tx, "d", 1, 2)
    tx.people._c.execute(face.update().where(face.c.id.in_(late)).values(person_id=nameless))
    tx.people._c.execute(face.update().where(face.c.id.in_(first)).values(person_id=nameless))
    other = put(tx, "e")
    tx.questions.keep([], about=[*late, *first, *other])
    quick = keys(tx)
    assert quick == [
        ("who", (), nameless, None),
        ("twins", tuple(late), nameless, None),
        ("who", tuple(other), None, None),
    ]
    tx.questions.keep([])
    assert keys(tx) == quick
    tx.people._c.execute(face.update().where(face.c.id == late[0]).values(person_id=None))
    tx.questions.keep([], about=late)
    assert keys(tx, kind="twins") == []


def test_twins_are_two_faces_of_one_photo_with_one_person_unless_both_are_confirmed(tx: Tx):
    f, g = put(tx, "a", 1, 2)
    ada, bea = person(tx, "Ada", *put(tx, "b")), person(tx, "Bea", *put(tx, "c"))
    # As grouping leaves them: given to people, not confirmed.
    tx.people._c.execute(face.update().where(face.c.id == f).values(person_id=ada))
    tx.people._c.execute(face.update().where(face.c.id == g).values(person_id=bea))
    merge = tx.decisions.merge(ada, [bea])
    tx.questions.keep([])
    assert keys(tx, kind="twins") == [("twins", (f, g), ada, None)]
    for answer in (
        lambda: tx.decisions.reject([g], ada),
        lambda: tx.decisions.confirm([f, g]),
        lambda: tx.decisions.undo(merge.id),
    ):
        decision = answer()
        assert keys(tx, kind="twins") == []
        tx.decisions.undo(decision.id)
        assert keys(tx, kind="twins") == [("twins", (f, g), ada, None)]


def test_two_faces_of_one_photo_that_may_be_one_person_are_asked_together(tx: Tx):
    f, g = put(tx, "a", 1, 2)
    ada = person(tx, "Ada", *put(tx, "b"))
    tx.questions.keep([Asked("join", (f,), ada, None, 0.4), Asked("join", (g,), ada, None, 0.2)])
    assert keys(tx)[0] == ("twins", (f, g), ada, None)
    assigned = tx.decisions.assign([f], ada)
    assert keys(tx, person_id=ada) == [], "the other one cannot be Ada any more"
    tx.decisions.undo(assigned.id)
    assert keys(tx)[0] == ("twins", (f, g), ada, None)


def test_the_next_pass_drops_what_it_no_longer_asks_but_not_what_was_answered(tx: Tx):
    [f], [g], [h] = put(tx, "a"), put(tx, "b"), put(tx, "c")
    ada = person(tx, "Ada", h)
    tx.questions.keep([Asked("join", (f,), ada), Asked("join", (g,), ada)])
    refused = tx.decisions.reject([g], ada)
    tx.questions.keep([], about=[h])
    assert keys(tx, kind="join") == [("join", (f,), ada, None)], "a few new faces say nothing about the old questions"
    tx.questions.keep([])
    assert keys(tx, kind="join") == []
    tx.decisions.undo(refused.id)
    assert keys(tx, kind="join") == [("join", (g,), ada, None)], "undo brings the question back"


def test_a_question_keeps_its_id_when_it_is_asked_again(tx: Tx):
    [f], ada = put(tx, "a"), person(tx, "Ada", *put(tx, "b"))
    tx.questions.keep([Asked("join", (f,), ada, evidence=0.5)])
    [before] = tx.questions.open(kind="join")
    tx.questions.keep([Asked("join", (f,), ada, evidence=0.7)])
    [after] = tx.questions.open(kind="join")
    assert (after.id, after.evidence) == (before.id, 0.7)


@pytest.mark.parametrize(("evidence", "asked"), [(0.6, False), (1.6, True), (-0.6, True)])
def test_not_sure_holds_until_there_is_new_evidence(tx: Tx, evidence: float, asked: bool):
    [f], ada = put(tx, "a"), person(tx, "Ada", *put(tx, "b"))
    tx.questions.keep([Asked("join", (f,), ada, evidence=0.5)])
    [q] = tx.questions.open(kind="join")
    tx.questions.put_off(q.id)
    assert tx.questions.get(q.id) is None
    tx.questions.keep([])
    tx.questions.keep([Asked("join", (f,), ada, evidence=evidence)])
    assert bool(tx.questions.open(kind="join")) == asked


def test_not_sure_ends_by_itself_and_can_be_taken_back(tx: Tx):
    nameless = person(tx, None, *put(tx, "a"))
    tx.questions.keep([])
    [q] = tx.questions.open()
    tx.questions.put_off(q.id, days=30)
    assert tx.questions.open() == []
    assert tx.questions.count() == {}
    tx.questions.ask_again(q.id)
    assert keys(tx) == [("who", (), nameless, None)]
    tx.questions.put_off(q.id, days=-1)
    assert keys(tx) == [("who", (), nameless, None)]
    with pytest.raises(UnknownIdError):
        tx.questions.put_off(999)


def test_a_person_that_grew_by_half_is_asked_about_again(tx: Tx):
    faces = [*put(tx, "a"), *put(tx, "b")]
    nameless = person(tx, None, *faces)
    tx.questions.keep([])
    tx.questions.put_off(tx.questions.open()[0].id)
    tx.questions.keep([])
    assert tx.questions.open() == []
    tx.decisions.assign(put(tx, "c"), nameless)
    tx.questions.keep([])
    assert keys(tx) == [("who", (), nameless, None)]


def test_the_answer_that_settles_most_comes_first(tx: Tx):
    people = [person(tx, n, *put(tx, n)) for n in ("Ada", "Bob", "Cleo")]
    [f], [g] = put(tx, "f"), put(tx, "g")
    asked = [
        Asked("join", (f,), people[0], evidence=0.1),
        Asked("join", (g,), people[0], evidence=0.9),
        Asked("merge", (), people[0], people[1], 0.1, gain=7),
    ]
    tx.questions.keep(asked)
    assert [(q.kind, q.face_ids) for q in tx.questions.open(limit=3)] == [("merge", ()), ("join", (g,)), ("join", (f,))]
    assert [q.kind for q in tx.questions.open(person_id=people[1])] == ["merge"]


def test_forgetting_a_person_forgets_the_questions(gallery: Gallery):
    with gallery.begin() as tx:
        [f], ada, bob = put(tx, "f"), person(tx, "Ada", *put(tx, "a")), person(tx, "Bob", *put(tx, "b"))
        tx.questions.keep([Asked("join", (f,), ada), Asked("merge", (), ada, bob), Asked("join", (f,), bob)])
    gallery.forget(ada)
    with gallery.begin() as tx:
        left = tx.people._c.execute(question.select()).all()
    assert {r.person_id for r in left} == {bob}
