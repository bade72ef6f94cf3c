"""The shape of what is pasted: the face, its surroundings, and other people's faces."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.geometry import FFHQ_512
from iconface_core.pasting.region import CropPlacement, face_mask


def test_the_mask_of_a_face() -> None:
    mask = face_mask(FFHQ_512.points, 512)
    assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) == 0
    for x, y in FFHQ_512.points:
        assert mask[int(y), int(x)] == 1
    inside = mask > 0.5
    hull = cv2.convexHull(np.argwhere(inside).astype(np.int32))
    assert inside.sum() > 0.97 * cv2.contourArea(hull)
    profile = FFHQ_512.points.copy()
    profile[[0, 1, 3, 4], 0] = [250, 290, 252, 285]  # turned aside: the eyes close together
    assert (face_mask(profile, 512) > 0.5).sum() > 0.7 * inside.sum()


@settings(max_examples=30)
@given(st.floats(0.05, 4), st.floats(-3, 3), st.integers(40, 900), st.integers(40, 900), st.integers(16, 200))
def test_a_reduced_place_is_the_same_place(scale: float, angle: float, h: int, w: int, largest: int) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle), 31], [np.sin(angle), np.cos(angle), 7]]) * scale
    place = CropPlacement.of(turn.astype(np.float32), np.ones((5, 2), np.float32), (3, 5), (h, w), 512)
    small = place.reduced(largest)
    assert max(small.shape) <= max(largest, 1)
    step = np.array(small.shape[::-1]) / (w, h)
    crop = np.array([[10.0, 20.0, 1], [400, 30, 1]])
    expected = (crop @ place.to_region.T + 0.5) * step - 0.5
    assert np.abs(crop @ small.to_region.T - expected).max() < 1e-2 * max(1, np.abs(expected).max())
    assert abs(small.unit / place.unit - max(small.shape) / max(h, w)) < 0.05
