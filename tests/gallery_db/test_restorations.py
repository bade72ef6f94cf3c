from typing import Any

import pytest

from gallery_db import UnknownIdError
from gallery_db.records import said
from iconface_core.types import BBox

from .factories import put, restored

SAME = {"input_sha256": "in", "restorer": "r", "weights_sha256": "w", "options": {"strength": 1.0}, "seed": 42}


def test_round_trip(tx):
    [f] = put(tx, "a")
    ada = tx.decisions.create_person("Ada").person_id
    refs = [{"face_id": 9, "photo": "/b.jpg", "score": 0.5, "reasons": ["sharp"]}]
    made = restored(
        tx, face_id=f, person_id=ada, references=refs, similarity_before=0.3, similarity_after=0.6, output="/o.png"
    )
    got = tx.restorations.get(made.id)
    assert got == made
    assert (list(got.references), got.options, got.similarity_after) == (refs, {"strength": 1.0}, 0.6)
    assert [r.id for r in tx.restorations.history(photo="/lib/a.jpg")] == [made.id]
    assert tx.restorations.history(photo="/other") == []
    with pytest.raises(UnknownIdError):
        tx.restorations.get(99)


def test_a_face_that_goes_leaves_the_record(tx):
    [f] = put(tx, "a")
    made = restored(tx, face_id=f)
    tx.photos.delete([tx.faces.get(f).photo_id])
    assert tx.restorations.get(made.id).face_id is None


def test_our_outputs_are_recognised_by_bytes_before_path(tx):
    a = restored(tx, output="/out/a.png", output_sha256="1")
    b = restored(tx, output="/out/b.png", output_sha256="2")
    found = tx.restorations.by_output
    assert found(path="/out/a.png").id == a.id
    assert found(path="/out/a.png", sha256="2").id == b.id
    assert found(path="/elsewhere/copy.png", sha256="1").id == a.id
    assert found(path="/out/c.png", sha256="3") is None
    assert found() is None
    tx.restorations.set_output(a.id, "/moved.png")
    assert found(path="/moved.png").id == a.id


def test_the_same_work_is_found(tx):
    made = restored(tx, references=[{"face_id": 2}, {"face_id": 1}])
    assert tx.restorations.repeated(**SAME).id == made.id
    assert tx.restorations.repeated(**SAME, references=[1, 2]).id == made.id
    assert tx.restorations.repeated(**SAME, references=[1]) is None
    assert tx.restorations.repeated(**SAME | {"seed": 1}) is None
    assert tx.restorations.repeated(**SAME | {"options": {"strength": 0.5}}) is None
    restored(tx, state="refused", seed=1)
    assert tx.restorations.repeated(**SAME | {"seed": 1}) is None


def test_versions_count_the_outputs_of_one_face(tx):
    [f] = put(tx, "a")
    here, elsewhere = BBox(0, 0, 40, 40), BBox(50, 0, 90, 40)
    first = restored(tx, face_id=f, bbox=here, output="/1")
    other = restored(tx, bbox=elsewhere, output="/1")
    refused = restored(tx, state="refused", face_id=f, bbox=here)
    second = restored(tx, face_id=f, bbox=here, output="/2")
    assert [r.version for r in (first, other, refused, second)] == [1, 1, 2, 2]
    assert [r.id for r in tx.restorations.with_output(first.id)] == [first.id, other.id]
    assert [r.id for r in tx.restorations.with_output(refused.id)] == [refused.id]


def test_a_face_is_found_again_by_its_place_when_its_id_is_gone(tx):
    """A photo indexed anew gives new ids; one outside the library has none; a renamed one has another path."""
    [f] = put(tx, "a")
    made = restored(tx, face_id=f, bbox=BBox(0, 0, 40, 40))
    tx.photos.delete([tx.faces.get(f).photo_id])
    find = tx.restorations.of_face
    assert [r.id for r in find(photo="/lib/a.jpg", face_id=77, bbox=BBox(2, 1, 41, 42))] == [made.id]
    assert [r.id for r in find(photo="/new/name.jpg", input_sha256="in", bbox=BBox(2, 1, 41, 42))] == [made.id]
    assert find(photo="/lib/a.jpg", face_id=77, bbox=BBox(50, 0, 90, 40)) == []
    assert find(photo="/elsewhere.jpg", bbox=BBox(0, 0, 40, 40)) == []


def test_a_proposal_ends_with_the_restoration_of_its_face(tx):
    [f] = put(tx, "a")
    box: dict[str, Any] = {"face_id": f, "bbox": BBox(0, 0, 40, 40)}
    proposed = restored(tx, state="proposed", **box)
    again = restored(tx, state="proposed", **box)
    beside = restored(tx, state="proposed", bbox=BBox(50, 0, 90, 40))
    assert {r.id for r in tx.restorations.history(states=("proposed",))} == {again.id, beside.id}
    with pytest.raises(UnknownIdError):
        tx.restorations.get(proposed.id)
    done = restored(tx, **box, output="/1", origin="watch", seconds=1.5)
    assert [r.id for r in tx.restorations.history()] == [done.id, beside.id]
    assert (done.origin, done.seconds, done.decided, done.bbox) == ("watch", 1.5, None, BBox(0, 0, 40, 40))


def test_shelves_hold_one_entry_per_copy(tx):
    ada = tx.decisions.create_person("Ada").person_id
    two = [restored(tx, output="/1", output_sha256="one", person_id=p).id for p in (ada, None)]
    version = restored(tx, output="/1", output_sha256="another picture by that name").id
    kept = restored(tx, output="/2", output_sha256="x").id
    refused = [restored(tx, state="refused", person_id=ada, bbox=BBox(0, 0, 9, 9)).id for _ in range(2)]
    proposed = restored(tx, state="proposed", person_id=ada, bbox=BBox(50, 0, 90, 40)).id
    tx.decisions.accept_restorations([kept])
    shelf = tx.restorations.on_shelf
    assert shelf("to_decide") == [version, two[1]]
    assert shelf("to_decide", limit=1) == [version]
    assert shelf("to_decide", before=version) == [two[1]]
    assert shelf("to_decide", person_id=ada) == [two[0]], "by the row of that person"
    assert shelf("refused") == refused[::-1]
    assert (shelf("kept"), shelf("proposed")) == ([kept], [proposed])
    counts = {"to_decide": 2, "proposed": 1, "kept": 1, "put_back": 0, "refused": 2}
    assert tx.restorations.shelf_counts() == counts
    assert tx.restorations.shelf_counts(person_id=ada) == counts | {"to_decide": 1, "kept": 0}
    assert tx.restorations.people_on_shelf("refused") == [(ada, "Ada", 2)]
    rejected = tx.decisions.reject_restorations([*two, proposed])
    assert rejected.summary == said.COPIES_REJECTED(what=said.COPIES(copies=1, proposals=1))
    assert shelf("put_back") == [proposed, two[1]]
    tx.decisions.undo(rejected.id)
    assert (shelf("put_back"), shelf("proposed")) == ([two[1]], [proposed]), "its file is gone, the proposal is open"
