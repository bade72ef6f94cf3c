"""Alignment finds the transform it was given, and does not alias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.boxes import iou
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face, invert, similarity_transform
from iconface_core.types import BBox

sizes = st.floats(0.05, 20)
angles = st.floats(-3.14, 3.14)
shifts = st.floats(-500, 500)
boxes = st.builds(lambda x, y, w, h: BBox(x, y, x + w, y + h), shifts, shifts, st.floats(0.1, 300), st.floats(0.1, 300))


def similarity(scale: float, angle: float, x: float, y: float) -> np.ndarray:
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[a, -b, x], [b, a, y]], np.float32)


@given(sizes, angles, shifts, shifts)
def test_similarity_is_recovered(scale: float, angle: float, x: float, y: float) -> None:
    wanted = similarity(scale, angle, x, y)
    moved = FFHQ_512.points @ wanted[:, :2].T + wanted[:, 2]
    assert similarity_transform(FFHQ_512.points, moved) == pytest.approx(wanted, abs=2e-3 * (1 + scale))


def test_a_mirrored_face_is_not_flipped() -> None:
    mirrored = FFHQ_512.points * np.array([-1, 1], np.float32)
    assert np.linalg.det(similarity_transform(mirrored, FFHQ_512.points)[:, :2]) > 0


def test_coinciding_landmarks_are_an_error() -> None:
    with pytest.raises(ValueError, match="coincide"):
        similarity_transform(np.ones((5, 2), np.float32), FFHQ_512.points)


@given(sizes, angles, shifts, shifts)
def test_invert(scale: float, angle: float, x: float, y: float) -> None:
    matrix = similarity(scale, angle, x, y)
    points = FFHQ_512.points @ matrix[:, :2].T + matrix[:, 2]
    back = invert(matrix)
    assert points @ back[:, :2].T + back[:, 2] == pytest.approx(FFHQ_512.points, abs=0.5)


@given(boxes, boxes)
def test_iou_laws(a: BBox, b: BBox) -> None:
    assert iou(a, a) == pytest.approx(1)
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9


@pytest.mark.parametrize("scale", [0.3, 1, 2.5, 9])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2])
def test_aligned_pixels_lie_where_the_matrix_says(scale: float, angle: float) -> None:
    """A smooth picture whose colour states the position: large faces take the area-averaged way."""
    size = 1400
    y, x = np.mgrid[:size, :size]
    image = np.stack([x * 255 / size, y * 255 / size, np.full((size, size), 128)], -1).astype(np.uint8)
    place = similarity(scale, angle, 0, 0)
    landmarks = ((ARCFACE_112.points - 56) @ place[:, :2].T + 700).astype(np.float32)
    face = align_face(image, landmarks, ARCFACE_112)
    grid = np.stack(list(np.mgrid[:112, :112][::-1]), -1).astype(np.float32)
    back = invert(face.from_photo)
    in_photo = grid @ back[:, :2].T + back[:, 2]
    seen = face.pixels[..., :2].astype(float) * size / 255
    inside = ((in_photo > 20) & (in_photo < size - 20)).all(-1)
    assert inside.mean() > 0.5
    assert np.abs(seen - in_photo)[inside].max() < 2 * size / 255 + 2


def test_shrinking_does_not_alias() -> None:
    """A checkerboard finer than the crop can show comes out grey, not as a moire."""
    image = np.repeat(((np.indices((1120, 1120)).sum(0) % 2) * 255).astype(np.uint8)[..., None], 3, 2)
    crop = align_face(image, ARCFACE_112.points * 10, ARCFACE_112).pixels[10:-10, 10:-10]
    assert np.abs(crop.astype(int) - 127).max() < 30


def test_a_face_outside_the_photo_repeats_the_edge() -> None:
    image = np.full((40, 40, 3), 77, np.uint8)
    assert (align_face(image, ARCFACE_112.points + 500, ARCFACE_112).pixels == 77).all()
