"""One person over the years: ages that are told from looks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.ages import AGES, ApparentAge
from plugin.people.life_lines import ages_in


def looks(years: int) -> ApparentAge:
    """About so many, as uncertain as faces are."""
    weights = np.exp(-0.5 * ((AGES - years) / 8) ** 2)
    return ApparentAge((weights / weights.sum()).astype(np.float32))


@given(st.dictionaries(st.integers(1, 9999), st.integers(0, 100).map(looks), max_size=6))
def test_nobody_grows_younger(seen: dict[int, ApparentAge]):
    ages = ages_in(seen)
    assert set(ages) == set(seen)
    in_time = [ages[year] for year in sorted(ages)]
    assert in_time == sorted(in_time)
    assert all(age >= 0 for age in in_time)


def test_the_looks_of_one_year_correct_those_of_another():
    ages = ages_in({1960: looks(38), 1970: looks(51), 1980: looks(55)})
    assert {y - a for y, a in ages.items()} == {1922}
