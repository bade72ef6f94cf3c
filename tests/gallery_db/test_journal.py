"""Decisions read back: what each was about."""

from datetime import date

import pytest

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx

from .factories import put


def new(tx: Tx, name: str | None, *faces: int) -> int:
    who = tx.decisions.assign_new(faces, name).person_id
    assert who is not None
    return who


def test_somebody_new_is_one_decision(tx: Tx):
    [f] = put(tx, "a")
    made = tx.decisions.assign_new([f], " Ada ")
    assert tx.faces.get(f).person_name == "Ada"
    assert tx.faces.get(f).confirmed
    undone = tx.decisions.undo(made.id)
    assert tx.faces.get(f).person_id is None
    assert tx.people.by_name("Ada") == []
    tx.decisions.undo(undone.id)
    assert tx.faces.get(f).person_name == "Ada"


def test_each_decision_says_what_it_was_about(tx: Tx):
    [f], [g], [h] = put(tx, "a"), put(tx, "b"), put(tx, "c")
    ada, bob = new(tx, "Ada", f, h), new(tx, "Bob", g)
    tx.decisions.different(ada, bob)
    tx.decisions.reject([f], ada)
    tx.decisions.assign([f], bob)
    tx.decisions.birth_date(bob, date(1950, 1, 2))
    tx.decisions.merge(ada, [bob])
    got = [(e.record.kind, e.face_ids, e.person_ids, e.value) for e in tx.journal.page()]
    assert got == [
        ("merge", (f, g), (ada, bob), "1950-01-02"),
        ("birth_date", (), (bob,), "1950-01-02"),
        ("assign", (f,), (bob,), None),
        ("reject", (f,), (ada,), None),
        ("different", (), (ada, bob), None),
        ("assign", (g,), (bob,), None),
        ("assign", (f, h), (ada,), None),
    ]
    assert tx.journal.page()[0].names == {bob: "Bob"}, "the name of somebody who is gone"


def test_a_split_names_the_new_person_first(tx: Tx):
    faces = [*put(tx, "a"), *put(tx, "b")]
    ada = new(tx, "Ada", *faces)
    twin = tx.decisions.split(ada, faces[:1], name="Bea").person_id
    [entry, _] = tx.journal.page()
    assert (entry.face_ids, entry.person_ids, entry.names) == ((faces[0],), (twin, ada), {twin: "Bea"})


def test_undoing_shows_on_what_it_took_back(tx: Tx):
    ada = new(tx, "Ada", *put(tx, "a"))
    hidden = tx.decisions.hide(ada)
    undo = tx.decisions.undo(hidden.id)
    [entry, _] = tx.journal.page()
    assert (entry.record.id, entry.record.undone_by, entry.value) == (hidden.id, undo.id, True)
    tx.decisions.undo(undo.id)
    assert [e.record.undone_by for e in tx.journal.page()] == [None, None]


def test_pages_go_on_where_the_last_one_ended(tx: Tx):
    people = [new(tx, f"P{i}", *put(tx, f"{i}")) for i in range(7)]
    seen, before = [], None
    while page := tx.journal.page(before=before, limit=3):
        seen += [e.record.id for e in page]
        before = seen[-1]
    assert len(seen) == len(set(seen)) == 7
    only = tx.journal.page(person_id=people[2])
    assert [e.person_ids for e in only] == [(people[2],)]
    assert tx.journal.page(person_id=people[2], before=only[0].record.id) == []
    with pytest.raises(UnknownIdError):
        tx.journal.entry(999)
