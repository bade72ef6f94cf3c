"""The verdict is a law, not a taste: more likeness never hurts, less never helps, and a stranger is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core import reason_codes as codes
from iconface_core.calibration import Calibration
from iconface_core.identity.verdict import (
    LIKENESS_NOISE,
    VerdictKind,
    VerdictPolicy,
    judge,
    lost_likeness,
    refused_for_loss,
)
from iconface_core.types import EmbedderId

CALIBRATION = Calibration(EmbedderId("test"), 5.0, 12.0, bias=-8.0, slope=22.0, quality_bias=1.0, quality_slope=4.0)
ORDER = [VerdictKind.REFUSED, VerdictKind.DOUBTFUL, VerdictKind.UNCHECKED, VerdictKind.PASS]
cosines = st.floats(-1, 1)
qualities = st.floats(0, 1)


def rank(kind: VerdictKind) -> int:
    return ORDER.index(kind)


@given(cosines, cosines, cosines, cosines, cosines, qualities, qualities, qualities)
def test_monotone(before, low_after, high_after, low_input, high_input, q1, q2, q3) -> None:
    low_after, high_after = sorted((low_after, high_after))
    low_input, high_input = sorted((low_input, high_input))
    qualities = {"quality_before": q1, "quality_after": q2, "quality_gallery": q3}
    worse = judge(CALIBRATION, to_input=low_input, before=before, after=low_after, **qualities)
    better = judge(CALIBRATION, to_input=high_input, before=before, after=high_after, **qualities)
    assert rank(worse.kind) <= rank(better.kind)
    alone = [judge(CALIBRATION, to_input=v, **qualities) for v in (low_input, high_input)]
    assert rank(alone[0].kind) <= rank(alone[1].kind)


@given(cosines, cosines, cosines)
def test_a_loved_one_never_becomes_a_stranger(before: float, after: float, to_input: float) -> None:
    verdict = judge(CALIBRATION, to_input=to_input, before=before, after=after)
    same = VerdictPolicy().same_person
    if verdict.kind is VerdictKind.PASS:
        assert CALIBRATION.llr(after) >= same
        assert CALIBRATION.llr(to_input) >= same
    if CALIBRATION.llr(before) >= same > CALIBRATION.llr(after):
        assert verdict.kind is VerdictKind.REFUSED


SPEAKS_FOR = {
    VerdictKind.PASS: {codes.STILL_MATCHES},
    VerdictKind.UNCHECKED: {codes.NOBODY_TO_COMPARE},
    VerdictKind.DOUBTFUL: {
        codes.NOT_SURELY_ORIGINAL,
        codes.NEITHER_SURELY,
        codes.LITTLE_LESS_LIKE,
        codes.DIFFERS_TOO_MUCH,
    },
    VerdictKind.REFUSED: {codes.OTHER_PERSON, codes.NO_LONGER_MATCHES, codes.MUCH_LESS_LIKE},
}


@pytest.mark.parametrize(
    ("before", "after", "to_input", "expected"),
    [
        (0.7, 0.75, 0.8, VerdictKind.PASS),
        (0.7, 0.62, 0.8, VerdictKind.DOUBTFUL),  # a little less like the person
        (0.7, 0.5, 0.8, VerdictKind.REFUSED),  # much less
        (0.7, 0.75, 0.35, VerdictKind.DOUBTFUL),  # like the gallery, but no longer like the photo
        (0.7, 0.75, 0.1, VerdictKind.REFUSED),
        (0.5, 0.2, 0.8, VerdictKind.REFUSED),  # was the person, is a stranger now
        (0.2, 0.2, 0.8, VerdictKind.DOUBTFUL),  # never surely the person
        (None, None, 0.8, VerdictKind.UNCHECKED),
        (None, None, 0.3, VerdictKind.DOUBTFUL),
        (None, None, 0.1, VerdictKind.REFUSED),
    ],
)
def test_examples(before, after, to_input, expected) -> None:
    verdict = judge(CALIBRATION, to_input=to_input, before=before, after=after)
    assert verdict.kind is expected, verdict
    assert verdict.reason.code in SPEAKS_FOR[expected]


def test_caps_cannot_hide_a_loss() -> None:
    """Evidence is capped; below the cap a loss must still count."""
    strict = Calibration(EmbedderId("test"), 5.0, 12.0, bias=-8.0, slope=40.0, max_llr=6.0)
    assert judge(strict, to_input=0.9, before=0.9, after=0.26).kind is VerdictKind.REFUSED


def test_half_a_gallery_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="both"):
        judge(CALIBRATION, to_input=0.5, before=0.5)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1))
def test_more_likeness_never_loses_any(before: float, after: float, more: float):
    assert not (lost_likeness(before, min(after + more, 1)) and not lost_likeness(before, after))
    assert not lost_likeness(before, before)
    assert not lost_likeness(None, after)
    assert lost_likeness(before, before - LIKENESS_NOISE - 0.01)


def test_a_refusal_for_loss_keeps_the_numbers():
    passed = judge(CALIBRATION, to_input=0.9, before=0.8, after=0.7)
    refused = refused_for_loss(passed)
    assert refused.kind is VerdictKind.REFUSED
    assert (refused.to_input, refused.before, refused.after) == (passed.to_input, passed.before, passed.after)
