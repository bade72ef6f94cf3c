from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from gallery_db import ConflictError, Gallery, GalleryError, UnknownIdError
from gallery_db.database.schema import metadata
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter
from iconface_core.grouping import Decision
from iconface_core.types import BBox

from .factories import E, dangling, example, photo, put

TABLES = [t for t in metadata.sorted_tables if t.name not in ("decision", "vector_change", "job", "meta")]


def state(tx) -> dict[str, list[tuple[Any, ...]]]:
    """Every row a human act can change."""
    return {t.name: [tuple(r) for r in tx.decisions._c.execute(select(t).order_by(*t.primary_key))] for t in TABLES}


def machine_person(tx, *face_ids: int) -> int:
    new = [Decision(i, "new_person", group=0) for i in face_ids]
    [person_id] = tx.faces.apply_decisions(new).new_people
    return person_id


def person_of(tx, face_id: int) -> int | None:
    return tx.faces.get(face_id).person_id


def test_assign_confirm_reject(tx):
    [f, g] = put(tx, "a", 1, 2)
    ada = tx.decisions.create_person(" Ada ").person_id
    assert tx.people.get(ada).name == "Ada"
    tx.decisions.assign([f], ada)
    assert (tx.faces.get(f).person_name, tx.faces.get(f).confirmed) == ("Ada", True)
    with pytest.raises(GalleryError, match="no person to confirm"):
        tx.decisions.confirm([g])
    tx.decisions.reject([f, g], ada)
    assert tx.faces.rejections() == {(f, ada), (g, ada)}
    assert (person_of(tx, f), tx.faces.get(f).confirmed) == (None, False)
    tx.decisions.assign([f], ada)
    assert tx.faces.rejections() == {(g, ada)}  # a person may change their mind
    with pytest.raises(GalleryError, match="say which one"):
        tx.decisions.reject([g])


def test_unassign_is_not_a_rejection(tx):
    [f] = put(tx, "a")
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([f], ada)
    tx.decisions.unassign([f])
    assert (person_of(tx, f), tx.faces.get(f).confirmed, tx.faces.rejections()) == (None, False, set())


def test_split_declares_the_two_different(tx):
    faces = [put(tx, f"p{i}")[0] for i in range(4)]
    old = machine_person(tx, *faces)
    new = tx.decisions.split(old, faces[2:], name="Eva").person_id
    assert [person_of(tx, f) for f in faces] == [old, old, new, new]
    assert tx.people.different() == {(old, new)}
    assert tx.people.get(old).decided
    assert [r.id for r in tx.faces.find(FaceFilter(confirmed=True))] == faces[2:]
    with pytest.raises(GalleryError, match="does not belong"):
        tx.decisions.split(old, [faces[3]])
    with pytest.raises(GalleryError, match="all faces"):
        tx.decisions.split(old, faces[:2])


def test_merge_takes_name_facts_and_clusters(tx):
    f, g, h = (put(tx, n)[0] for n in "fgh")
    a, b, c = machine_person(tx, f), machine_person(tx, g), machine_person(tx, h)
    tx.decisions.name(b, "Ben")
    tx.decisions.birth_date(b, date(1950, 2, 3))
    tx.decisions.reject([h], b)
    tx.decisions.reject([g], a)  # what the merge contradicts
    tx.decisions.different(b, c)
    tx.decisions.different(a, c)
    before = state(tx)
    tx.decisions.merge(a, [b])
    person = tx.people.get(a)
    assert (person.name, person.birth_date) == ("Ben", "1950-02-03")
    assert tx.faces.rejections() == {(h, a)}
    assert tx.people.different() == {(a, c)}
    assert tx.people.summary(a).faces == 2
    with pytest.raises(UnknownIdError, match=f"merged into person {a}"):
        tx.people.get(b)
    tx.decisions.undo()
    assert state(tx) == before


def test_undo_redo_and_again(tx):
    [f] = put(tx, "a")
    ada = tx.decisions.create_person("Ada").person_id
    done = tx.decisions.assign([f], ada)
    undone = tx.decisions.undo()
    assert (person_of(tx, f), undone.undoes) == (None, done.id)
    assert tx.decisions.get(done.id).undone_by == undone.id
    redone = tx.decisions.undo(undone.id)
    assert (redone.kind, person_of(tx, f)) == ("redo", ada)
    with pytest.raises(GalleryError, match="already"):
        tx.decisions.undo(undone.id)
    tx.decisions.undo()
    assert person_of(tx, f) is None
    tx.decisions.undo()
    with pytest.raises(UnknownIdError, match="nothing to undo"):
        tx.decisions.undo()


def test_conflict_names_the_later_decision_and_changes_nothing(tx):
    [f, g] = put(tx, "a", 1, 2)
    ada, bob = (tx.decisions.create_person(n).person_id for n in ("Ada", "Bob"))
    first = tx.decisions.assign([f, g], ada)
    second = tx.decisions.assign([f], bob)
    before = state(tx)
    with pytest.raises(ConflictError, match=f"undo decision {second.id} "):
        tx.decisions.undo(first.id)
    assert state(tx) == before
    tx.decisions.undo(second.id)
    tx.decisions.undo(first.id)
    assert (person_of(tx, f), person_of(tx, g)) == (None, None)


def test_undoing_a_merge_respects_a_later_confirmation(tx):
    f, g = put(tx, "f")[0], put(tx, "g")[0]
    a, b = machine_person(tx, f), machine_person(tx, g)
    merge = tx.decisions.merge(a, [b])
    confirm = tx.decisions.confirm([g])
    with pytest.raises(ConflictError, match=f"undo decision {confirm.id} "):
        tx.decisions.undo(merge.id)


def test_a_person_in_use_is_not_undone_away(tx):
    [f] = put(tx, "a")
    created = tx.decisions.create_person("Ada")
    for use in (
        lambda: tx.decisions.assign([f], created.person_id),
        lambda: tx.decisions.reject([f], created.person_id),
    ):
        later = use()
        with pytest.raises(ConflictError, match=f"undo decision {later.id} "):
            tx.decisions.undo(created.id)
        tx.decisions.undo(later.id)
    tx.decisions.undo(created.id)
    with pytest.raises(UnknownIdError):
        tx.people.get(created.person_id)


def test_what_the_machine_moved_since_stays_moved(tx):
    f, g, h = (put(tx, n)[0] for n in "fgh")
    a, b, c = machine_person(tx, f), machine_person(tx, g), machine_person(tx, h)
    tx.decisions.merge(a, [b])
    tx.faces.apply_decisions([Decision(g, "join", person_id=c)])
    undone = tx.decisions.undo()
    assert (undone.skipped, person_of(tx, g)) == (1, c)
    assert tx.people.get(b).id == b


def test_undo_survives_a_photo_that_is_gone(tx):
    f = put(tx, "f")[0]
    ada = tx.decisions.create_person("Ada").person_id
    tx.decisions.assign([f], ada)
    tx.photos.delete([tx.faces.get(f).photo_id])
    assert tx.decisions.undo().skipped == 1


def test_hand_drawn_face(tx):
    p = photo(tx, "a", width=100, height=50)
    ada = tx.decisions.create_person("Ada").person_id
    drawn = tx.decisions.add_face(p, BBox(-5, 10, 40, 90), person_id=ada)
    face = tx.faces.get(drawn.face_id)
    assert (face.bbox, face.source, face.confirmed, face.detected()) == (BBox(0, 10, 40, 50), "manual", True, None)
    assert [r.id for r in tx.faces.missing(E)] == [drawn.face_id]
    with pytest.raises(GalleryError, match="no area"):
        tx.decisions.add_face(p, BBox(100, 0, 120, 20))
    tx.decisions.undo()
    with pytest.raises(UnknownIdError):
        tx.faces.get(drawn.face_id)


def test_undoing_a_restoration_marks_it(tx):
    r = tx.restorations.add(
        photo="/a.jpg",
        input_sha256="i",
        restorer="x",
        weights_sha256="w",
        options={},
        seed=1,
        verdict="pass",
        state="done",
        output="/out.jpg",
        output_sha256="o",
    )
    tx.decisions.restored([r.id])
    undone = tx.decisions.undo()
    assert undone.restoration_id == r.id
    assert tx.restorations.get(r.id).state == "undone"
    assert tx.restorations.by_output(sha256="o").id == r.id  # still recognised as ours
    tx.decisions.undo(undone.id)
    assert tx.restorations.get(r.id).state == "done"


def output_rows(tx, n=2, state="done"):
    face = {"photo": "/a.jpg", "input_sha256": "i", "restorer": "x", "weights_sha256": "w", "options": {}, "seed": 1}
    there = {"output": "/out.jpg", "output_sha256": "o"} if state == "done" else {}
    return [
        tx.restorations.add(**face, **there, verdict="pass", state=state, bbox=BBox(50 * i, 0, 50 * i + 40, 40)).id
        for i in range(n)
    ]


def facts(tx, ids):
    return {(tx.restorations.get(i).state, tx.restorations.get(i).decided) for i in ids}


def test_all_faces_of_one_output_are_undone_together(tx):
    ids = output_rows(tx, 3)
    assert [r.id for r in tx.restorations.with_output(ids[1])] == ids
    tx.decisions.restored(ids)
    undone = tx.decisions.undo()
    assert undone.restoration_ids == tuple(ids)
    assert facts(tx, ids) == {("undone", None)}


def test_accepting_is_remembered_and_can_be_taken_back(tx):
    ids = output_rows(tx)
    tx.decisions.accept_restorations(ids)
    assert facts(tx, ids) == {("done", "accepted")}
    tx.decisions.undo()
    assert facts(tx, ids) == {("done", None)}


def test_a_rejected_output_is_undone_when_the_rejection_is_taken_back(tx):
    """Its file is gone: saying "done" again would be a lie."""
    ids = output_rows(tx)
    tx.decisions.accept_restorations(ids)
    tx.decisions.reject_restorations(ids)
    assert facts(tx, ids) == {("rejected", "rejected")}
    taken_back = tx.decisions.undo()
    assert facts(tx, ids) == {("undone", None)}
    tx.decisions.undo(taken_back.id)
    assert facts(tx, ids) == {("rejected", "rejected")}
    with pytest.raises(GalleryError, match="cannot be accepted: it is rejected"):
        tx.decisions.accept_restorations(ids)


def test_a_rejected_proposal_is_open_again_when_taken_back(tx):
    ids = output_rows(tx, 1, "proposed")
    tx.decisions.reject_restorations(ids)
    assert facts(tx, ids) == {("rejected", "rejected")}
    tx.decisions.undo()
    assert facts(tx, ids) == {("proposed", None)}
    with pytest.raises(GalleryError, match="cannot be accepted: it is proposed"):
        tx.decisions.accept_restorations(ids)


def test_undoing_a_restoration_that_was_rejected_since_is_a_conflict(tx):
    ids = output_rows(tx)
    made = tx.decisions.restored(ids)
    tx.decisions.reject_restorations(ids)
    with pytest.raises(ConflictError, match="rejected"):
        tx.decisions.undo(made.id)


@pytest.mark.parametrize(
    "verb",
    [
        lambda d: d.accept_restorations([99]),
        lambda d: d.reject_restorations([99]),
        lambda d: d.confirm([99]),
        lambda d: d.assign([1], 99),
        lambda d: d.reject([1], 99),
        lambda d: d.merge(1, [99]),
        lambda d: d.split(99, [1]),
        lambda d: d.name(99, "x"),
        lambda d: d.add_face(99, BBox(0, 0, 1, 1)),
        lambda d: d.restored([99]),
        lambda d: d.undo(99),
        lambda d: d.different(1, 99),
    ],
)
def test_unknown_ids(tx, verb):
    put(tx, "a")
    tx.decisions.create_person("Ada")
    before = state(tx)
    with pytest.raises(UnknownIdError, match="99"):
        verb(tx.decisions)
    assert state(tx) == before


class Verbs(RuleBasedStateMachine):
    """Any human acts, with undo and redo in between, taken back in reverse, leave what was there before."""

    gallery: Gallery

    @initialize()
    def fill(self):
        self.conn = example(self.gallery)
        self.tx = Tx(self.conn)
        self.faces = [i for n in range(4) for i in put(self.tx, f"p{n}", 2 * n, 2 * n + 1)]
        machine_person(self.tx, *self.faces[:3])
        machine_person(self.tx, *self.faces[4:6])
        self.states = [state(self.tx)]

    def act(self, verb):
        before = state(self.tx)
        try:
            verb(self.tx.decisions)
        except GalleryError:
            assert state(self.tx) == before
            return
        self.states.append(state(self.tx))

    def some(self, data, ids, **kwargs):
        return data.draw(st.lists(st.sampled_from(sorted(ids)), min_size=1, unique=True, **kwargs))

    def people(self):
        return [p.id for p in self.tx.people.find(hidden=None, ignored=None)]

    def one(self, data):
        return data.draw(st.sampled_from(self.people() or [1]))

    @rule(data=st.data(), verb=st.sampled_from(["confirm", "unassign", "ignore_faces", "reject"]))
    def on_faces(self, data, verb):
        faces = self.some(data, self.faces)
        self.act(lambda d: getattr(d, verb)(faces))

    @rule(data=st.data(), verb=st.sampled_from(["assign", "reject"]))
    def with_person(self, data, verb):
        faces, person = self.some(data, self.faces), self.one(data)
        self.act(lambda d: getattr(d, verb)(faces, person))

    @rule(data=st.data())
    def merge(self, data):
        keep, absorb = self.one(data), self.some(data, self.people() or [1])
        self.act(lambda d: d.merge(keep, absorb))

    @rule(data=st.data())
    def split(self, data):
        person = self.one(data)
        faces = self.some(data, [f.id for f in self.tx.faces.find(FaceFilter(person_id=person))] or self.faces)
        self.act(lambda d: d.split(person, faces))

    @rule(
        data=st.data(),
        verb=st.sampled_from(["hide", "ignore", "name", "birth", "cover", "create", "draw", "different"]),
    )
    def other(self, data, verb):
        p, q, f = self.one(data), self.one(data), data.draw(st.sampled_from(self.faces))
        self.act(
            {
                "hide": lambda d: d.hide(p),
                "ignore": lambda d: d.ignore(p),
                "name": lambda d: d.name(p, data.draw(st.sampled_from(["Ada", "Bob", None]))),
                "birth": lambda d: d.birth_date(p, date(1990, 1, 1)),
                "cover": lambda d: d.cover(p, f),
                "create": lambda d: d.create_person(),
                "draw": lambda d: d.add_face(1, BBox(0, 50, 9, 60), person_id=p),
                "different": lambda d: d.different(p, q),
            }[verb]
        )

    @rule()
    def undo(self):
        if len(self.states) > 1:
            self.tx.decisions.undo()
            self.states.pop()
            assert state(self.tx) == self.states[-1]

    @rule()
    def undo_and_redo(self):
        if len(self.states) > 1:
            undone = self.tx.decisions.undo()
            self.tx.decisions.undo(undone.id)
            assert state(self.tx) == self.states[-1]

    @invariant()
    def consistent(self):
        assert not dangling(self.tx)
        for f in self.tx.faces.find(FaceFilter(states=None)):
            assert not (f.confirmed and f.person_id is None)
            assert (f.id, f.person_id) not in self.tx.faces.rejections()

    def teardown(self):
        try:
            while len(self.states) > 1:
                self.undo()
        finally:
            self.conn.close()  # rolls back: the next example starts from the same empty gallery


def test_any_human_acts_undone_in_reverse_are_the_identity(gallery, engine_kind):
    machine = type("Machine", (Verbs,), {"gallery": gallery})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    lives = 25 if engine_kind == "sqlite" else 8  # each reads all tables after each act, over a socket
    run_state_machine_as_test(
        machine, settings=settings(max_examples=lives, stateful_step_count=12, suppress_health_check=checks)
    )
