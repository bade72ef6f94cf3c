"""The laws of the choice: more of anything never makes a candidate worse, nothing alone decides, order says nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.choosing.score import EXPLAINED, WEIGHTS, Measured, advantages, parts, ranked, score

share = st.floats(0, 1)
evidence = st.none() | st.floats(-50, 50)
usual = st.floats(-5, 20)
measured = st.builds(Measured, st.floats(-1, 1), evidence, share, share, st.booleans())


@given(measured, measured, usual)
def test_more_of_each_part_never_lowers_the_score(one, other, usual):
    for part in ("expected", "evidence", "consistency", "sharpness", "blend"):
        if None in (getattr(one, part), getattr(other, part)):
            continue
        more = replace(one, **{part: max(getattr(one, part), getattr(other, part))})
        assert score(more, usual) >= score(one, usual)


@given(measured, usual)
def test_the_score_is_bounded(one, usual):
    most = 1 + WEIGHTS.blend + WEIGHTS.likeness + WEIGHTS.consistency * EXPLAINED + WEIGHTS.sharpness
    assert -1 - WEIGHTS.likeness <= score(one, usual) <= most + 1e-9
    assert score(one, usual) == pytest.approx(sum(parts(one, usual).values()))


@given(st.dictionaries(st.text(min_size=1, max_size=3), measured, min_size=1, max_size=6), usual, st.randoms())
def test_the_order_of_candidates_says_nothing(candidates, usual, random):
    names = list(candidates)
    random.shuffle(names)
    assert ranked({name: candidates[name] for name in names}, usual) == ranked(candidates, usual)


@given(st.floats(3, 20), st.floats(0, 30), share, share)
def test_more_likeness_than_two_photos_of_a_person_have_wins_nothing(usual, more, consistency, sharpness):
    as_usual = Measured(0, usual, consistency, sharpness)
    assert score(replace(as_usual, evidence=usual + more), usual) == pytest.approx(score(as_usual, usual))


def test_the_reasons_are_what_the_chosen_one_has_more_of():
    best, other = Measured(0.1, 5, 0.5, 0.5), Measured(0.0, 1, 0.5, 0.9)
    assert advantages(best, [other], 10) == ["expected", "likeness"]
    assert advantages(best, [], 10) == []
