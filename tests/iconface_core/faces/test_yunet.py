"""The default detector on real photographs: ordinary, huge, tiny, turned, grainy, and pictures of nothing."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.boxes import iou
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.types import BBox


def _scaled(box, factor):
    return BBox(box.x1 * factor, box.y1 * factor, box.x2 * factor, box.y2 * factor)


def _assert_same(found, expected, factor=1.0):
    """Each expected face, times `factor`, is there once, landmarks on average within a tenth of its height."""
    assert len(found) == len(expected)
    for face in expected:
        best = max(found, key=lambda f: iou(f.bbox, _scaled(face.bbox, factor)))
        assert iou(best.bbox, _scaled(face.bbox, factor)) > 0.5
        off = np.linalg.norm(best.landmarks - face.landmarks * factor, axis=1).mean()
        assert off < 0.1 * face.bbox.height * factor


def test_finds_everybody_once(yunet, group_photo):
    faces = yunet.detect(group_photo)
    assert len(faces) == 6
    assert all(f.det_score > 0.85 for f in faces)
    assert all(80 < f.bbox.height < 180 for f in faces)


def test_a_face_is_upright_after_alignment(yunet, group_photo):
    """Points in the order of the ArcFace template: left of the picture first, eyes above the mouth."""
    for face in yunet.detect(group_photo):
        p = face.landmarks
        assert p[0, 0] < p[1, 0]
        assert p[3, 0] < p[4, 0]
        assert p[:2, 1].max() < p[3:, 1].min()


@pytest.mark.parametrize("factor", [0.2, 0.5, 3.2])
def test_size_does_not_matter(yunet, group_photo, pictures, factor):
    """Faces of 22 pixels, and a 4096-pixel photo."""
    _assert_same(yunet.detect(pictures.resize(group_photo, factor)), yunet.detect(group_photo), factor)


def test_tiny_faces_in_a_large_photo(yunet, group_photo, pictures):
    """Faces of 22 to 30 pixels in a corner of a large scene that also shows larger people."""
    scene = np.full((2000, 3000, 3), 128, np.uint8)
    near, far = pictures.resize(group_photo, 0.5), pictures.resize(group_photo, 0.25)
    scene[100 : 100 + near.shape[0], 200 : 200 + near.shape[1]] = near
    scene[1700 : 1700 + far.shape[0], 2600 : 2600 + far.shape[1]] = far
    faces = yunet.detect(scene)
    assert sum(f.bbox.y1 > 1650 for f in faces) == 6
    assert sum(f.bbox.y1 < 700 for f in faces) == 6
    assert len(faces) == 12


@pytest.mark.parametrize("margin", [-0.05, 0.0, 0.3])
@pytest.mark.parametrize("side", [400, 2000])
def test_a_portrait_that_fills_the_frame(yunet, group_photo, pictures, margin, side):
    box = yunet.detect(group_photo)[0].bbox
    dx, dy = margin * box.width, margin * box.height
    crop = group_photo[int(box.y1 - dy) : int(box.y2 + dy), int(box.x1 - dx) : int(box.x2 + dx)]
    portrait = pictures.resize(crop, side / max(crop.shape))
    faces = yunet.detect(portrait)
    assert len(faces) == 1
    assert faces[0].bbox.width > 0.45 * portrait.shape[1]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_scans(yunet, group_photo, quarters):
    """A scan on its side: the same faces, in that scan's pixels, and aligned crops that stand upright."""
    upright = yunet.detect(group_photo)
    turned = np.ascontiguousarray(np.rot90(group_photo, quarters))
    faces = yunet.detect(turned)
    assert len(faces) == len(upright)
    for face in upright:
        crop = align_face(group_photo, face.landmarks, ARCFACE_112).pixels.astype(float)
        differences = [np.abs(align_face(turned, f.landmarks, ARCFACE_112).pixels - crop).mean() for f in faces]
        assert min(differences) < 30  # another face differs by 40 and more


def test_grain_does_not_hide_a_face(yunet, group_photo):
    noise = np.random.default_rng(0).normal(0, 50, group_photo.shape)
    faces = yunet.detect(np.clip(group_photo + noise, 0, 255).astype(np.uint8))
    assert len(faces) >= 4


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((400, 600, 3), np.uint8),
        np.random.default_rng(1).integers(0, 256, (300, 500, 3), dtype=np.uint8),
        np.tile((np.indices((480, 640)).sum(0) // 16 % 2 * 255).astype(np.uint8)[..., None], 3),
        np.full((1, 1, 3), 7, np.uint8),
        np.full((9, 3000, 3), 200, np.uint8),
    ],
    ids=["black", "noise", "stripes", "one pixel", "a line"],
)
def test_no_face_where_there_is_none(yunet, picture):
    assert yunet.detect(picture) == []


@settings(max_examples=25)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 10**6), st.sampled_from([1, 3, 9]))
def test_any_picture_is_survived(yunet, height, width, seed, grain):
    """Blotches of any size in pictures of any shape."""
    small = np.random.default_rng(seed).integers(0, 256, (height // grain + 1, width // grain + 1, 3), dtype=np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width, 3)
    for face in yunet.detect(picture):
        assert face.bbox.x2 <= width
        assert np.isfinite(face.landmarks).all()


def test_painted_over_faces_are_gone(yunet, group_photo):
    """What remains of the scene (hands, lamps, cards, poker chips) must not be taken for people."""
    scene = group_photo.copy()
    for face in yunet.detect(group_photo):
        b = face.bbox
        cv2.rectangle(scene, (int(b.x1 - 20), int(b.y1 - 40)), (int(b.x2 + 20), int(b.y2 + 20)), (90, 80, 70), -1)
    assert yunet.detect(scene) == []


def test_smallest_face_is_respected(yunet, group_photo, pictures):
    """Nothing much smaller than `min_face` is reported."""
    tiny = pictures.resize(group_photo, 0.2)
    assert len(yunet.detect(tiny)) == 6

    from iconface_core.faces.yunet import YuNetDetector

    assert YuNetDetector(min_face=60).detect(tiny) == []


@pytest.mark.shared_data
def test_group_photographs(yunet, shared_data, pictures):
    people = {"bbt1": 4, "bbt2": 3, "bbt3": 5, "bbt4": 6, "bbt5": 5}
    found = {name: len(yunet.detect(pictures.read(shared_data / f"group_photos/{name}.jpg"))) for name in people}
    assert found == people


@pytest.mark.shared_data
def test_degraded_photographs(yunet, shared_data, pictures):
    """Shrunk to faces of 20 pixels, blurred, noisy, dark: at least 90 % of clear LFW faces are still found."""
    rng = np.random.default_rng(0)
    ways = {
        "tiny": lambda x: pictures.resize(x, 0.18),
        "blurred": lambda x: cv2.GaussianBlur(x, (0, 0), 5),
        "noisy": lambda x: np.clip(x + rng.normal(0, 40, x.shape), 0, 255).astype(np.uint8),
        "dark": lambda x: (x * 0.15).astype(np.uint8),
    }
    photos = [pictures.read(p) for p in sorted((shared_data / "lfw").glob("*/*_0001.jpg"))[::150]]
    assert len(photos) > 20
    for name, spoil in ways.items():
        found = sum(bool(yunet.detect(np.ascontiguousarray(spoil(photo)))) for photo in photos)
        assert found >= 0.9 * len(photos), name


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_lying_face_beside_upright_ones(yunet, group_photo, quarters):
    """Six people, and the same six lying or inverted beside them."""
    turned = np.ascontiguousarray(np.rot90(group_photo, quarters))
    height = max(group_photo.shape[0], turned.shape[0])
    scene = np.full((height, group_photo.shape[1] + turned.shape[1], 3), 128, np.uint8)
    scene[: group_photo.shape[0], : group_photo.shape[1]] = group_photo
    scene[: turned.shape[0], group_photo.shape[1] :] = turned
    faces = yunet.detect(scene)
    lying = [f for f in faces if f.bbox.x1 > group_photo.shape[1]]
    assert len(faces) - len(lying) == 6
    assert 5 <= len(lying) <= 6
    down = np.array([f.landmarks[3:].mean(0) - f.landmarks[:2].mean(0) for f in lying])  # from the eyes to the mouth
    expected = {1: (1, 0), 2: (0, -1), 3: (-1, 0)}[quarters]
    assert (down @ np.array(expected) > 0.8 * np.linalg.norm(down, axis=1)).all()


def test_small_people_in_a_panorama(yunet, group_photo, pictures):
    small = pictures.resize(group_photo, 0.3)
    scene = np.full((small.shape[0] + 40, 8 * small.shape[0] + 3000, 3), 128, np.uint8)
    scene[20 : 20 + small.shape[0], -small.shape[1] - 50 : -50] = small
    assert len(yunet.detect(scene)) == 6


def test_detect_small_finds_what_a_glance_overlooks(yunet, group_photo, pictures):
    small = pictures.resize(group_photo, 0.25)
    scene = np.full((3000, 4000, 3), 128, np.uint8)
    scene[2500 : 2500 + small.shape[0], 3000 : 3000 + small.shape[1]] = small
    assert len(yunet.detect_small(scene)) == 6
