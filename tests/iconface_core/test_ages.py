"""Apparent ages are distributions: what is said of them keeps to what they hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from iconface_core.ages import AGES, BORN, FIRST_BORN, ApparentAge, birth_years, born_in, child_and_adult, closeness

ages = arrays(np.float32, len(AGES), elements=st.floats(0, 1, width=32)).map(lambda w: w + np.float32(1e-6))
looks = ages.map(lambda w: ApparentAge((w / w.sum()).astype(np.float32)))


@given(looks)
def test_four_fifths_of_the_probability_are_in_the_range_that_is_said(age: ApparentAge):
    assert 0 <= age.low <= age.years <= age.high <= 100
    assert age.probabilities[age.low : age.high + 1].sum() >= 0.8 - 1e-4
    assert age.probabilities[: age.low].sum() <= 0.1 + 1e-4
    assert age.probabilities[age.high + 1 :].sum() <= 0.1 + 1e-4


@given(looks, looks, st.floats(1.0, 50.0))
def test_closeness_is_symmetric_and_grows_with_patience(a: ApparentAge, b: ApparentAge, scale: float):
    near = closeness(a, b, scale)
    assert near == pytest.approx(closeness(b, a, scale), abs=1e-5)
    assert 0 <= near <= 1 + 1e-5
    assert closeness(a, b, scale * 2) >= near - 1e-6


@given(st.integers(0, 100), st.integers(0, 100))
def test_known_ages_are_as_close_as_their_years(a: int, b: int):
    first, second = ApparentAge.known(a), ApparentAge.known(b)
    assert (first.low, first.years, first.high) == (a, a, a)
    assert closeness(first, second, 12.0) == pytest.approx(np.exp(-abs(a - b) / 12.0))
    assert child_and_adult(first, second) == float(min(a, b) < 13 and abs(a - b) > 20)


@given(looks, looks)
def test_child_and_adult_is_a_probability_of_the_pair(a: ApparentAge, b: ApparentAge):
    both = child_and_adult(a, b)
    assert -1e-6 <= both <= 1 + 1e-5
    assert both == pytest.approx(child_and_adult(b, a), abs=1e-5)


def test_an_age_beyond_all_is_clipped():
    assert ApparentAge.known(-3).years == 0
    assert ApparentAge.known(140).years == 100


@given(st.lists(st.tuples(st.integers(1850, 2050), looks), min_size=1, max_size=4), st.integers(-40, 40))
def test_the_year_of_birth_moves_with_the_dates_and_knows_no_order(told, later):
    years = np.array([y for y, _ in told])
    seen = np.stack([a.probabilities for _, a in told])
    born = birth_years(years, seen)
    assert born.sum() == pytest.approx(1)
    assert born.min() > 0
    assert np.allclose(birth_years(years[::-1], seen[::-1]), born)
    inside = np.all((years + min(0, later) - 100 >= FIRST_BORN) & (years + max(0, later) < FIRST_BORN + BORN))
    if inside:
        moved = birth_years(years + later, seen)
        assert int(moved.argmax()) == int(born.argmax()) + later


def test_a_child_of_eight_in_1970_was_born_in_1962():
    born = birth_years(np.array([1970]), ApparentAge.known(8).probabilities[None])
    assert FIRST_BORN + int(born.argmax()) == 1962
    assert born_in(1962)[1962 - FIRST_BORN] == 1
    assert born_in(1500)[0] == 1
