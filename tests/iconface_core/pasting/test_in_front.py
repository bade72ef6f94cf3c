"""What is in front of a face keeps the photo's pixels where restoring would take it away, and nothing else does."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.pasting.in_front import CLASSES, covered
from iconface_core.pasting.paste import paste_back
from iconface_core.types import F32, LabelsU8, RgbU8

SKIN, HAIR, HAT, GLASSES, BACKGROUND = (CLASSES.index(c) for c in ("skin", "hair", "hat", "glasses", "background"))


def labels(occluder: int | None = None, *, mask: np.ndarray | None = None) -> LabelsU8:
    """A face before a background, and perhaps something in front of it where `mask` is."""
    out = np.full((512, 512), BACKGROUND, np.uint8)
    cv2.ellipse(out, (256, 300), (150, 200), 0, 0, 360, SKIN, -1)
    if occluder is not None:
        out[mask] = occluder
    return out


def bar(top: int, height: int) -> np.ndarray:
    mask = np.zeros((512, 512), bool)
    mask[top : top + height, 140:380] = True
    return mask


@given(st.sampled_from([BACKGROUND, HAIR, HAT, GLASSES]), st.integers(200, 350), st.integers(8, 60))
@settings(max_examples=15)
def test_what_was_taken_away_is_known_and_what_stays_is_not(what: int, top: int, height: int) -> None:
    mask = bar(top, height)
    before = labels(what, mask=mask)
    gone = covered(before, labels())
    assert gone[mask].min() > 0.95, "it was before the face, and face is there now"
    far = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41), np.uint8)) == 0
    assert gone[far].max() == 0
    assert covered(before, before).max() == 0, "what is still there may become clearer"
    assert covered(labels(), before).max() == 0, "nor is what appears"


def test_parsers_that_differ_by_a_pixel_or_two_about_a_border_say_nothing() -> None:
    assert covered(labels(), np.roll(labels(), 2, axis=1)).max() == 0


def scene() -> tuple[RgbU8, F32]:
    rng = np.random.default_rng(5)
    photo = cv2.resize(rng.integers(60, 200, (20, 20, 3)).astype(np.float32), (400, 400), interpolation=cv2.INTER_CUBIC)
    points = ((FFHQ_512.points - 256) * 0.6 + 200).astype(np.float32)
    return np.clip(photo, 0, 255).astype(np.uint8), points


def test_a_hand_in_front_keeps_its_pixels_and_the_face_around_it_is_restored() -> None:
    photo, points = scene()
    face = align_face(photo, points, FFHQ_512)
    mask = bar(300, 50)
    restored = np.clip(
        face.pixels.astype(int) + np.where(np.indices((512, 512)).sum(0) // 16 % 2, 30, -30)[..., None], 0, 255
    )
    restored = restored.astype(np.uint8)
    in_front = covered(labels(BACKGROUND, mask=mask), labels())
    free = paste_back(photo, face, restored, points)
    kept = paste_back(photo, face, restored, points, in_front=in_front)
    hand = cv2.warpAffine(mask.astype(np.float32), face.from_photo, (400, 400), flags=cv2.WARP_INVERSE_MAP) > 0.99
    moved = [np.abs(p.pixels.astype(int) - photo).max(2) for p in (free, kept)]
    assert np.median(moved[0][hand]) > 15
    assert moved[1][hand].max() <= 2
    away = cv2.dilate(hand.astype(np.uint8), np.ones((41, 41), np.uint8)) == 0
    assert (free.pixels[away] == kept.pixels[away]).all()


def test_it_must_be_of_the_crops_size() -> None:
    photo, points = scene()
    face = align_face(photo, points, FFHQ_512)
    with pytest.raises(ValueError, match="in front"):
        paste_back(photo, face, face.pixels, points, in_front=np.zeros((8, 8), np.float32))


@pytest.mark.parametrize("coarse", [0.6, 1.2])
def test_grain_of_a_restored_face_has_the_spectrum_of_its_surroundings(coarse: float) -> None:
    """Fine grain beside fine grain, coarse beside coarse: a quarter of its power or more (`SHARE` says why not all of
    it) where the grain is, shared among the bands as around it."""
    photo, _ = scene()
    photo = cv2.resize(photo, (600, 600))
    noise = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, (600, 600)), (0, 0), coarse)[..., None]
    grainy = np.clip(photo * 0.5 + 60 + 8 * noise / noise.std(), 0, 255).astype(np.uint8)
    points = ((FFHQ_512.points - 256) * 0.7 + 300).astype(np.float32)
    face = align_face(grainy, points, FFHQ_512)
    pasted = paste_back(grainy, face, cv2.GaussianBlur(face.pixels, (0, 0), 8), points, seed=3).pixels
    inside, around = (_bands(p[220:380, 220:380]) for p in (pasted, grainy))
    shape = [b / b.sum() for b in (inside, around)]
    assert np.abs(shape[0] - shape[1]).max() < 0.2
    for power in (inside / around)[shape[1] > 0.05]:
        assert 0.25 < power < 1.1


def _bands(patch: RgbU8) -> np.ndarray:
    """Power in four rings of the spectrum, from a quarter of Nyquist on: below lies the picture."""
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float64)
    window = np.outer(np.hanning(len(grey)), np.hanning(len(grey)))
    power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    radius = np.hypot(*np.meshgrid(*[np.fft.fftfreq(len(grey)) * 2] * 2))
    return np.array([power[(radius >= r) & (radius < r + 0.2)].sum() for r in (0.25, 0.45, 0.65, 0.85)])
