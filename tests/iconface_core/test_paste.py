"""Pasting back touches nothing outside the mask, and leaves no seam, tint or colour that was not there."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.paste import face_mask, match_tone, paste_back


def smooth_photo(height: int, width: int, seed: int = 0, *, grain: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 215, (max(2, height // 24), max(2, width // 24), 3)).astype(np.float32)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + rng.normal(
        0, grain, (height, width, 3)
    )
    return np.clip(image, 0, 255).astype(np.uint8)


def landmarks(eyes: float, angle: float, x: float, y: float) -> np.ndarray:
    """A face with that eye distance in pixels, turned, centred at x, y."""
    centred = (FFHQ_512.points - FFHQ_512.points.mean(0)) * eyes / 126
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (centred @ turn.T + (x, y)).astype(np.float32)


places = st.tuples(st.floats(8, 250), st.floats(-3.14, 3.14), st.floats(-60, 320), st.floats(-60, 260))


@settings(max_examples=25, deadline=None)
@given(places, st.integers(0, 99))
def test_outside_the_mask_every_bit_stays(place, seed: int) -> None:
    photo = smooth_photo(200, 260, seed, grain=20)
    points = landmarks(*place)
    face = align_face(photo, points, FFHQ_512)
    restored = np.random.default_rng(seed).integers(0, 256, face.pixels.shape, np.uint8)
    before = photo.copy()
    pasted = paste_back(photo, face, restored, points)
    assert (photo == before).all()
    x1, y1, x2, y2 = pasted.region
    touched = np.zeros(photo.shape[:2], bool)
    touched[y1:y2, x1:x2] = pasted.mask > 0
    assert (pasted.pixels[~touched] == photo[~touched]).all()
    assert pasted.mask.size == 0 or (pasted.mask.min() >= 0 and pasted.mask.max() <= 1)


@settings(max_examples=25, deadline=None)
@given(places, st.integers(0, 99))
def test_aligning_and_pasting_back_is_the_identity(place, seed: int) -> None:
    photo = smooth_photo(200, 260, seed)
    points = landmarks(*place)
    face = align_face(photo, points, FFHQ_512)
    pasted = paste_back(photo, face, face.pixels, points).pixels
    assert np.abs(pasted.astype(int) - photo).mean() < 0.5
    # a photo edge is repeated into the crop, so its outermost pixels are averaged with themselves only
    assert np.abs(pasted.astype(int) - photo)[4:-4, 4:-4].max() <= 12


def test_a_large_face_keeps_detail_the_crop_cannot_hold() -> None:
    photo = smooth_photo(1500, 1500, grain=25)
    points = landmarks(500, 0.2, 750, 750)
    face = align_face(photo, points, FFHQ_512)
    pasted = paste_back(photo, face, face.pixels, points).pixels
    assert (pasted == photo).all()
    brighter = np.clip(face.pixels.astype(int) + 0, 0, 255).astype(np.uint8)
    brighter[220:300, 200:300] //= 2
    changed = paste_back(photo, face, brighter, points).pixels.astype(float)
    grain = changed[700:740, 700:740] - cv2.GaussianBlur(changed, (0, 0), 3)[700:740, 700:740]
    assert grain.std() > 15


def test_a_tint_of_the_restorer_is_taken_out() -> None:
    photo = smooth_photo(300, 300)
    points = landmarks(60, 0.1, 150, 150)
    face = align_face(photo, points, FFHQ_512)
    tinted = np.clip(face.pixels.astype(int) + np.array([25, -10, -20]), 0, 255).astype(np.uint8)
    pasted = paste_back(photo, face, tinted, points).pixels
    assert np.abs(pasted.astype(int) - photo).mean() < 1


def test_detail_of_the_restorer_arrives() -> None:
    photo = smooth_photo(300, 300)
    points = landmarks(60, 0, 150, 150)
    face = align_face(photo, points, FFHQ_512)
    restored = face.pixels.copy()
    restored[::16] //= 2
    restored[8::16] = np.clip(restored[8::16].astype(int) * 3 // 2, 0, 255)
    pasted = paste_back(photo, face, restored, points).pixels
    assert np.abs(pasted.astype(int) - photo)[120:180, 120:180].mean() > 3


def test_no_seam() -> None:
    """Towards the mask's edge the change fades to nothing: neighbouring pixels differ no more than they did."""
    photo = np.full((400, 400, 3), 128, np.uint8)
    points = landmarks(70, 0, 200, 200)
    face = align_face(photo, points, FFHQ_512)
    rng = np.random.default_rng(0)
    restored = np.clip(face.pixels + rng.normal(0, 30, (512, 512, 1)), 0, 255).astype(np.uint8)
    restored = cv2.GaussianBlur(restored, (0, 0), 40)
    pasted = paste_back(photo, face, restored, points).pixels.astype(int)
    assert np.abs(np.diff(pasted, axis=0)).max() <= 3
    assert np.abs(np.diff(pasted, axis=1)).max() <= 3


@pytest.mark.parametrize("seed", range(3))
def test_grey_stays_grey_and_sepia_stays_sepia(seed: int) -> None:
    grey = cv2.cvtColor(smooth_photo(300, 300, seed), cv2.COLOR_RGB2GRAY).astype(float)[..., None]
    points = landmarks(60, 0.1, 150, 150)
    colours = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    restored = cv2.resize(colours, (512, 512), interpolation=cv2.INTER_NEAREST)
    photo = np.repeat(grey, 3, 2).astype(np.uint8)
    pasted = paste_back(photo, align_face(photo, points, FFHQ_512), restored, points).pixels
    assert np.ptp(pasted, axis=2).max() == 0
    assert (pasted != photo).any()
    sepia = np.clip(grey * (1, 0.86, 0.68) + (10, 5, 0), 0, 255).astype(np.uint8)
    pasted = paste_back(sepia, align_face(sepia, points, FFHQ_512), restored, points).pixels.astype(float)
    light = pasted[..., 0] - 10
    inside = (pasted[..., 0] < 254) & (light > 20) & (light < 200)
    assert np.abs(pasted[..., 2] - 0.68 * light)[inside].max() < 14


def test_mask_shape() -> None:
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


def test_match_tone_leaves_a_match_alone() -> None:
    crop = smooth_photo(512, 512)
    assert np.abs(match_tone(crop, crop, face_mask(FFHQ_512.points, 512)) - crop).max() < 0.01


def test_shapes_must_agree() -> None:
    photo = smooth_photo(100, 100)
    points = landmarks(20, 0, 50, 50)
    with pytest.raises(ValueError, match="restored crop"):
        paste_back(photo, align_face(photo, points, FFHQ_512), np.zeros((128, 128, 3), np.uint8), points)
