"""The packs' backends over tiny graphs in the packs' layout; alignment compared with InsightFace's own."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.calibration import Calibration
from iconface_core.errors import BackendUnavailableError, LicenceNotAcceptedError, WeightsError
from iconface_core.faces.insightface_pack import ArcFaceEmbedder, ScrfdDetector
from iconface_core.faces.vectors import calibration_path
from iconface_core.geometry import ARCFACE_112, align_face, similarity_transform
from iconface_core.models.catalogue import backend
from iconface_core.models.files import accept_licence, install_files, locate, verify_file
from iconface_core.testing import check_embedder
from iconface_core.types import AlignedFace, EmbedderId

NO_MATRIX = np.zeros((2, 3), np.float32)


def _scene(height=320, width=480):
    return np.zeros((height, width, 3), np.uint8)


def test_scrfd_boxes_and_landmarks_come_back_in_photo_pixels(scrfd, pack_dir, packs):
    """A white square over the cell (row 5, column 7) of the coarsest stride is a face around that cell's corner."""
    photo = _scene()
    photo[160:192, 224:256] = 255
    at_its_own_size = ScrfdDetector(model_dir=pack_dir, backend=scrfd.backend, min_face=40)
    face = max(at_its_own_size.detect(photo), key=lambda f: f.bbox.width)
    reach = packs.reach * 32
    centre = np.array([7 * 32, 5 * 32])
    assert np.allclose(
        [face.bbox.x1, face.bbox.y1, face.bbox.x2, face.bbox.y2], [*(centre - reach), *(centre + reach)], atol=8
    )
    signs = np.array([[-1, -1], [1, -1], [0, 0], [-1, 1], [1, 1]])
    assert np.allclose(face.landmarks, centre + 32 * signs, atol=8)
    assert face.det_score > 0.9


def test_scrfd_sees_nothing_in_the_dark(scrfd):
    assert scrfd.detect(_scene()) == []


def test_scrfd_scales_large_photos_back(scrfd):
    photo = _scene(1600, 2400)
    photo[800:960, 1200:1360] = 255
    faces = scrfd.detect(photo)
    assert faces
    for face in faces:
        middle = np.array([face.bbox.x1 + face.bbox.x2, face.bbox.y1 + face.bbox.y2]) / 2
        assert np.abs(middle - [1280, 880]).max() < 200


def test_arcface_gets_rgb_scaled_to_one(arcface, pack_dir, packs):
    """The same numbers as the graph itself on (RGB - 127.5) / 127.5."""
    pixels = np.random.default_rng(3).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    embeddings = arcface.embed([AlignedFace(p, NO_MATRIX) for p in pixels])
    path = pack_dir / "insightface/buffalo_l/w600k_r50.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input.1": ((pixels.transpose(0, 3, 1, 2) - 127.5) / 127.5).astype(np.float32)})
    for embedding, raw in zip(embeddings, expected, strict=True):
        assert np.allclose(embedding.vector * embedding.norm, raw, atol=1e-3 * np.abs(raw).max())


def test_the_licence_comes_first(tmp_path, packs):
    entry = packs.installed(tmp_path, "arcface-buffalo_l", packs.arcface)
    with pytest.raises(LicenceNotAcceptedError, match="iconface models accept arcface-buffalo_l"):
        ArcFaceEmbedder(model_dir=tmp_path, backend=entry)
    accept_licence(entry, tmp_path)
    assert ArcFaceEmbedder(model_dir=tmp_path, backend=entry).dim == 512


def test_auraface_has_the_layout_and_asks_for_no_licence(tmp_path, packs):
    embedder = ArcFaceEmbedder(model_dir=tmp_path, backend=packs.installed(tmp_path, "auraface-v1", packs.arcface))
    assert (embedder.id, embedder.dim) == ("auraface-v1", 512)
    assert embedder.calibration.max_llr == 6.0, "nobody measured it: no pair may count for much"
    check_embedder(
        embedder,
        [AlignedFace(p, NO_MATRIX) for p in np.random.default_rng(3).integers(0, 256, (3, 112, 112, 3), np.uint8)],
    )


def test_missing_wrong_and_unsuitable_files(tmp_path, packs):
    entry = packs.installed(tmp_path, "arcface-buffalo_l", lambda path: packs.arcface(path, dim=128))
    accept_licence(entry, tmp_path)
    with pytest.raises(WeightsError, match="expected 512"):
        ArcFaceEmbedder(model_dir=tmp_path, backend=entry)
    with pytest.raises(WeightsError, match=r"bytes, expected|SHA-256"):
        ArcFaceEmbedder(model_dir=tmp_path)
    (file,) = entry.files
    (tmp_path / file.folder / file.filename).write_bytes(b"x")
    with pytest.raises(WeightsError, match="onnxruntime cannot open"):
        ArcFaceEmbedder(model_dir=tmp_path, backend=replace(entry, files=(replace(file, sha256=None, size=None),)))
    accept_licence(replace(entry, id="scrfd-buffalo_l"), tmp_path)
    with pytest.raises(BackendUnavailableError, match=r"det_10g\.onnx is not installed"):
        ScrfdDetector(model_dir=tmp_path)


def test_a_measured_calibration_beside_the_file_is_used(tmp_path, packs):
    entry = packs.installed(tmp_path, "arcface-buffalo_l", packs.arcface)
    accept_licence(entry, tmp_path)
    guess = ArcFaceEmbedder(model_dir=tmp_path, backend=entry).calibration
    measured = Calibration(guess.embedder, 5.0, 30.0, bias=-7.0, slope=31.0, quality_bias=0.5)
    measured.write(calibration_path(locate(entry.files[0], tmp_path)))
    assert ArcFaceEmbedder(model_dir=tmp_path, backend=entry).calibration == measured
    other = replace(measured, embedder=EmbedderId("arcface-antelopev2"))
    other.write(calibration_path(locate(entry.files[0], tmp_path)))
    assert ArcFaceEmbedder(model_dir=tmp_path, backend=entry).calibration == guess


def test_a_broken_calibration_is_named(tmp_path, packs):
    entry = packs.installed(tmp_path, "arcface-buffalo_l", packs.arcface)
    accept_licence(entry, tmp_path)
    calibration_path(locate(entry.files[0], tmp_path)).write_text('{"slope": 1}', encoding="utf-8")
    with pytest.raises(WeightsError, match=r"calibration\.json: not a calibration"):
        ArcFaceEmbedder(model_dir=tmp_path, backend=entry)


@pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")  # inside insightface
@given(st.floats(-3.1, 3.1), st.floats(0.2, 8), st.integers(-500, 500), st.integers(-500, 500), st.integers(0, 10**6))
def test_our_transform_is_insightfaces(angle, scale, dx, dy, seed):
    from insightface.utils.face_align import estimate_norm

    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    jitter = np.random.default_rng(seed).normal(0, 2, (5, 2))
    points = ((ARCFACE_112.points + jitter) * scale @ turn.T + [dx, dy]).astype(np.float32)
    ours, theirs = similarity_transform(points, ARCFACE_112.points), estimate_norm(points, 112)
    assert np.abs(ours @ np.c_[points, np.ones(5)].T - theirs @ np.c_[points, np.ones(5)].T).max() < 0.05


@pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")  # inside insightface
def test_our_crop_is_insightfaces(yunet, group_photo):
    """Up to the way of averaging when a face is shrunk, and the border, which we repeat and they leave black."""
    from insightface.utils.face_align import norm_crop

    for face in yunet.detect(group_photo):
        ours = align_face(group_photo, face.landmarks, ARCFACE_112).pixels.astype(int)
        theirs = norm_crop(group_photo, face.landmarks, 112).astype(int)
        assert np.abs(ours - theirs)[8:-8, 8:-8].mean() < 2


def test_installing_a_pack_copies_only_the_pinned_file(tmp_path, packs):
    entry = packs.installed(tmp_path / "source", "scrfd-buffalo_l", packs.scrfd)
    source = tmp_path / "source" / entry.files[0].folder
    (target,) = install_files(entry, source, tmp_path / "models")
    verify_file(target, entry.files[0])
    with pytest.raises(WeightsError):
        install_files(backend("scrfd-buffalo_l"), source, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    with pytest.raises(BackendUnavailableError, match="has no det_10g"):
        install_files(entry, tmp_path, tmp_path / "other")
