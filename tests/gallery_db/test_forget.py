from typing import Any

import pytest
from sqlalchemy import func, or_, select

from gallery_db import Gallery, GalleryError, UnknownIdError
from gallery_db.database.packed import pack_vector, unpack_vectors
from gallery_db.database.schema import decision, metadata
from gallery_db.records import FaceFilter, said
from gallery_db.vectors import open_store
from iconface_core.types import BBox
from tests.support.narrow import present

from .factories import DIM, E, found, photo, put, restored, unit

NAME = "Adelheid Zwetschgenbaum"


@pytest.fixture
def known(gallery: Gallery):
    with gallery.begin() as tx:
        p = photo(tx, "a")
        f = tx.faces.replace_for_photo(p, [found(0, 77), found(100, 78)]).stored[0].id
        her = tx.decisions.create_person(NAME).person_id
        tx.decisions.assign([f], her)
        bob = tx.decisions.create_person("Bob").person_id
        tx.decisions.assign([f + 1], bob)
        tx.decisions.reject([f + 1], her)
        refs: list[dict[str, Any]] = [{"face_id": f, "photo": "/lib/a", "score": 1, "reasons": []}, {"face_id": f + 1}]
        restored(tx, person_id=her, face_id=f, output="/o.png", output_sha256="o")
        restored(tx, person_id=bob, references=refs)
    with gallery.begin(write=False) as tx:
        open_store(gallery.vectors_dir, tx, E, DIM)
    return gallery


def on_disk(gallery: Gallery) -> bytes:
    """All files on this machine, the database among them if it is one; and what every table says."""
    files = b"".join(p.read_bytes() for p in gallery.vectors_dir.parent.rglob("*") if p.is_file())
    with gallery.begin(write=False) as tx:
        values = [v for table in metadata.tables.values() for row in tx.meta._c.execute(select(table)) for v in row]
    return files + b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)


def test_nothing_that_names_or_recognises_them_is_left_on_disk(known: Gallery):
    secrets = [NAME.encode(), pack_vector(unit(77)), unpack_vectors(pack_vector(unit(77)), DIM).tobytes()]
    assert all(s in on_disk(known) for s in secrets)
    result = known.forget(1)
    assert (result.faces, result.vectors, result.restorations) == (1, 1, 2)
    assert (result.face_ids, result.outputs) == ((1,), ("/o.png",))
    assert not any(s in on_disk(known) for s in secrets)
    assert pack_vector(unit(78)) in on_disk(known)


def test_the_next_scan_does_not_bring_them_back(known: Gallery):
    known.forget(1)
    with known.begin() as tx:
        again = tx.faces.replace_for_photo(1, [found(2, 77), found(100, 78)])
        assert again.stored[0].state == "forgotten"
        copy = photo(tx, "copy", content_hash="hash-a")
        tx.faces.replace_for_photo(copy, [found(0, 77), found(100, 78)])
        assert tx.faces.set_embeddings([(1, found(0, 77).embeddings[0])]) == 0
        assert len(tx.faces.matrix(E)) == 2  # Bob's face, twice
        assert tx.faces.missing(E) == []
        assert [f.photo_id for f in tx.faces.of_photo(1)] == [1]
        assert tx.faces.get(1).landmarks is None
        with pytest.raises(UnknownIdError, match="forgotten"):
            tx.decisions.assign([1], 2)


def test_others_stay_as_they_were(known: Gallery):
    known.forget(1)
    with known.begin() as tx:
        assert [p.name for p in tx.people.find()] == ["Bob"]
        assert [f.id for f in tx.faces.find(FaceFilter(confirmed=True))] == [2]
        [his, hers] = tx.restorations.history()
        assert [r["face_id"] for r in his.references] == [2]
        assert (hers.person_id, hers.face_id) == (None, None)
        assert present(tx.restorations.by_output(sha256="o")).id == hers.id  # still recognised as our output
        assert [d.summary for d in tx.decisions.history() if d.undoable] == [
            said.ASSIGNED(faces=said.faces([2]), person=said.PERSON(id=2, name="Bob"), new=False),
            said.CREATED(person=said.PERSON(id=2, name="Bob")),
        ]
        tx.decisions.undo()
        tx.decisions.undo()
        with pytest.raises(UnknownIdError, match="nothing to undo"):
            tx.decisions.undo()


def test_forgotten_decisions_cannot_be_undone_or_redone(known: Gallery):
    with known.begin() as tx:
        undone = tx.decisions.undo()  # the rejection of her
    known.forget(1)
    with known.begin() as tx:
        for decision_id in (2, undone.id):
            with pytest.raises(GalleryError, match=r"cannot be undone|undone already"):
                tx.decisions.undo(decision_id)
    names = or_(decision.c.summary.contains("Adel"), decision.c.changes.contains("Adel"))
    with known.begin(write=False) as tx:
        assert tx.meta._c.scalar(select(func.count()).where(names)) == 0


def test_merged_people_are_forgotten_with_the_names_they_had(known: Gallery):
    with known.begin() as tx:
        eve = tx.decisions.create_person("Eve Absorbed").person_id
        tx.decisions.merge(1, [eve])
    known.forget(1)
    assert b"Eve Absorbed" not in on_disk(known)


def test_an_undo_that_changed_nothing_forgets_the_name_too(known: Gallery):
    with known.begin() as tx:
        [f] = put(tx, "gone")
        tx.decisions.assign([f], 1)
        tx.photos.delete([tx.faces.get(f).photo_id])
        assert NAME in str(tx.decisions.undo().summary.as_json())
    known.forget(1)
    assert NAME.encode() not in on_disk(known)


def test_drawn_faces_are_forgotten_too(known: Gallery):
    with known.begin() as tx:
        drawn = tx.decisions.add_face(1, BBox(500, 0, 520, 20), person_id=1).face_id
    assert drawn in known.forget(1).face_ids


def test_unknown_person(known: Gallery):
    with pytest.raises(UnknownIdError):
        known.forget(99)
