"""What restoring a face promises."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.damage.sharpness import Degradation
from iconface_core.damage.visible_change import LEAST_MEAN
from plugin.models.builtin import NANO_GAIN
from plugin.restoring.expected_gain import expected_gain

SHARE = st.floats(0, 1)


def face(quality: float | None, score: float = 0.8) -> Degradation:
    return Degradation(score, 40, 0, -1, 0, (), quality)


@given(SHARE, SHARE, st.lists(SHARE, max_size=5), SHARE)
def test_worse_faces_and_more_references_never_promise_less(a: float, b: float, scores: list[float], more: float):
    for restorer in (NANO_GAIN, None):
        better, worse = sorted((a, b), reverse=True)
        first, second = (expected_gain(restorer, face(q), scores) for q in (better, worse))
        assert 0 <= first.value <= second.value <= 1
        assert expected_gain(restorer, face(a), [*scores, more]).value >= expected_gain(restorer, face(a), scores).value


def test_the_rule_of_thumb_serves_what_was_not_measured():
    assert expected_gain(NANO_GAIN, face(0.2), [0.7]).measured
    for restorer, quality in ((None, 0.2), (NANO_GAIN, None)):
        gain = expected_gain(restorer, face(quality), [0.6])
        assert not gain.measured
        assert gain.value == pytest.approx(0.8 * 0.8)


@given(SHARE, SHARE, st.lists(SHARE, max_size=3))
def test_what_nobody_would_see_promises_nothing(quality: float, score: float, scores: list[float]):
    gain = expected_gain(NANO_GAIN, face(quality, score), scores)
    assert gain.change is not None
    assert (gain.value == 0) == (gain.change <= LEAST_MEAN or quality == 1)
    assert gain.unseen == (gain.change < LEAST_MEAN / 2)
    assert not expected_gain(None, face(quality, score), scores).unseen, "nothing is known of it"


def test_the_level_follows_the_number():
    said = [expected_gain(NANO_GAIN, face(q), [0.7, 0.6, 0.6]).level for q in (0.95, 0.6, 0.1)]
    assert said == ["little", "clear", "great"]
    assert all(b >= a for a, b in pairwise(NANO_GAIN.rises))
