"""The judge of identity: fixed geometry, unit vectors, and that it can tell people apart."""

import sys

import cv2
import numpy as np
import pytest

from iconface_core.errors import BackendUnavailableError
from iconface_core.evaluation import judge as module
from iconface_core.evaluation.judge import DLIB_CHIP, DlibJudge, face_chip, model_path
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import FFHQ_512, align_face
from tests.support.people import People


@pytest.fixture(scope="module")
def judge() -> DlibJudge:
    pytest.importorskip("dlib", reason="the extra [eval] is not installed")
    return DlibJudge()


def _spot(size: int, index: int) -> np.ndarray:
    """A crop that is dark but for a soft spot on one landmark of the template."""
    x, y = (FFHQ_512.points[index] + 0.5) * size / 512 - 0.5
    rows, columns = np.mgrid[:size, :size]
    spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (size / 50) ** 2))
    return np.repeat(spot.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("size", [128, 256, 512])
@pytest.mark.parametrize("index", range(5))
def test_the_chip_has_the_landmarks_where_the_encoder_expects_them(size, index):
    chip = face_chip(_spot(size, index))
    assert chip.shape == (150, 150, 3)
    light = chip[..., 0].astype(float)
    rows, columns = np.mgrid[:150, :150]
    centre = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    # the two templates are not quite similar: the nose tip is 1.4 px off
    assert np.abs(centre - DLIB_CHIP.points[index]).max() < 1.6


def test_the_chip_of_one_face_is_the_same_at_any_size():
    rng = np.random.default_rng(1)
    large = cv2.GaussianBlur(rng.integers(0, 256, (512, 512, 3), np.uint8), (0, 0), 12)
    large = cv2.normalize(large, None, 0, 255, cv2.NORM_MINMAX)
    small = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    difference = face_chip(large).astype(float) - face_chip(small)
    assert np.abs(difference).mean() < 2


def test_vectors_are_unit_and_in_order(judge):
    images = np.random.default_rng(2).integers(0, 256, (3, 128, 128, 3), np.uint8)
    together = judge.describe(images)
    assert together.shape == (3, 128)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(judge.describe(images[2:])[0], together[2], atol=1e-5)
    assert judge.describe([]).shape == (0, 128)


def test_one_person_is_closer_than_two(judge):
    people, detector = People(), YuNetDetector()
    photos = [np.asarray(people.photo(person)) for person in range(4) for _ in range(2)]
    crops = [align_face(p, detector.detect(p)[0].landmarks, FFHQ_512).pixels for p in photos]
    similarity = judge.describe(crops) @ judge.describe(crops).T
    own = similarity[range(0, 8, 2), range(1, 8, 2)]
    strangers = similarity[~np.kron(np.eye(4, dtype=bool), np.ones((2, 2), bool))]
    assert own.min() > strangers.max() + 0.05


def test_without_its_packages_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailableError, match=r"iconface\[eval\]"):
        model_path()
    with pytest.raises(BackendUnavailableError, match=r"iconface\[eval\]"):
        DlibJudge()
