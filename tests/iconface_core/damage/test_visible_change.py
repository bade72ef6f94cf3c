"""What was changed visibly: nothing for nothing, more for more, and never because of grain."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.damage.visible_change import LEAST_MEAN, VisibleChange, visible_change
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.pasting.paste import paste_back
from tests.iconface_core.pasting.test_paste import landmarks, smooth_photo, texture

POINTS = landmarks(60, 0.1, 150, 150)


def measured(photo: np.ndarray, amount: int, points: np.ndarray = POINTS) -> VisibleChange:
    face = align_face(photo, points, FFHQ_512)
    return visible_change(paste_back(photo, face, texture(face.pixels, amount), points), points)


@settings(max_examples=8)
@given(st.integers(0, 99), st.integers(0, 30), st.integers(0, 30))
def test_more_change_is_never_less_visible(seed: int, one: int, other: int) -> None:
    photo = (smooth_photo(300, 300, seed) // 2 + 60).astype(np.uint8)
    less, more = (measured(photo, a) for a in sorted((one, other)))
    assert 0 <= less.mean <= more.mean + 0.2
    assert 0 <= less.share <= more.share + 0.02 <= 1.02
    assert measured(photo, 0) == VisibleChange(0.0, 0.0)


def test_one_grey_level_is_not_seen_and_twenty_are() -> None:
    photo = np.full((300, 300, 3), 128, np.uint8)
    assert not measured(photo, 1).seen
    large = measured(photo, 20)
    assert large.seen
    assert large.share > 0.3


def test_grain_is_no_change() -> None:
    """A restorer that only smooths noise away: its grain comes back, what counts is what it smoothed."""
    rng = np.random.default_rng(0)
    photo = np.clip(128 + rng.normal(0, 10, (300, 300, 1)).repeat(3, 2), 0, 255).astype(np.uint8)
    face = align_face(photo, POINTS, FFHQ_512)
    pasted = paste_back(photo, face, cv2.GaussianBlur(face.pixels, (0, 0), 4), POINTS)
    x1, y1, x2, y2 = pasted.region
    added = np.abs(pasted.pixels[y1:y2, x1:x2].astype(float) - photo[y1:y2, x1:x2] - pasted.change).mean()
    assert added > 2
    without = visible_change(pasted, POINTS)
    assert without.mean < np.abs(pasted.pixels.astype(float) - photo)[120:180, 120:180].mean()


def test_a_face_outside_the_photo_changes_nothing() -> None:
    photo = smooth_photo(100, 100)
    assert measured(photo, 20, landmarks(20, 0, 400, 400)) == VisibleChange(0.0, 0.0)
    assert LEAST_MEAN > 0
