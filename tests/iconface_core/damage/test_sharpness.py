"""Worse pictures score worse, for the reason that was built in."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from iconface_core import reason_codes as codes
from iconface_core.damage.sharpness import (
    MIN_EYE_DISTANCE,
    Degradation,
    is_sharp_already,
    is_too_small,
    measure,
    why_left_alone,
)
from iconface_core.geometry import FFHQ_512, align_face
from tests.support.narrow import present

IDENTITY = np.eye(2, 3, dtype=np.float32)


def drawn_face(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Structure at every scale (1/f), as skin, hair and eyes have; with landmarks in the place of a face."""
    rng = np.random.default_rng(3)
    image = np.full((size, size), 128, np.float32)
    side = 4
    while side <= size:
        layer = rng.normal(0, 26, (side, side)).astype(np.float32) * (4 / side) ** 0.5
        image += cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC)
        side *= 2
    pixels = np.clip(image[..., None] + np.array([12, 0, -12]), 0, 255).astype(np.uint8)
    return pixels, ((FFHQ_512.points + 0.5) * size / 512 - 0.5).astype(np.float32)


def measured(image: np.ndarray, landmarks: np.ndarray) -> Degradation:
    face = align_face(image, landmarks, FFHQ_512)
    return measure(face.pixels, face.from_photo)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return present(cv2.imdecode(packed, cv2.IMREAD_COLOR))


@pytest.mark.parametrize("size", [128, 256, 512])
def test_each_fault_is_measured_where_it_is(size: int) -> None:
    image, landmarks = drawn_face(size)
    clean = measured(image, landmarks)
    assert clean.eye_distance == pytest.approx(126 * size / 512, rel=0.01)
    blurred = measured(cv2.GaussianBlur(image, (0, 0), 3), landmarks)
    assert blurred.detail < clean.detail - 0.6
    assert blurred.score > clean.score
    assert codes.BLURRED() in blurred.reasons
    rng = np.random.default_rng(0)
    noisy = measured(np.clip(image + rng.normal(0, 20, image.shape), 0, 255).astype(np.uint8), landmarks)
    assert noisy.noise > clean.noise + 5
    assert noisy.score > 0.9
    assert codes.NOISY in {r.code for r in noisy.reasons}
    if size < 512:
        blocks = measured(jpeg(cv2.GaussianBlur(image, (0, 0), 2), 10), landmarks)
        assert blocks.blockiness > clean.blockiness + 0.3
        assert codes.JPEG_BLOCKS() in blocks.reasons


def test_more_blur_never_scores_better() -> None:
    image, landmarks = drawn_face(256)
    scores = [measured(cv2.GaussianBlur(image, (0, 0), s), landmarks).score for s in (1, 1.5, 2, 3, 4)]
    assert all(b >= a - 1e-6 for a, b in pairwise(scores))


def test_small_faces_are_left_alone() -> None:
    image, landmarks = drawn_face(512)
    small = cv2.resize(image, (28, 28), interpolation=cv2.INTER_AREA)
    found = measured(small, ((landmarks + 0.5) * 28 / 512 - 0.5).astype(np.float32))
    assert is_too_small(found)
    assert why_left_alone(found) == codes.TOO_SMALL(px=found.eye_distance, least=MIN_EYE_DISTANCE)
    assert codes.FEW_PIXELS(px=found.eye_distance) in found.reasons
    assert found.eye_distance == pytest.approx(7, abs=0.2)


def test_rules() -> None:
    def face(score: float, eyes: float) -> Degradation:
        return Degradation(score, eyes, 0, -1, 0, ())

    assert why_left_alone(face(0.9, 40)) is None
    assert why_left_alone(face(0.1, 40)) == codes.SHARP_ALREADY(degradation=0.1)
    assert why_left_alone(face(0.9, 5)) == codes.TOO_SMALL(px=5, least=MIN_EYE_DISTANCE)


def test_flat_crops_do_not_divide_by_zero() -> None:
    for value in (0, 255):
        found = measure(np.full((512, 512, 3), value, np.uint8), IDENTITY * np.array([[4], [4]], np.float32))
        assert np.isfinite([found.score, found.detail, found.noise, found.blockiness]).all()


@pytest.mark.shared_data
def test_real_faces(shared_data: Path) -> None:
    clean = [p for p in sorted((shared_data / "celeb512").glob("*/*.png")) if "degraded" not in p.name][::9]
    poor = sorted((shared_data / "celeb512").glob("*/degraded_*.png"))
    assert clean
    assert poor

    def scores(paths: list[Path]) -> list[Degradation]:
        return [measure(cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB), IDENTITY) for p in paths]

    assert np.mean([is_sharp_already(d) for d in scores(clean)]) > 0.7
    assert not any(is_sharp_already(d) for d in scores(poor))


def test_the_embeddings_quality_explains_but_does_not_judge() -> None:
    image, landmarks = drawn_face(512)
    face = align_face(cv2.GaussianBlur(image, (0, 0), 4), landmarks, FFHQ_512)
    plain = measure(face.pixels, face.from_photo)
    good, poor = (measure(face.pixels, face.from_photo, q) for q in (0.9, 0.2))
    assert plain.score == good.score == poor.score >= 0.25
    assert plain.reasons == good.reasons
    assert poor.reasons == (*good.reasons, codes.HARD_TO_RECOGNISE(quality=0.2))
    assert (plain.quality, poor.quality) == (None, 0.2)
