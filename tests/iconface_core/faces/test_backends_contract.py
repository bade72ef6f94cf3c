"""What every detector and every embedder must do, fakes and real ones alike."""

import numpy as np
import pytest

from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.testing import check_detector, check_embedder
from iconface_core.types import AlignedFace

DETECTORS = ["fake_detector", "yunet", "scrfd"]
EMBEDDERS = ["sface", "adaface", "arcface"]


@pytest.fixture
def fake_detector():
    return FakeDetector()


@pytest.fixture(params=DETECTORS)
def detector(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def crops(yunet, group_photo):
    return [align_face(group_photo, face.landmarks, ARCFACE_112) for face in yunet.detect(group_photo)]


def test_a_detector_keeps_what_the_protocol_promises(detector, group_photo):
    check_detector(detector, group_photo)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_an_embedder_keeps_what_the_protocol_promises(name, request, crops):
    check_embedder(request.getfixturevalue(name), crops)


def test_the_stand_in_embeds_like_a_real_one(crops):
    """Its vectors follow a crop's mean colour, so other light is another face to it: the rest of the promises."""
    embedder = FakeEmbedder()
    found = embedder.embed(crops)
    for crop, embedding in zip(crops, found, strict=True):
        assert embedding.embedder == embedder.id == embedder.calibration.embedder
        assert embedding.vector.shape == (embedder.dim,)
        assert embedding.vector.dtype == np.float32
        assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-4)
        assert embedding.norm > 0
        (alone,) = embedder.embed([crop])
        assert alone.vector @ embedding.vector == pytest.approx(1, abs=1e-3)
    assert embedder.embed([]) == []


def test_colour_order_matters(sface, crops):
    """A detector of swapped channels: the network was trained on RGB and is surer of it."""
    swapped = [AlignedFace(np.ascontiguousarray(c.pixels[..., ::-1]), c.from_photo) for c in crops]
    right = np.mean([e.norm for e in sface.embed(crops)])
    assert right > np.mean([e.norm for e in sface.embed(swapped)])


def test_the_norm_falls_when_a_face_is_spoilt(sface, crops):
    """The promise behind `Calibration.quality`."""
    import cv2

    clean = sface.embed(crops)
    blurred = sface.embed([AlignedFace(cv2.GaussianBlur(c.pixels, (0, 0), 4), c.from_photo) for c in crops])
    assert all(b.norm < 0.9 * c.norm for b, c in zip(blurred, clean, strict=True))
    quality = sface.calibration.quality([e.norm for e in clean]) - sface.calibration.quality([e.norm for e in blurred])
    assert (quality > 0.2).all()


def test_sface_knows_the_same_person_in_another_size(sface, yunet, group_photo, pictures):
    """End to end: the six people of one photo, once at full size and once at half."""
    small = pictures.resize(group_photo, 0.5)

    def vectors(photo):
        faces = sorted(yunet.detect(photo), key=lambda f: f.bbox.x1)
        return np.stack([e.vector for e in sface.embed([align_face(photo, f.landmarks, ARCFACE_112) for f in faces])])

    similarity = vectors(group_photo) @ vectors(small).T
    assert (similarity.argmax(1) == np.arange(6)).all()
    assert similarity.diagonal().min() > 0.8
    assert similarity[~np.eye(6, dtype=bool)].max() < 0.4
