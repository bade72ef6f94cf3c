"""Undo from any state: what grouping and scans do in between stands in no way, and never becomes a human's word."""

import os
import unicodedata
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from gallery_db import ConflictError, Gallery, GalleryError, UnknownIdError
from gallery_db.database.schema import rejection
from gallery_db.decisions.changes import invert
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter, ImportedBox, ImportedPerson
from iconface_core.grouping import Background, Cluster, Decision, Grouping
from iconface_core.images.date_span import years_span
from iconface_core.types import BBox

from .factories import dangling, example, found, photo, put


def group(tx: Tx, *groups: tuple[int, list[int]]) -> None:
    """A full pass that leaves these faces with these people (-1: somebody new), and nothing else."""
    faces = sorted(i for _, ids in groups for i in ids)
    label = {i: n for n, (_, ids) in enumerate(groups) for i in ids}
    clusters = tuple(Cluster(tuple(sorted(ids)), -1, person) for person, ids in groups)
    labels = np.array([label[i] for i in faces], np.int64)
    background = Background(np.zeros(8, np.float32), 1.0)
    tx.faces.apply_grouping(np.array(faces, np.int64), Grouping(labels, clusters, (), (), background))


def whose(tx: Tx, face_id: int) -> tuple[int | None, bool]:
    face = tx.faces.get(face_id)
    return face.person_id, face.confirmed


def test_a_fact_that_was_said_again_since_is_kept_once(gallery: Gallery):
    """Taking a row back to what another row says by now: seen when eight processes merged, refused and took back."""
    with gallery.begin() as tx:
        f, ada, bea = two_people(tx)
        tx.decisions.reject([f], ada)
        tx.decisions.reject([f], bea)
        conn = tx.decisions._c
        first = conn.scalar(select(rejection.c.id).where(rejection.c.person_id == ada))
        was_bea = ["update", "rejection", first, {"person_id": [bea, ada]}]
        made, _ = invert(conn, [was_bea], lambda table, row: None)
        assert tx.faces.rejections() == {(f, bea)}
        again, _ = invert(conn, made, lambda table, row: None)
        assert tx.faces.rejections() == {(f, ada), (f, bea)}
        assert [change[0] for change in (*made, *again)] == ["delete", "insert"]


def two_people(tx: Tx) -> tuple[int, int, int]:
    """A face, and two named people."""
    [f] = put(tx, "a")
    ada, bea = (tx.decisions.create_person(n).person_id for n in ("Ada", "Bea"))
    assert bea is not None
    return f, ada, bea


def undo_all(tx: Tx) -> None:
    for _ in range(1000):
        if not [d for d in tx.decisions.history() if d.kind not in ("undo", "redo") and d.undone_by is None]:
            return
        tx.decisions.undo()
    raise AssertionError("no end")


@pytest.mark.parametrize("take_back", ["unassign", "ignore"])
def test_a_confirmation_comes_back_with_the_person_it_was_about(tx: Tx, take_back: str):
    f, ada, bea = two_people(tx)
    tx.decisions.assign([f], ada)
    if take_back == "unassign":
        tx.decisions.unassign([f])
    else:
        tx.decisions.ignore_faces([f])
        tx.decisions.ignore_faces([f], False)
    tx.faces.apply_decisions([Decision(f, "join", person_id=bea)])
    while whose(tx, f) != (ada, True):
        tx.decisions.undo()
        assert whose(tx, f) != (bea, True), "nobody said so"
    undo_all(tx)
    assert whose(tx, f) == (None, False)


def test_an_ignored_face_is_nobody_again_when_looking_at_it_is_taken_back(tx: Tx):
    f, _, bea = two_people(tx)
    tx.decisions.ignore_faces([f])
    tx.decisions.ignore_faces([f], False)
    tx.faces.apply_decisions([Decision(f, "join", person_id=bea)])
    tx.decisions.undo()
    assert (tx.faces.get(f).state, whose(tx, f)) == ("ignored", (None, False))


def test_redoing_a_confirmation_confirms_the_person_it_was_about(tx: Tx):
    f, ada, bea = two_people(tx)
    tx.faces.apply_decisions([Decision(f, "join", person_id=ada)])
    tx.decisions.confirm([f])
    undone = tx.decisions.undo()
    tx.faces.apply_decisions([Decision(f, "join", person_id=bea)])
    tx.decisions.undo(undone.id)
    assert whose(tx, f) == (ada, True)


def test_what_grouping_moved_because_of_a_decision_goes_back_with_it(tx: Tx):
    f, ada, bea = two_people(tx)
    g, h = put(tx, "g")[0], put(tx, "h")[0]
    group(tx, (ada, [f, g]))
    slip = tx.decisions.assign([f], bea)
    group(tx, (bea, [g, h]))
    assert whose(tx, g) == whose(tx, h) == (bea, False)
    undone = tx.decisions.undo(slip.id)
    assert [whose(tx, i) for i in (f, g, h)] == [(ada, False), (ada, False), (None, False)]
    tx.decisions.undo(undone.id)
    assert [whose(tx, i) for i in (f, g, h)] == [(bea, True), (bea, False), (bea, False)]


def test_what_was_said_of_a_face_since_stays(tx: Tx):
    f, ada, bea = two_people(tx)
    [g] = put(tx, "g")
    group(tx, (ada, [f, g]))
    slip = tx.decisions.assign([f], bea)
    group(tx, (bea, [g]))
    tx.decisions.confirm([g])
    tx.decisions.undo(slip.id)
    assert whose(tx, g) == (bea, True)


def test_a_pass_without_a_decision_before_it_follows_from_none(tx: Tx):
    f, ada, bea = two_people(tx)
    [g] = put(tx, "g")
    tx.decisions.assign([f], ada)
    group(tx, (-1, []))
    group(tx, (ada, [g]))
    tx.decisions.undo()
    assert whose(tx, g) == (ada, False)


def test_a_person_that_grouping_removed_comes_back_with_what_was_said_of_them(tx: Tx):
    [f] = put(tx, "a")
    [somebody] = tx.faces.apply_decisions([Decision(f, "new_person", group=0)]).new_people
    tx.decisions.name(somebody, "Ada")
    tx.decisions.name(somebody, None)
    tx.faces.apply_decisions([Decision(f, "new_person", group=0)])
    assert [p.id for p in tx.people.find(named=True)] == []
    tx.decisions.undo()
    assert tx.people.get(somebody).name == "Ada"
    tx.decisions.undo()


def test_a_rejection_said_twice_and_redone_is_one_fact(tx: Tx):
    f, ada, _ = two_people(tx)
    tx.decisions.reject([f], ada)
    undone = tx.decisions.undo()
    tx.decisions.reject([f], ada)
    tx.decisions.undo(undone.id)
    assert tx.faces.rejections() == {(f, ada)}
    undo_all(tx)
    assert tx.faces.rejections() == set()


def test_what_was_done_again_later_is_taken_back_first(tx: Tx):
    """A decision counts from when it was done again: else two could wait for each other for ever."""
    f, ada, bea = two_people(tx)
    first = tx.decisions.assign([f], ada)
    undone = tx.decisions.undo()
    second = tx.decisions.name(bea, "Eva")
    tx.decisions.undo(undone.id)
    assert tx.decisions.undo().undoes == first.id
    assert tx.decisions.undo().undoes == second.id


def test_a_merge_in_force_is_named_before_its_people_come_back(tx: Tx):
    f, ada, bea = two_people(tx)
    assigned = tx.decisions.assign([f], bea)
    merge = tx.decisions.merge(ada, [bea])
    with pytest.raises(ConflictError, match=f"undo decision {merge.id} ") as conflict:
        tx.decisions.undo(assigned.id)
    assert conflict.value.later == merge.id


def test_what_a_later_decision_removed_is_taken_back_after_it(tx: Tx):
    """Else taking the merge back later would bring a rejection back that nobody stands by any more."""
    f, ada, bea = two_people(tx)
    tx.decisions.assign([f], ada)
    rejected = tx.decisions.reject([f], bea)
    merge = tx.decisions.merge(ada, [bea])
    assert tx.faces.rejections() == set()
    with pytest.raises(ConflictError, match=f"undo decision {merge.id} ") as conflict:
        tx.decisions.undo(rejected.id)
    assert conflict.value.later == merge.id
    tx.decisions.undo()
    assert tx.faces.rejections() == {(f, bea)}
    undo_all(tx)
    assert tx.faces.rejections() == set()


@pytest.mark.parametrize("verb", ["name", "hide", "birth"])
def test_a_person_decided_about_since_is_not_taken_back_first(tx: Tx, verb: str):
    """Else taking the name back later would bring somebody back whom nobody created any more."""
    made = tx.decisions.create_person("Bea")
    acts = {
        "name": lambda: tx.decisions.name(made.person_id, "Eva"),
        "hide": lambda: tx.decisions.hide(made.person_id),
        "birth": lambda: tx.decisions.birth_date(made.person_id, date(1950, 1, 1)),
    }
    later = acts[verb]()
    with pytest.raises(ConflictError, match=f"undo decision {later.id} ") as conflict:
        tx.decisions.undo(made.id)
    assert conflict.value.later == later.id
    undo_all(tx)
    assert tx.people.find(hidden=None, ignored=None) == []


def test_what_a_scan_thinks_of_a_face_stands_in_no_way(tx: Tx):
    f, ada, _ = two_people(tx)
    tx.decisions.assign([f], ada)
    tx.faces.replace_for_photo(tx.faces.get(f).photo_id, [found(0, 1, state="doubtful")])
    tx.decisions.undo()
    assert whose(tx, f) == (None, False)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_in_another_unicode_form_is_the_same_name(tx: Tx, form):
    person = tx.decisions.create_person(unicodedata.normalize(form, "José Núñez")).person_id
    for asked in ("NFC", "NFD"):
        for text in ("José Núñez", " JOSÉ NÚÑEZ "):
            assert [p.id for p in tx.people.by_name(unicodedata.normalize(asked, text))] == [person]
    assert tx.people.by_name("Jose Nunez") == []


def test_a_drawn_face_comes_back_after_its_person_and_never_without(tx: Tx):
    """A state machine found it: confirmed, and of nobody."""
    put(tx, "p", 0)
    ada = tx.decisions.create_person("Ada").person_id
    drawn = tx.decisions.add_face(1, BBox(0, 50, 9, 60), person_id=ada)
    taken_back = tx.decisions.undo(drawn.id)
    nobody = tx.decisions.undo()
    assert tx.people.find(named=True) == []
    with pytest.raises(ConflictError, match=f"undo decision {nobody.id} ") as conflict:
        tx.decisions.undo(taken_back.id)
    assert conflict.value.later == nobody.id
    tx.decisions.undo(nobody.id)
    tx.decisions.undo(taken_back.id)
    [face] = tx.faces.find(FaceFilter(confirmed=True, states=None))
    assert face.person_id == ada
    undo_all(tx)


@pytest.mark.parametrize(("photo_id", "left_out"), [(99, []), (1, [99])], ids=["a photo", "a face"])
def test_an_import_of_what_is_gone_changes_nothing(tx: Tx, photo_id, left_out):
    """A state machine found it: a face was confirmed by an import that was refused."""
    [f] = put(tx, "p", 0)
    box = ImportedBox(photo_id, BBox(0, 70, 9, 80))
    with pytest.raises(UnknownIdError):
        tx.decisions.import_names("tests", [ImportedPerson("Eva", None, (f,), (box,))], left_out)
    assert whose(tx, f) == (None, False)
    assert tx.people.find(named=True) == []
    assert tx.decisions.history() == []


def test_a_drawn_box_without_area_makes_nobody(tx: Tx):
    put(tx, "p", 0)
    with pytest.raises(GalleryError, match="no area"):
        tx.decisions.add_face(1, BBox(5, 5, 5, 5), name="Eva")
    assert tx.people.find(named=True) == []


EXAMPLES = int(os.environ.get("ICONFACE_UNDO_EXAMPLES", "12"))
"""More by night: each is a life of ten acts, taken back to its beginning."""


class Living(RuleBasedStateMachine):
    """Human acts between the acts of machines: passes that move what nobody decided, and scans that lose faces. No
    machine is ever taken for a human, and undo always reaches the beginning."""

    gallery: Gallery

    @initialize()
    def fill(self):
        self.conn = example(self.gallery)
        self.tx = Tx(self.conn)
        self.faces = [i for n in range(4) for i in put(self.tx, f"p{n}", 2 * n, 2 * n + 1)]
        self.people = [self.tx.decisions.create_person(n).person_id for n in ("Ada", "Bea")]
        self.said: set[tuple[int, int]] = set()

    def alive(self):
        return [f.id for f in self.tx.faces.find(FaceFilter(states=None))]

    def act(self, verb):
        """A human act, and what it confirms, which is a human's word from now on."""
        try:
            verb(self.tx.decisions)
        except GalleryError:
            return
        self.said |= self.confirmed()

    def confirmed(self):
        return {(f.id, f.person_id) for f in self.tx.faces.find(FaceFilter(confirmed=True, states=None))}

    @rule(data=st.data(), verb=st.sampled_from(["confirm", "unassign", "ignore_faces", "reject", "see"]))
    def on_faces(self, data, verb):
        faces = data.draw(st.lists(st.sampled_from(self.faces), min_size=1, unique=True))
        acts = {"see": lambda d: d.ignore_faces(faces, False)}
        self.act(acts.get(verb, lambda d: getattr(d, verb)(faces)))

    @rule(data=st.data(), verb=st.sampled_from(["assign", "reject", "split", "draw"]))
    def with_person(self, data, verb):
        face, person = data.draw(st.sampled_from(self.faces)), data.draw(st.sampled_from(self.someone()))
        box = BBox(0, 50, 9, 60)
        acts = {
            "split": lambda d: d.split(person, [face]),
            "draw": lambda d: d.add_face(1, box, person_id=person),
        }
        self.act(acts.get(verb, lambda d: getattr(d, verb)([face], person)))

    @rule(data=st.data())
    def take_names(self, data):
        """Names of another program: of somebody here or somebody new, with a box, and a face that is left out."""
        mine, left_out = data.draw(st.permutations(self.faces))[:2]
        who = data.draw(st.sampled_from([None, *self.someone()]))
        box = ImportedBox(1, BBox(0, 70, 9, 80))
        person = ImportedPerson("Eva", who, (mine,), data.draw(st.sampled_from([(), (box,)])), hidden=who is None)
        self.act(lambda d: d.import_names("tests", [person], data.draw(st.sampled_from([[], [left_out]]))))

    @rule(data=st.data(), span=st.sampled_from([years_span(1955, 1959), years_span(1961, 1961), None]))
    def say_when(self, data, span):
        photos = [p.id for p in self.tx.photos.find()] or [1]
        self.act(lambda d: d.date_photos(data.draw(st.lists(st.sampled_from(photos), unique=True)), span))

    @rule(data=st.data(), verb=st.sampled_from(["merge", "different", "name", "hide"]))
    def on_people(self, data, verb):
        a, b = (data.draw(st.sampled_from(self.someone())) for _ in range(2))
        acts = {
            "merge": lambda d: d.merge(a, [b]),
            "different": lambda d: d.different(a, b),
            "name": lambda d: d.name(a, data.draw(st.sampled_from(["Eva", None]))),
            "hide": lambda d: d.hide(a),
        }
        self.act(acts[verb])

    def someone(self):
        return [p.id for p in self.tx.people.find(hidden=None, ignored=None)] or [1]

    @rule(data=st.data())
    def regroup(self, data):
        owners = [-1, *self.someone()]
        groups: dict[int, list[int]] = {}
        for f in self.alive():
            groups.setdefault(data.draw(st.sampled_from(owners)), []).append(f)
        group(self.tx, *groups.items())

    @rule(data=st.data())
    def lose(self, data):
        """A photo is deleted with its faces, or its faces are seen otherwise."""
        n = data.draw(st.integers(0, 3))
        if data.draw(st.booleans()):
            row = self.tx.photos.by_path(f"/lib/p{n}")
            self.tx.photos.delete([] if row is None else [row.id])
        else:
            self.tx.faces.replace_for_photo(photo(self.tx, f"p{n}"), [found(0, 2 * n, state="doubtful")])

    @rule(data=st.data())
    def undo(self, data):
        possible = [d for d in self.tx.decisions.history() if d.undone_by is None and d.kind != "redo"]
        wanted = data.draw(st.sampled_from([None, *(d.id for d in possible)]))
        before, refused = self.confirmed(), ""
        try:
            self.tx.decisions.undo(wanted)
        except GalleryError as e:
            refused = str(e)
        if refused:
            named = "; undo decision " in refused and wanted is not None
            assert named or "nothing to undo" in refused, f"the latest can always be taken back: {refused}"
            assert self.confirmed() == before

    @invariant()
    def nobody_else_speaks_for_a_human(self):
        new = self.confirmed() - self.said
        merged = {(f, p) for f, p in new for said_f, _ in self.said if said_f == f}
        assert new <= merged, f"confirmed by nobody: {new}"
        for f in self.tx.faces.find(FaceFilter(states=None)):
            assert not (f.confirmed and f.person_id is None)
            assert not (f.state == "ignored" and f.person_id is not None)
        assert not dangling(self.tx)

    def teardown(self):
        try:
            undo_all(self.tx)
            assert self.confirmed() == set()
            assert self.tx.faces.rejections() == set()
            assert self.tx.people.different() == set()
            assert {(p.dated, p.captured_at) for p in self.tx.photos.find()} <= {(None, None)}
            assert [p.id for p in self.tx.people.find(hidden=None, ignored=None, named=True)] == []
        finally:
            self.conn.close()


def test_machines_between_human_acts_never_stop_undo(gallery):
    machine = type("Machine", (Living,), {"gallery": gallery})
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=10, suppress_health_check=checks),
    )
