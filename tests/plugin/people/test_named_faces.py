"""What names from elsewhere come to: matched, given, asked about, taken back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord
from iconface_core.extensions.exchange import Box, NamedFace, Standing
from iconface_core.grouping import Background, Cluster, Grouping
from iconface_core.types import BBox
from plugin.errors import UsageError
from plugin.people.face_matching import match_places
from plugin.people.importing import ImportDone, NamesFound, as_seen, import_names
from tests.gallery_db.factories import DIM, photo, put

# Faces of `put` are 10 x 10 pixels, every 100, in photos of 1000 x 100.
A, B, C = Path("/lib/a.jpg"), Path("/lib/b.jpg"), Path("/lib/c.jpg")


def at(i: int) -> Box:
    """The place of the face i."""
    return (i / 10, 0.0, 0.01, 0.1)


def take(gallery: Gallery, *named: NamedFace, **given: Any) -> ImportDone:
    return import_names(gallery, NamesFound("tests", named, ()), **given)


def group(tx: Tx, *faces: int) -> None:
    """Grouping found that they are one person."""
    found = Grouping(np.zeros(len(faces), np.int64), (Cluster(faces, -1, -1),), (), (), Background.unknown(DIM))
    tx.faces.apply_grouping(np.array(faces, np.int64), found)


def face(gallery: Gallery, face_id: int) -> FaceRecord:
    with gallery.begin(write=False) as tx:
        return tx.faces.get(face_id)


def everything(gallery: Gallery) -> Any:
    """People and faces, as far as somebody decided about them."""
    with gallery.begin(write=False) as tx:
        faces = [(f.id, f.person_id, f.confirmed, f.state, f.bbox) for p in (1, 2, 3) for f in tx.faces.of_photo(p)]
        people = [(p.id, p.name, p.hidden) for p in tx.people.find(hidden=None, ignored=None)]
        return faces, people


def test_names_go_to_faces_boxes_to_places_without_one_and_one_undo_takes_all_back(gallery: Gallery):
    with gallery.begin() as tx:
        a, b = put(tx, "a.jpg", 1, 2)
        [c] = put(tx, "b.jpg", 3)
        tx.decisions.assign_new([c], "Anna")
    before = everything(gallery)
    named = (NamedFace(A, "anna", at(0)), NamedFace(A, "Ben", at(1)), NamedFace(B, "Cleo", at(5)), NamedFace(C, "Dora"))
    tried = take(gallery, *named, dry_run=True)
    assert everything(gallery) == before
    done = take(gallery, *named, given=as_seen(tried.plan))
    assert (done.plan, done.plan.elsewhere) == (tried.plan, 1)
    assert [face(gallery, i).person_name for i in (a, b)] == ["Anna", "Ben"]
    assert all(face(gallery, i).confirmed for i in (a, b))
    assert done.decision is not None
    [drawn] = done.decision.drawn
    assert (face(gallery, drawn).person_name, face(gallery, drawn).source) == ("Cleo", "manual")
    with gallery.begin(write=False) as tx:
        assert [j.kind for j in tx.jobs.find()] == ["embed"]  # it is looked at
        assert len(tx.decisions.history()) == 2
    again = take(gallery, *named)
    assert (again.decision, again.plan.known) == (None, 3)
    with gallery.begin() as tx:
        tx.decisions.undo()
    assert everything(gallery) == before


def test_a_group_without_a_name_gets_it_as_a_whole_unless_it_holds_two(gallery: Gallery):
    with gallery.begin() as tx:
        a, b = put(tx, "a.jpg", 1, 2)
        [c] = put(tx, "b.jpg", 3)
        group(tx, a, c)
    take(gallery, NamedFace(B, "Anna", at(0)))
    assert [(face(gallery, i).person_name, face(gallery, i).confirmed) for i in (a, c)] == [
        ("Anna", False),
        ("Anna", True),
    ]
    with gallery.begin() as tx:
        tx.decisions.undo()
        group(tx, a, b)
    take(gallery, NamedFace(A, "Ben", at(0)), NamedFace(A, "Cleo", at(1)))
    assert [face(gallery, i).person_name for i in (a, b)] == ["Ben", "Cleo"]


def test_what_was_decided_here_stays_and_is_asked_about(gallery: Gallery):
    with gallery.begin() as tx:
        a, b, c, d = put(tx, "a.jpg", 1, 2, 3, 4)
        e, f = put(tx, "b.jpg", 5, 6)
        tx.decisions.assign_new([a], "Anna")
        for i in (e, f):
            tx.decisions.assign_new([i], "Twin")
        tx.decisions.reject([c], 1)
        tx.decisions.ignore_faces([d])
    before = everything(gallery)
    done = take(
        gallery,
        NamedFace(A, "Ben", at(0)),
        NamedFace(A, "Twin", at(1)),
        NamedFace(A, "Anna", at(2)),
        NamedFace(A, "Ben", at(3)),
        NamedFace(B, "Twin", at(0)),
        NamedFace(B, "12", at(1)),
    )
    assert [(x.face_id, x.why, x.other) for x in done.plan.conflicts if x.why != "unusable_name"] == [
        (a, "somebody_else", "Anna"),
        (b, "several_people", None),
        (c, "rejected", None),
        (d, "left_out", None),
    ]
    [unusable] = [x for x in done.plan.conflicts if x.why == "unusable_name"]
    assert unusable.other is not None
    assert "12" in unusable.other
    assert done.plan.known == 1  # the one of the twins who was meant
    assert done.decision is None
    assert everything(gallery) == before


def test_two_names_for_one_face_are_none_and_two_forms_of_one_name_are_one(gallery: Gallery):
    with gallery.begin() as tx:
        a, b = put(tx, "a.jpg", 1, 2)
    near = (0.1001, 0.0, 0.01, 0.1)
    done = take(
        gallery,
        NamedFace(A, "Anna", at(0)),
        NamedFace(A, "Ben", at(0)),
        NamedFace(A, "Zoe\u0308", at(1)),
        NamedFace(A, "ZO\u00cb", near),
    )
    assert [(x.name, x.other, x.why) for x in done.plan.conflicts] == [("Ben", "Anna", "two_names")]
    assert face(gallery, a).person_id is None
    assert face(gallery, b).person_name == "Zo\u00eb"


@pytest.mark.parametrize("standing", ["hidden", "ignored"])
def test_hiding_and_leaving_out_come_along(gallery: Gallery, standing: Standing):
    with gallery.begin() as tx:
        [a] = put(tx, "a.jpg", 1)
    take(gallery, NamedFace(A, "" if standing == "ignored" else "Anna", at(0), standing=standing))
    assert face(gallery, a).state == ("ignored" if standing == "ignored" else "ok")
    with gallery.begin(write=False) as tx:
        assert [p.name for p in tx.people.find(hidden=True)] == (["Anna"] if standing == "hidden" else [])


def test_names_without_a_place_are_given_where_nobody_else_can_be_meant(gallery: Gallery):
    """Anna alone in b tells whose group it is, and so who is who beside Ben in a; in c nobody can tell."""
    with gallery.begin() as tx:
        a1, a2 = put(tx, "a.jpg", 1, 2)
        [b] = put(tx, "b.jpg", 3)
        put(tx, "c.jpg", 4, 5)
        group(tx, a1, b)
    named = [NamedFace(A, "Ben"), NamedFace(A, "Anna"), NamedFace(B, "Anna"), NamedFace(C, "Ben"), NamedFace(C, "Dora")]
    done = take(gallery, *named)
    assert [face(gallery, i).person_name for i in (a1, a2, b)] == ["Anna", "Ben", "Anna"]
    assert sorted((u.photo, u.name) for u in done.plan.unplaced) == [(C, "Ben"), (C, "Dora")]
    assert take(gallery, *named).decision is None


def test_nothing_is_imported_that_was_not_shown(gallery: Gallery):
    with gallery.begin() as tx:
        [a] = put(tx, "a.jpg", 1)
    shown = take(gallery, NamedFace(A, "Anna", at(0)), dry_run=True)
    with gallery.begin() as tx:
        tx.decisions.assign_new([a], "Ben")
    before = everything(gallery)
    with pytest.raises(UsageError, match="changed meanwhile"):
        take(gallery, NamedFace(A, "Anna", at(0)), given=as_seen(shown.plan))
    assert everything(gallery) == before


def test_a_place_that_may_be_measured_two_ways_is_where_faces_are(gallery: Gallery):
    with gallery.begin() as tx:
        [a] = put(tx, "a.jpg", 1)
        photo(tx, "b.jpg")
    done = take(
        gallery,
        NamedFace(A, "Anna", (0.5, 0.5, 0.1, 0.1), at(0)),
        NamedFace(A, "Ben", (0.1, 0.5, 0.1, 0.1), at(4)),
        NamedFace(B, "Cleo", at(1), at(2)),
    )
    assert face(gallery, a).person_name == "Anna"
    assert [u.name for u in done.plan.unplaced] == ["Cleo"]  # nothing tells: no box in the wrong place
    [drawn] = done.decision.drawn if done.decision else ()
    assert pytest.approx(face(gallery, drawn).bbox.x1) == 400


places = st.lists(st.sampled_from([(i, j) for i in range(5) for j in range(5)]), unique=True, max_size=6)


@given(faces=places, moved=st.floats(-0.15, 0.15), scale=st.floats(0.8, 1.3), turned=st.booleans())
def test_faces_apart_are_found_again_whatever_the_habit(
    faces: Sequence[tuple[int, int]], moved: float, scale: float, turned: bool
):
    boxes = {n: BBox(i * 20, j * 20, i * 20 + 10, j * 20 + 10) for n, (i, j) in enumerate(faces)}

    def share(b: BBox) -> Box:
        w, h = b.width * scale, b.height * scale
        return ((b.x1 + (10 - w) / 2 + moved * 10) / 100, (b.y1 + (10 - h) / 2) / 100, w / 100, h / 100)

    elsewhere: Box = (0.97, 0.97, 0.02, 0.02)
    named = [
        NamedFace(A, str(n), elsewhere if turned else share(b), share(b) if turned else elsewhere)
        for n, b in boxes.items()
    ]
    assert {p.named.name: p.face_id for p in match_places(named, boxes, 100, 100)} == {str(n): n for n in boxes}
