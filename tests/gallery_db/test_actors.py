"""Several people decide in one gallery: each takes back what is their own."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gallery_db import ConflictError, Gallery, GalleryError
from gallery_db.database.acting import act_as
from gallery_db.database.schema import decision, metadata
from gallery_db.decisions.undo import _redone
from gallery_db.errors import OthersDecisionError, UnusableNameError
from gallery_db.gallery import Tx

from .factories import put


def act(tx: Tx, actor: str | None) -> None:
    act_as(tx.decisions._c, actor)


def test_each_takes_back_their_own(gallery: Gallery):
    anna, ben = gallery.acting_as("anna"), gallery.acting_as("ben")
    with anna.begin() as tx:
        ada = tx.decisions.create_person("Ada").person_id
        assert ada is not None
        first = tx.decisions.birth_date(ada, None)
        job = tx.jobs.enqueue("restore", {})
        assert tx.jobs.get(job).actor == "anna"
    with ben.begin() as tx:
        named = tx.decisions.name(ada, "Ada B.")
    with anna.begin() as tx:
        with pytest.raises(OthersDecisionError) as refused:
            tx.decisions.undo(named.id)
        assert (refused.value.decision_id, refused.value.actor) == (named.id, "ben")
        undone = tx.decisions.undo()
        assert (undone.undoes, undone.actor) == (first.id, "anna")
    with ben.begin() as tx, pytest.raises(OthersDecisionError):
        tx.decisions.undo(undone.id)
    with gallery.begin() as tx:  # who has no name has decided nothing
        with pytest.raises(OthersDecisionError):
            tx.decisions.undo()
        tx.decisions.undo(named.id, anybodys=True)
        assert tx.people.get(ada).name == "Ada"
        assert [d.actor for d in tx.decisions.history()] == [None, "anna", "ben", "anna", "anna"]
        assert [e.record.actor for e in tx.journal.page()] == ["ben", "anna", "anna"]


def test_what_a_job_decides_is_of_who_asked(gallery: Gallery):
    worker = gallery.acting_as("service")
    with worker.fenced(lambda tx: None, "anna"), worker.begin() as tx:
        assert tx.decisions.create_person("Ada").actor == "anna"
    with worker.fenced(lambda tx: None, None), worker.begin() as tx:
        assert tx.decisions.create_person("Bea").actor == "service"
    assert worker.actor == "service"


def test_what_somebody_else_did_later_is_named_first(gallery: Gallery):
    anna, ben = gallery.acting_as("anna"), gallery.acting_as("ben")
    with anna.begin() as tx:
        ada = tx.decisions.create_person("Ada").person_id
        assert ada is not None
    with ben.begin() as tx:
        later = tx.decisions.name(ada, "Bea")
    with anna.begin() as tx, pytest.raises(ConflictError) as e:
        tx.decisions.undo()
    assert e.value.later == later.id


def test_users(gallery: Gallery):
    with gallery.begin() as tx:
        assert (tx.users.add("Zoé", "viewer"), tx.users.add("Zoe\u0301", "admin")) == (True, False), "one name"
        assert (tx.users.role("Zoé"), tx.users.role("zoé"), tx.users.role("")) == ("viewer", None, None)
        assert tx.users.set_role("Zoé", "reviewer")
        assert [(u.name, u.role) for u in tx.users.all()] == [("Zoé", "reviewer")]
        assert (tx.users.remove("Zoé"), tx.users.remove("Zoé"), tx.users.set_role("Zoé", "admin")) == (
            True,
            False,
            False,
        )
        for name in ("", " a", "a\n", "a\u202eb", "a" * 201):
            with pytest.raises(UnusableNameError):
                tx.users.add(name, "admin")


STEP = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.sampled_from(["assign", "reject", "ignore", "name", "merge", "undo", "undo", "again"]),
    st.integers(0, 3),
    st.integers(0, 2),
)


def said_by(tx: Tx) -> dict[tuple[str, int, str], str | None]:
    """Who said last, of what is in force, what stands in a column of a row. A rejection or a merge that somebody else's
    merge carried along is of both, so of None: it goes with who made it, and back with who carried it."""
    conn = tx.decisions._c
    redone = _redone(conn)
    rows = conn.execute(
        select(decision).where(decision.c.undone_by.is_(None), decision.c.kind.not_in(("undo", "redo")))
    )
    out: dict[tuple[str, int, str], str | None] = {}
    made: dict[tuple[str, int], str] = {}
    for row in sorted(rows, key=lambda r: redone.get(r.id, r.id)):
        for kind, table, row_id, columns in json.loads(row.changes):
            if kind == "insert" and table in ("rejection", "merged"):
                made[table, row_id] = row.actor
            if kind != "moved":
                carried = kind == "update" and made.get((table, row_id), row.actor) != row.actor
                who = None if carried else row.actor
                out |= {(table, row_id, column): who for column in columns}
    return out


def value(tx: Tx, table: str, row_id: int, column: str) -> Any:
    t = metadata.tables[table]
    return tx.decisions._c.scalar(select(t.c[column]).where(t.c.id == row_id))


@pytest.mark.sqlite
@given(steps=st.lists(STEP, min_size=2, max_size=12))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_own_undo_never_takes_back_what_somebody_else_said(gallery_template, steps):
    with gallery_template.begin() as tx:
        faces = put(tx, "a", 1, 2) + put(tx, "b", 3, 4)
        people = [tx.decisions.create_person(n).person_id for n in ("P", "Q", "R")]
        for actor, verb, i, j in steps:
            act(tx, actor)
            point = tx.decisions._c.begin_nested()
            others = {at: value(tx, *at) for at, who in said_by(tx).items() if who not in (actor, None)}
            standing = {d.id for d in tx.decisions.history() if d.actor != actor and d.undone_by is None}
            try:
                match verb:
                    case "assign":
                        tx.decisions.assign([faces[i]], people[j])
                    case "reject":
                        tx.decisions.reject([faces[i]], people[j])
                    case "ignore":
                        tx.decisions.ignore_faces([faces[i]])
                    case "name":
                        tx.decisions.name(people[j], f"{actor} {i}")
                    case "merge":
                        tx.decisions.merge(people[j], [people[(j + 1) % 3]])
                    case "undo":
                        tx.decisions.undo()
                    case "again":
                        own = [d.id for d in tx.decisions.history() if d.actor == actor and d.kind == "undo"]
                        tx.decisions.undo(own[i % len(own)] if own else None)
            except GalleryError:
                point.rollback()
                continue
            if verb == "undo":
                assert {at: value(tx, *at) for at in others} == others
            if verb in ("undo", "again"):  # to do again is to decide again, over what others said
                assert standing <= {d.id for d in tx.decisions.history() if d.undone_by is None}
