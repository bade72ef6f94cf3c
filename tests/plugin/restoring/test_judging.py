"""Which faces of a person a restored face is compared with."""

from pathlib import Path

import numpy as np
import pytest

from gallery_db.records import ReferenceRow
from iconface_core.faces.sface_facts import CALIBRATION, SFACE_ID
from iconface_core.identity.verdict import VerdictKind
from iconface_core.reasons import LEGACY
from iconface_core.types import F32, BBox, DetectedFace, FaceEmbedding
from plugin.library.photo_faces import PhotoFace
from plugin.restoring.identified_face import IdentifiedFace
from plugin.restoring.judging import CLEAR, gallery_of, judged, likeness

CLEAN, RUINED = 13.0, 8.0


def unit(angle: float) -> F32:
    return np.array([np.cos(angle), np.sin(angle), *[0.0] * 126], np.float32)


def row(face_id: int, norm: float, angle: float = 0.0) -> ReferenceRow:
    return ReferenceRow(
        face_id, face_id, f"{face_id}.jpg", str(face_id), BBox(0, 0, 9, 9), None, 0.9, None, None, norm, unit(angle),
        None, False, "ok",
    )  # fmt: skip


def answer(norm: float, *rows: ReferenceRow, copies: frozenset[int] = frozenset()) -> IdentifiedFace:
    face = DetectedFace(BBox(0, 0, 9, 9), np.zeros((5, 2), np.float32), 0.9)
    embedding = FaceEmbedding(SFACE_ID, unit(0), norm)
    subject = PhotoFace(Path("a.jpg"), "a", 1, face, embedding, float(CALIBRATION.quality(norm)))
    seen = {r.face_id: r for r in rows}
    return IdentifiedFace(subject, "identified", LEGACY(text=""), 1, None, None, None, seen, copies)


@pytest.mark.parametrize(
    ("norm", "kept"), [(CLEAN, [CLEAN, RUINED]), (RUINED, [CLEAN])], ids=["a clear face", "a ruined one"]
)
def test_two_ruined_faces_say_nothing_of_each_other(norm: float, kept: list[float]):
    assert CALIBRATION.quality(RUINED) < CLEAR < CALIBRATION.quality(CLEAN)
    found = gallery_of(answer(norm, row(1, CLEAN), row(2, RUINED)), CALIBRATION)
    assert [e.norm for e in found] == kept


def test_copies_of_the_photo_are_no_witness():
    assert gallery_of(answer(CLEAN, row(1, CLEAN), copies=frozenset({1})), CALIBRATION) == []


def test_a_person_of_ruined_faces_only_leaves_the_check_to_the_photo_itself():
    asked = answer(RUINED, row(1, RUINED, 0.2), row(2, RUINED, 0.3))
    gallery = gallery_of(asked, CALIBRATION)
    found = judged(CALIBRATION, asked.subject.embedding, FaceEmbedding(SFACE_ID, unit(0.1), RUINED), gallery)
    assert (found.before, found.after, found.verdict.kind) == (None, None, VerdictKind.UNCHECKED)


def test_a_person_with_clear_faces_is_asked():
    asked = answer(RUINED, row(1, CLEAN, 0.2), row(2, RUINED, 1.2))
    found = judged(
        CALIBRATION,
        asked.subject.embedding,
        FaceEmbedding(SFACE_ID, unit(0.1), CLEAN),
        gallery_of(asked, CALIBRATION),
    )
    assert found.before == pytest.approx(np.cos(0.2), abs=1e-5)
    assert found.after == pytest.approx(np.cos(0.1), abs=1e-5)
    assert found.verdict.kind is VerdictKind.PASS


def test_likeness_is_that_of_the_three_closest():
    gallery = [FaceEmbedding(SFACE_ID, unit(a), CLEAN) for a in (0.0, 0.1, 0.2, 1.5)]
    assert likeness(unit(0.0), gallery) == pytest.approx(np.cos([0.0, 0.1, 0.2]).mean(), abs=1e-5)
    assert likeness(unit(0.0), []) is None
