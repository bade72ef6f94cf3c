"""A photo that was edited elsewhere: what was decided follows its faces, and never stays on background."""

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter
from iconface_core.boxes import iou
from iconface_core.types import BBox

from .factories import found, photo, unit

W, H = 1000, 100


def turned(face, seed: int):
    """As `found`, in the picture that was turned to the left."""
    b = face.face.bbox
    return found(0, seed, box=BBox(b.y1, W - b.x2, b.y2, W - b.x1))


def look(tx: Tx, size: tuple[int, int], *faces, content: str = "edited"):
    p = photo(tx, "a", width=size[0], height=size[1], content_hash=content)
    return tx.faces.replace_for_photo(p, faces, was=(W, H))


def decided(tx: Tx):
    """Four faces of one photo: confirmed, ignored, rejected, and left to the machine; and the person."""
    seen = [found(x, seed) for x, seed in ((100, 1), (300, 2), (500, 3), (700, 4))]
    faces = [r.id for r in tx.faces.replace_for_photo(photo(tx, "a"), seen).stored]
    ada = tx.decisions.create_person("Ada").person_id
    assert ada is not None
    tx.decisions.assign(faces[:1], ada)
    tx.decisions.ignore_faces([faces[1]])
    tx.decisions.reject([faces[2]], ada)
    return seen, faces, ada


def test_decisions_follow_the_faces_of_a_turned_photo(tx: Tx):
    seen, faces, ada = decided(tx)
    changes = look(tx, (H, W), *(turned(f, i + 1) for i, f in enumerate(seen)))
    assert [r.id for r in changes.stored] == faces
    assert (changes.new, changes.removed, changes.kept) == ([], [], [])
    confirmed, ignored, rejected, _ = (tx.faces.get(i) for i in faces)
    assert (confirmed.person_id, confirmed.confirmed, ignored.state) == (ada, True, "ignored")
    assert (rejected.id, ada) in tx.faces.rejections()
    assert confirmed.bbox == BBox(0, 890, 10, 900)


def test_a_box_drawn_by_hand_turns_with_the_picture(tx: Tx):
    seen, _, ada = decided(tx)
    drawn = tx.decisions.add_face(1, BBox(800, 20, 900, 80), person_id=ada).face_id
    assert drawn is not None
    look(tx, (H, W), *(turned(f, i + 1) for i, f in enumerate(seen)))
    assert iou(tx.faces.get(drawn).bbox, BBox(20, 100, 80, 200)) > 0.99


def test_a_face_that_was_cut_off_is_kept_aside_and_comes_back(tx: Tx):
    seen, faces, ada = decided(tx)
    look(tx, (200, H), seen[0])
    gone = tx.faces.get(faces[1])
    assert (gone.state, gone.photo_state) == ("ignored", "missing"), "it lies on nothing"
    assert tx.faces.get(faces[0]).photo_state == "indexed"
    assert {f.id for f in tx.faces.of_photo(1)} == {faces[0]}
    p = photo(tx, "a", content_hash="again")
    tx.faces.replace_for_photo(p, seen, was=(200, H))
    assert [tx.faces.get(i).photo_id for i in faces[:3]] == [p] * 3
    assert (faces[2], ada) in tx.faces.rejections()
    assert not list(tx.photos.find(states=("missing",))), "nothing is left of the place aside"


def test_another_picture_under_the_same_name_inherits_nothing(tx: Tx):
    seen, faces, ada = decided(tx)
    unlike = (s for s in range(50, 5000) if max(float(unit(s) @ unit(i)) for i in (1, 2, 3, 4)) < 0.2)
    changes = look(tx, (W, H), *(found(f.face.bbox.x1, s) for f, s in zip(seen, unlike, strict=False)))
    assert len(changes.new) == 4
    assert not [f for f in tx.faces.of_photo(1) if f.confirmed or f.state == "ignored"]
    assert tx.faces.get(faces[0]).person_id == ada, "kept, and not shown in the other picture"
    assert [f.id for f in tx.faces.find(FaceFilter(confirmed=True))] == [faces[0]]


def test_a_forgotten_face_does_not_come_back_in_a_turned_photo(gallery: Gallery):
    with gallery.begin() as tx:
        seen, faces, ada = decided(tx)
    gallery.forget(ada)
    with gallery.begin() as tx:
        look(tx, (H, W), *(turned(f, i + 1) for i, f in enumerate(seen)))
        forgotten = tx.faces.get(faces[0])
        assert forgotten.state == "forgotten"
        assert forgotten.bbox == BBox(0, 890, 10, 900)
        assert len(tx.faces.of_photo(1)) == 3


def test_the_same_bytes_looked_at_again_move_nothing(tx: Tx):
    """Another detector may miss what was decided about: it stays where it is, as the picture is the same."""
    seen, faces, _ = decided(tx)
    changes = tx.faces.replace_for_photo(photo(tx, "a"), [seen[3]])
    assert sorted(changes.kept) == faces[:3]
    assert [tx.faces.get(i).bbox for i in faces[:3]] == [f.face.bbox for f in seen[:3]]
