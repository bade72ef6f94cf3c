"""A face is known again after its picture was turned, mirrored, resized or cropped, and never taken for another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.boxes import iou
from iconface_core.identity.same_faces import Edit, FacePosition, same_faces
from iconface_core.types import BBox, DetectedFace

W, H = 600, 300


def unit(seed: int):
    v = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return v / np.linalg.norm(v)


def near(vector, seed: int, amount: float = 0.02):
    v = vector + amount * np.random.default_rng(seed).standard_normal(len(vector)).astype(np.float32)
    return v / np.linalg.norm(v)


FACES = (BBox(40, 60, 100, 140), BBox(300, 100, 340, 150), BBox(480, 20, 560, 120))
OLD = [FacePosition(b, unit(i)) for i, b in enumerate(FACES)]

EDITS = {
    "turned left": ((H, W), lambda b: BBox(b.y1, W - b.x2, b.y2, W - b.x1)),
    "turned right": ((H, W), lambda b: BBox(H - b.y2, b.x1, H - b.y1, b.x2)),
    "upside down": ((W, H), lambda b: BBox(W - b.x2, H - b.y2, W - b.x1, H - b.y1)),
    "mirrored": ((W, H), lambda b: BBox(W - b.x2, b.y1, W - b.x1, b.y2)),
    "half as large": ((W // 2, H // 2), lambda b: BBox(b.x1 / 2, b.y1 / 2, b.x2 / 2, b.y2 / 2)),
    "cropped": ((560, 240), lambda b: BBox(b.x1 - 30, b.y1 - 15, b.x2 - 30, b.y2 - 15)),
    "cropped and enlarged": ((1120, 480), lambda b: BBox(2 * b.x1 - 60, 2 * b.y1 - 30, 2 * b.x2 - 60, 2 * b.y2 - 30)),
    "saved again": ((W, H), lambda b: b),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_face_is_itself_after_an_edit(edit: str):
    size, where = EDITS[edit]
    new = [FacePosition(where(o.bbox), near(o.vector, i)) for i, o in enumerate(OLD)]
    same = same_faces(OLD, [new[2], new[0], new[1]], (W, H), size)
    assert same.old_of == {0: 2, 1: 0, 2: 1}
    assert same.certain


@pytest.mark.parametrize("edit", EDITS)
def test_one_face_that_is_known_again_says_where_the_others_went(edit: str):
    """The detector lost the second, and the third was drawn by hand: nothing is known of it but its box."""
    size, where = EDITS[edit]
    old = [OLD[0], OLD[1], FacePosition(OLD[2].bbox, None)]
    same = same_faces(old, [FacePosition(where(FACES[0]), near(OLD[0].vector, 1))], (W, H), size)
    assert same.old_of == {0: 0}
    assert iou(same.edits[0].box(FACES[2]), where(FACES[2])) > 0.9


def test_another_picture_under_the_same_name_has_other_faces():
    new = [FacePosition(b, unit(100 + i)) for i, b in enumerate(FACES)]
    same = same_faces(OLD, new, (W, H), (W, H))
    assert same.old_of == {}
    assert not same.certain


def test_a_retouched_face_stays_itself_where_the_others_say_that_the_picture_is_the_same():
    changed = FacePosition(FACES[1], unit(77))
    new = [FacePosition(FACES[0], OLD[0].vector), changed]
    assert same_faces(OLD, new, (W, H), (W, H)).old_of == {0: 0, 1: 1}
    assert same_faces(OLD, [changed], (W, H), (W, H)).old_of == {}


def test_without_vectors_the_place_decides():
    """Tombstones of forgotten people have none, and must not come back in a picture that was turned."""
    size, where = EDITS["turned left"]
    old = [FacePosition(b, None) for b in FACES]
    new = [FacePosition(where(b), unit(i)) for i, b in enumerate(FACES)]
    assert same_faces(old, new, (W, H), size).old_of == {0: 0, 1: 1, 2: 2}


def test_a_face_that_was_put_aside_is_known_by_its_vector_alone():
    aside = [FacePosition(FACES[0], unit(0), elsewhere=True)]
    assert same_faces(aside, [FacePosition(FACES[1], unit(0))], (W, H), (W, H)).old_of == {0: 0}
    assert same_faces(aside, [FacePosition(FACES[0], unit(5))], (W, H), (W, H)).old_of == {}


def test_nothing_of_nothing():
    same = same_faces([], [], (0, 0), (0, 0))
    assert (same.old_of, same.edits, same.certain) == ({}, (), False)
    assert same_faces(OLD, [], (W, H), (W, H)).old_of == {}


def test_mirroring_exchanges_the_eyes():
    points = np.array([[10, 10], [30, 10], [20, 20], [12, 30], [28, 30]], np.float32)
    face = DetectedFace(BBox(0, 0, 40, 40), points, 0.9)
    mirrored = Edit(np.array([[-1.0, 0, 100], [0, 1, 0]])).face(face)
    assert mirrored.bbox == BBox(60, 0, 100, 40)
    np.testing.assert_allclose(mirrored.landmarks, [[69, 10], [89, 10], [79, 20], [71, 30], [87, 30]])
    turned = Edit(np.array([[0.0, 1, 0], [-1, 0, 100]])).face(face)
    np.testing.assert_allclose(turned.landmarks[0], [10, 89])


@given(st.permutations(range(3)), st.sampled_from(sorted(EDITS)), st.sets(st.integers(0, 2)))
def test_matching_is_one_to_one_and_needs_no_order(order, edit: str, lost):
    size, where = EDITS[edit]
    seen = [i for i in order if i not in lost]
    new = [FacePosition(where(FACES[i]), near(OLD[i].vector, i)) for i in seen]
    assert same_faces(OLD, new, (W, H), size).old_of == dict(enumerate(seen))
