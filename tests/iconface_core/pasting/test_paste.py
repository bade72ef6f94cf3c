"""Pasting back touches nothing outside the mask, and leaves no seam, tint or colour that was not there."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.pasting.paste import paste_back
from iconface_core.pasting.region import FADE, radius
from iconface_core.types import BBox, DetectedFace, Patch


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


@settings(max_examples=12)
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


def other_face(box: tuple[float, float, float, float]) -> DetectedFace:
    """Another face that fills this box."""
    x1, y1, x2, y2 = box
    points = (FFHQ_512.points - 256) / 250 * (x2 - x1, y2 - y1) / 2 + ((x1 + x2) / 2, (y1 + y2) / 2)
    return DetectedFace(BBox(*box), points.astype(np.float32), 1.0)


@settings(max_examples=12)
@given(places, st.integers(0, 99))
def test_what_was_not_changed_keeps_every_bit(place, seed: int) -> None:
    photo = smooth_photo(200, 260, seed, grain=seed % 12)
    points = landmarks(*place)
    face = align_face(photo, points, FFHQ_512)
    assert (paste_back(photo, face, face.pixels, points).pixels == photo).all()


@settings(max_examples=12)
@given(places, st.tuples(st.floats(0, 200), st.floats(0, 150), st.floats(20, 120)), st.integers(0, 99))
def test_a_neighbour_keeps_every_bit(place, where, seed: int) -> None:
    """But for what lies within both boxes' faces, which is only ours when it is nearer to us."""
    photo = smooth_photo(200, 260, seed, grain=seed % 7)
    points = landmarks(*place)
    x, y, side = where
    other = other_face((x, y, x + side, y + 1.3 * side))
    face = align_face(photo, points, FFHQ_512)
    restored = np.random.default_rng(seed).integers(0, 256, face.pixels.shape, np.uint8)
    pasted = paste_back(photo, face, restored, points, others=[other]).pixels
    changed = (pasted != photo).any(2)
    box = np.zeros(changed.shape, bool)
    box[int(y) : int(y + 1.3 * side) + 1, int(x) : int(x + side) + 1] = True
    assert not changed[box & (outline(points, photo.shape) >= 1)].any()
    assert not changed[outline(other.landmarks, photo.shape) < np.minimum(outline(points, photo.shape), 1)].any()


def outline(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return radius(points, (shape[0], shape[1]))


def test_several_faces_are_pasted_onto_each_other() -> None:
    photo = smooth_photo(240, 400)
    everybody = [landmarks(40, 0, 120, 120), landmarks(40, 0, 260, 120)]
    crops = [align_face(photo, points, FFHQ_512) for points in everybody]
    boxes = [other_face((x - 40, 70, x + 40, 170)) for x in (120, 260)]
    first = paste_back(photo, crops[0], texture(crops[0].pixels), everybody[0], others=boxes[1:])
    both = paste_back(
        photo, crops[1], texture(crops[1].pixels), everybody[1], others=boxes[:1], onto=[first.patch]
    ).pixels
    assert (both[70:170, 80:160] == first.pixels[70:170, 80:160]).all()
    assert (both[70:170, 80:160] != photo[70:170, 80:160]).any()
    assert (both[70:170, 220:300] != photo[70:170, 220:300]).any()
    with pytest.raises(ValueError, match="no part of a photo of 400 x 240"):
        paste_back(photo, crops[1], crops[1].pixels, everybody[1], onto=[Patch((0, 1, 400, 241), photo)])


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


def texture(pixels: np.ndarray, amount: int = 25) -> np.ndarray:
    """The crop with fine stripes, as a restorer that finds detail everywhere."""
    stripes = np.where(np.arange(len(pixels)) // 8 % 2, amount, -amount)[:, None, None]
    return np.clip(pixels.astype(int) + stripes, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("angle", [0, 0.6])
def test_the_whole_crop_is_restored_not_the_face_alone(angle: float) -> None:
    photo = np.full((400, 400, 3), 128, np.uint8)
    points = landmarks(70, angle, 200, 200)
    face = align_face(photo, points, FFHQ_512)
    pasted = paste_back(photo, face, texture(face.pixels), points)
    x1, y1, x2, y2 = pasted.region
    inside = cv2.warpAffine(np.ones((512, 512), np.uint8), cv2.invertAffineTransform(face.from_photo), (400, 400))
    assert pasted.mask.sum() > 0.85 * inside.sum()
    assert (pasted.mask > 0).sum() <= inside.sum() + 2 * 4 * 300
    assert (x2 - x1) * (y2 - y1) == pasted.mask.size


def test_where_the_photo_ends_nothing_fades() -> None:
    """A portrait that fills the photo: there is nobody to see a seam."""
    photo = np.full((240, 240, 3), 128, np.uint8)
    points = landmarks(80, 0, 120, 130)
    face = align_face(photo, points, FFHQ_512)
    pasted = paste_back(photo, face, texture(face.pixels), points)
    assert pasted.region == (0, 0, 240, 240)
    assert pasted.mask.min() == 1


def test_sharp_surroundings_keep_their_pixels() -> None:
    """A sharp photo with one blurred face: only the face is touched. The same photo, blurred everywhere: everything."""
    rng = np.random.default_rng(0)
    sharp = np.clip(cv2.GaussianBlur(rng.normal(128, 260, (400, 400, 3)), (0, 0), 0.8), 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    points = landmarks(70, 0, 200, 200)
    away = outline(points, sharp.shape)
    photo = np.where((away < 1.05)[..., None], blurred, sharp)
    for picture, kept in ((photo, True), (blurred, False)):
        face = align_face(picture, points, FFHQ_512)
        pasted = paste_back(picture, face, align_face(sharp, points, FFHQ_512).pixels, points)
        changed = (pasted.pixels != picture).any(2)
        assert changed[away < 0.8].mean() > 0.95
        ring = changed[(away > 1.1) & (away < 1.3)].mean()
        assert ring == 0 if kept else ring > 0.95


@settings(max_examples=12)
@given(st.floats(30, 110), st.floats(-3, 3), st.integers(0, 99), st.floats(4, 60), st.booleans())
def test_the_fade_leaves_no_seam(eyes: float, angle: float, seed: int, size: float, textured: bool) -> None:
    """Across the fade the photo gets no steeper than within the restored part, but for the change spread evenly over
    the fade: 1.5 times its size over the width, and a step of rounding on both sides."""
    photo = smooth_photo(400, 400, seed) if textured else np.full((400, 400, 3), 128, np.uint8)
    points = landmarks(eyes, angle, 200, 200)
    face = align_face(photo, points, FFHQ_512)
    coarse = np.random.default_rng(seed).uniform(-size, size, (8, 8, 1)).astype(np.float32)
    wave = cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC)[..., None]
    restored = np.clip(face.pixels + wave, 0, 255).astype(np.uint8)
    pasted = paste_back(photo, face, restored, points)
    x1, y1, x2, y2 = pasted.region
    change = pasted.pixels.astype(int)[y1:y2, x1:x2] - photo[y1:y2, x1:x2]
    full = np.where(pasted.mask[..., None] == 1, change, 0)
    unit = eyes / 126 * 512
    narrowest = max(FADE[0] * unit, 1)
    for axis in (0, 1):
        steep = np.abs(np.diff(change, axis=axis)).max(2)
        inside = np.minimum(*np.split(sliding_window_view(pasted.mask, 2, axis), 2, -1))[..., 0] == 1
        assert steep[~inside].max() <= steep[inside].max() + 1.5 * np.abs(full).max() / narrowest + 2


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


@pytest.mark.parametrize("sigma", [3, 6, 12])
def test_grain_is_found_again(sigma: float) -> None:
    """A restorer that smooths everything leaves a smooth patch in a grainy photo; pasted, it has half the grain's power
    or more, the same colour of grain, and the same for the same seed."""
    photo = smooth_photo(500, 500, 3, grain=0)
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (500, 500, 1)), (0, 0), 0.7)[..., None]
    grainy = np.clip(photo * 0.6 + 50 + noise / noise.std() * sigma, 0, 255).astype(np.uint8)
    points = landmarks(70, 0.1, 250, 250)
    face = align_face(grainy, points, FFHQ_512)
    smooth = cv2.GaussianBlur(face.pixels, (0, 0), 8)
    pasted = paste_back(grainy, face, smooth, points, seed=1).pixels
    rest = [p.astype(float) - cv2.GaussianBlur(p.astype(float), (0, 0), 2) for p in (pasted, grainy)]
    inside = [r[180:320, 180:320] for r in rest]
    assert 0.6 < inside[0].std() / inside[1].std() < 1
    assert np.abs(inside[0] - inside[0].mean(2, keepdims=True)).std() < 0.3 * inside[0].std(), "grey grain"
    assert (paste_back(grainy, face, smooth, points, seed=1).pixels == pasted).all()
    assert (paste_back(grainy, face, smooth, points, seed=2).pixels != pasted).any()


def test_a_photo_without_grain_gets_none() -> None:
    photo = smooth_photo(400, 400)
    points = landmarks(70, 0, 200, 200)
    face = align_face(photo, points, FFHQ_512)
    pasted = paste_back(photo, face, cv2.GaussianBlur(face.pixels, (0, 0), 8), points)
    x1, y1, x2, y2 = pasted.region
    assert np.abs(pasted.pixels[y1:y2, x1:x2] - (photo[y1:y2, x1:x2] + pasted.change)).max() <= 0.5


def test_shapes_must_agree() -> None:
    photo = smooth_photo(100, 100)
    points = landmarks(20, 0, 50, 50)
    with pytest.raises(ValueError, match="restored crop"):
        paste_back(photo, align_face(photo, points, FFHQ_512), np.zeros((128, 128, 3), np.uint8), points)
