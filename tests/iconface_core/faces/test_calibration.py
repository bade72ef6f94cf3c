"""What all calibrations promise, and what the measured one of SFace says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.calibration import Calibration
from iconface_core.errors import WeightsError
from iconface_core.faces.sface_facts import CALIBRATION, SFACE_ID
from iconface_core.faces.vectors import unmeasured_calibration

unit = st.floats(0, 1)
calibrations = st.sampled_from([CALIBRATION, unmeasured_calibration(SFACE_ID)])


@given(calibrations, st.floats(-1, 1), st.floats(-1, 1), unit, unit)
def test_more_similar_is_never_less_evidence(calibration, a, b, qa, qb):
    low, high = sorted((a, b))
    assert calibration.llr(low, qa, qb) <= calibration.llr(high, qa, qb)


@given(calibrations, st.floats(-1, 1), unit, unit)
def test_evidence_is_symmetric_and_capped(calibration, similarity, qa, qb):
    llr = float(calibration.llr(similarity, qa, qb))
    assert llr == float(calibration.llr(similarity, qb, qa))
    assert abs(llr) <= calibration.max_llr


@given(calibrations, st.floats(-4, 4), unit)
def test_similarity_at_is_the_inverse(calibration, llr, quality):
    similarity = calibration.similarity_at(llr, quality)
    assert float(calibration.llr(similarity, quality, quality)) == pytest.approx(llr, abs=1e-3)


@given(calibrations, st.lists(st.floats(0, 60), min_size=2, max_size=20))
def test_quality_follows_the_norm(calibration, norms):
    quality = calibration.quality(sorted(norms))
    assert (np.diff(quality) >= 0).all()
    assert quality.min() >= 0
    assert quality.max() <= 1


def test_a_likeness_of_poor_faces_counts_for_less():
    """Two clear faces at 0.6 are one person; two hopeless ones at 0.6 are a hint."""
    assert float(CALIBRATION.llr(0.6, 1, 1)) > 6
    assert 2 < float(CALIBRATION.llr(0.6, 0, 0)) < float(CALIBRATION.llr(0.6, 1, 1))


def test_a_difference_between_poor_faces_proves_nothing():
    assert float(CALIBRATION.llr(0.1, 1, 1)) < -5
    assert abs(float(CALIBRATION.llr(0.1, 0, 0))) < 1


def test_files_round_trip(tmp_path):
    CALIBRATION.write(tmp_path / "c.json")
    default = unmeasured_calibration(SFACE_ID)
    assert Calibration.read_or(tmp_path / "c.json", default) == CALIBRATION
    assert Calibration.read_or(tmp_path / "none.json", default) is default


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"embedder": "x", "surprise": 1}', "null"])
def test_broken_files_are_named(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WeightsError, match=r"c\.json: not a calibration"):
        Calibration.read_or(path, CALIBRATION)
