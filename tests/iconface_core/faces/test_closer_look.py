"""An embedder that knows faces through damage by itself: the real SFace, and what was measured of others."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from iconface_core.errors import WeightsError
from iconface_core.faces.arcface_facts import (
    MEASURED,
    looks_calibration,
    plain_calibration,
    twins_calibration,
    twins_measured_as,
)
from iconface_core.faces.closer_look import CloserLook, look_id
from iconface_core.faces.damage_facts import STUDENTS, VIEWS, are_twins, both_opinions
from iconface_core.faces.second_opinion import SecondOpinion
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.faces.vectors import (
    calibration_path,
    looks_calibration_path,
    twin_calibration_path,
    unmeasured_calibration,
)
from iconface_core.faces.wear import worn
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import align_face
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import locate
from iconface_core.types import F32, AlignedFace, EmbedderId, RgbU8
from tests.support.narrow import present

BUFFALO_S, AURAFACE = EmbedderId("arcface-buffalo_s"), EmbedderId("auraface-v1")


@pytest.fixture(scope="module")
def look() -> CloserLook:
    sface = SFaceEmbedder()
    return CloserLook(sface, replace(sface.calibration, embedder=look_id(sface.id)))


@pytest.fixture(scope="module")
def marks(group_photo: RgbU8, yunet: YuNetDetector) -> list[F32]:
    return [face.landmarks for face in yunet.detect(group_photo)]


def crops(photo: RgbU8, marks: list[F32]) -> list[list[AlignedFace]]:
    """Each face of the photo, as a closer look wants to see it."""
    return [[align_face(photo, points, view) for view in VIEWS] for points in marks]


def test_four_looks_bring_a_damaged_face_nearer_to_its_clear_one(
    look: CloserLook, group_photo: RgbU8, marks: list[F32]
):
    sface = SFaceEmbedder()
    noise = np.random.default_rng(1).normal(0, 20, group_photo.shape)
    blurred = cv2.GaussianBlur(group_photo, (0, 0), 1.5)
    damaged = crops(np.clip(blurred + noise, 0, 255).astype(np.uint8), marks)
    clear = sface.embed([seen[0] for seen in crops(group_photo, marks)])
    once = sface.embed([seen[0] for seen in damaged])
    looked = look.embed(damaged, once)
    assert {g.face.embedder for g in looked} == {look.id} == {"sface-2021dec/looks"}
    assert [g.face.norm for g in looked] == [e.norm for e in once], "they fall with damage"
    assert all((g.worn == g.face.vector).all() for g in looked), "its twins lie in its own space"
    assert np.linalg.norm([g.worn for g in looked], axis=1) == pytest.approx(1, abs=1e-5)
    near = [float(g.worn @ e.vector) for g, e in zip(looked, clear, strict=True)]
    before = [float(a.vector @ b.vector) for a, b in zip(once, clear, strict=True)]
    assert np.mean(near) > np.mean(before) + 0.01
    assert look.embed([], []) == []
    with pytest.raises(ValueError, match="6 faces, but 5"):
        look.embed(damaged, once[:5])


def test_twins_are_what_the_embedder_says_of_faces_damaged_on_purpose(
    look: CloserLook, group_photo: RgbU8, marks: list[F32]
):
    clear = [seen[0] for seen in crops(group_photo, marks)]
    twins = look.twins(clear)
    plain = SFaceEmbedder().embed([*map(worn, clear)])
    assert {t.embedder for t in twins} == {look.twins_id} == {"sface-2021dec/twins"}
    assert are_twins(look.twins_id)
    assert not are_twins(look.base)
    assert [t.vector.tolist() for t in twins] == [p.vector.tolist() for p in plain]
    likeness = np.array([t.vector for t in twins]) @ np.array([e.vector for e in SFaceEmbedder().embed(clear)]).T
    assert likeness.argmax(1).tolist() == list(range(len(clear))), "still who they are"


def test_a_second_opinion_is_heard_beside_what_it_says_itself(look: CloserLook, group_photo: RgbU8, marks: list[F32]):
    second = present(SecondOpinion.of(locate(STUDENT_FILE)))
    both = CloserLook(SFaceEmbedder(), look.calibration, second, "ab12")
    seen = crops(group_photo, marks)[:2]
    plain = SFaceEmbedder().embed([views[0] for views in seen])
    for views, one, guess in zip(seen, look.embed(seen, plain), both.embed(seen, plain), strict=True):
        assert (guess.face.vector == one.face.vector).all(), "what the gallery is compared with"
        assert guess.worn == pytest.approx(both_opinions(one.worn, second.look(views)))
    clear = [views[0] for views in seen]
    for face, one_twin, twin in zip(clear, look.twins(clear), both.twins(clear), strict=True):
        assert twin.vector == pytest.approx(both_opinions(one_twin.vector, second.twin(face, worn(face))))
    assert both.twins_id == "sface-2021dec/twins-ab12" != look.twins_id


def test_what_was_measured_beside_the_file_goes_before_what_was_measured_here(tmp_path: Path):
    weights = tmp_path / "w600k_mbf.onnx"
    known = MEASURED[BUFFALO_S]
    assert plain_calibration(weights, BUFFALO_S) == known.plain
    assert looks_calibration(weights, BUFFALO_S) == known.looks
    assert {second: twins_calibration(weights, BUFFALO_S, second) for second in known.twins} == known.twins
    for path, calibration in (
        (calibration_path(weights), known.plain),
        (looks_calibration_path(weights), known.looks),
        (twin_calibration_path(weights), known.twins[STUDENTS]),
    ):
        replace(calibration, bias=-1.25).write(path)
    found = [f(weights, BUFFALO_S) for f in (plain_calibration, looks_calibration)]
    found.append(twins_calibration(weights, BUFFALO_S, STUDENTS))
    assert [c and c.bias for c in found] == [-1.25] * 3
    others = known.twins.keys() - {STUDENTS}
    assert len(others) == 2
    assert all(twins_calibration(weights, BUFFALO_S, o) == known.twins[o] for o in others), "not what that file is of"


def test_every_measured_number_is_filed_under_what_it_is_of():
    for embedder, known in MEASURED.items():
        assert (known.plain.embedder, known.looks.embedder) == (embedder, look_id(embedder))
        assert all(c.embedder == twins_measured_as(embedder, second) for second, c in known.twins.items())
        ranges = {(c.norm_low, c.norm_high) for c in (known.plain, known.looks, *known.twins.values())}
        assert len(ranges) == 1, "one embedder's norms"


def test_what_nobody_measured_looks_no_closer(tmp_path: Path):
    weights = tmp_path / "glintr100.onnx"
    assert plain_calibration(weights, AURAFACE) == unmeasured_calibration(AURAFACE)
    assert looks_calibration(weights, AURAFACE) is None
    assert twins_calibration(weights, AURAFACE, STUDENTS) is None
    looks_calibration_path(weights).write_text("{", encoding="utf-8")
    with pytest.raises(WeightsError, match="not a calibration"):
        looks_calibration(weights, AURAFACE)
