import pytest

from gallery_db import Gallery, NotFoundError

from .factories import put

BASE = {
    "photo": "/lib/a.jpg",
    "input_sha256": "in",
    "restorer": "r",
    "weights_sha256": "w",
    "options": {"strength": 1.0},
    "seed": 42,
    "verdict": "pass",
    "state": "done",
}
SAME = {k: BASE[k] for k in ("input_sha256", "restorer", "weights_sha256", "options", "seed")}


@pytest.fixture
def tx(gallery: Gallery):
    with gallery.begin() as tx:
        yield tx


def test_round_trip(tx):
    [f] = put(tx, "a")
    ada = tx.decisions.create_person("Ada").person_id
    refs = [{"face_id": 9, "photo": "/b.jpg", "score": 0.5, "reasons": ["sharp"]}]
    made = tx.restorations.add(
        **BASE, face_id=f, person_id=ada, references=refs, similarity_before=0.3, similarity_after=0.6, output="/o.png"
    )
    got = tx.restorations.get(made.id)
    assert got == made
    assert (list(got.references), got.options, got.similarity_after) == (refs, {"strength": 1.0}, 0.6)
    assert [r.id for r in tx.restorations.history(photo="/lib/a.jpg")] == [made.id]
    assert tx.restorations.history(photo="/other") == []
    with pytest.raises(NotFoundError):
        tx.restorations.get(99)


def test_a_face_that_goes_leaves_the_record(tx):
    [f] = put(tx, "a")
    made = tx.restorations.add(**BASE, face_id=f)
    tx.photos.delete([tx.faces.get(f).photo_id])
    assert tx.restorations.get(made.id).face_id is None


def test_our_outputs_are_recognised_by_bytes_before_path(tx):
    a = tx.restorations.add(**BASE, output="/out/a.png", output_sha256="1")
    b = tx.restorations.add(**BASE, output="/out/b.png", output_sha256="2")
    found = tx.restorations.by_output
    assert found(path="/out/a.png").id == a.id
    assert found(path="/out/a.png", sha256="2").id == b.id
    assert found(path="/elsewhere/copy.png", sha256="1").id == a.id
    assert found(path="/out/c.png", sha256="3") is None
    assert found() is None
    tx.restorations.set_output(a.id, "/moved.png")
    assert found(path="/moved.png").id == a.id


def test_the_same_work_is_found(tx):
    made = tx.restorations.add(**BASE, references=[{"face_id": 2}, {"face_id": 1}])
    assert tx.restorations.repeated(**SAME).id == made.id
    assert tx.restorations.repeated(**SAME, references=[1, 2]).id == made.id
    assert tx.restorations.repeated(**SAME, references=[1]) is None
    assert tx.restorations.repeated(**SAME | {"seed": 1}) is None
    assert tx.restorations.repeated(**SAME | {"options": {"strength": 0.5}}) is None
    tx.restorations.add(**BASE | {"state": "refused", "seed": 1})
    assert tx.restorations.repeated(**SAME | {"seed": 1}) is None
