"""What every detector and every embedder must do, fakes and real ones alike."""

import numpy as np
import pytest

from iconface_core.fakes import FakeDetector, FakeEmbedder
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.types import AlignedFace, DetectedFace

DETECTORS = ["fake_detector", "yunet", "scrfd"]
EMBEDDERS = ["fake_embedder", "sface", "adaface", "arcface"]


@pytest.fixture
def fake_detector():
    return FakeDetector()


@pytest.fixture
def fake_embedder():
    return FakeEmbedder()


@pytest.fixture(params=DETECTORS)
def detector(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=EMBEDDERS)
def embedder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def crops(yunet, group_photo):
    return [align_face(group_photo, face.landmarks, ARCFACE_112) for face in yunet.detect(group_photo)]


def test_faces_lie_in_the_photo_best_first(detector, group_photo):
    faces = detector.detect(group_photo)
    height, width = group_photo.shape[:2]
    assert all(isinstance(face, DetectedFace) for face in faces)
    for face in faces:
        assert 0 <= face.bbox.x1 < face.bbox.x2 <= width
        assert 0 <= face.bbox.y1 < face.bbox.y2 <= height
        assert face.landmarks.shape == (5, 2)
        assert face.landmarks.dtype == np.float32
        assert 0 <= face.det_score <= 1
    scores = [face.det_score for face in faces]
    assert scores == sorted(scores, reverse=True)


def test_detecting_leaves_the_photo_alone_and_repeats_itself(detector, group_photo):
    before = group_photo.copy()
    first, second = detector.detect(group_photo), detector.detect(group_photo)
    assert (group_photo == before).all()
    assert [f.bbox for f in first] == [f.bbox for f in second]


def test_detector_reads_views_that_are_not_contiguous(detector, group_photo):
    mirrored = group_photo[:, ::-1]
    assert [f.bbox for f in detector.detect(mirrored)] == [f.bbox for f in detector.detect(mirrored.copy())]


def test_detector_has_an_id(detector):
    assert detector.id


def test_embeddings_are_unit_vectors_in_order(embedder, crops):
    embeddings = embedder.embed(crops)
    assert len(embeddings) == len(crops)
    for embedding in embeddings:
        assert embedding.embedder == embedder.id == embedder.calibration.embedder
        assert embedding.vector.shape == (embedder.dim,)
        assert embedding.vector.dtype == np.float32
        assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-4)
        assert embedding.norm > 0


def test_a_face_embeds_alone_as_it_does_in_a_batch(embedder, crops):
    ten = (crops * 2)[:10]  # more than one batch of eight
    for crop, from_batch in list(zip(ten, embedder.embed(ten), strict=True))[::3]:
        (alone,) = embedder.embed([crop])
        assert alone.vector @ from_batch.vector == pytest.approx(1, abs=1e-3)
        assert alone.norm == pytest.approx(from_batch.norm, rel=1e-3)


def test_nothing_gives_nothing(embedder):
    assert embedder.embed([]) == []


@pytest.mark.parametrize("name", EMBEDDERS[1:])
def test_a_crop_of_another_template_is_refused(name, request):
    crop = AlignedFace(np.zeros((512, 512, 3), np.uint8), np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="ARCFACE_112"):
        request.getfixturevalue(name).embed([crop])


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
