"""The years that the people in a photo tell."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core import reason_codes as codes
from iconface_core.ages import AGES
from iconface_core.dating.estimate import is_wild, year_of
from iconface_core.dating.types import PersonHere, Series, YearEstimate
from iconface_core.images.dates import FIRST_PHOTO
from iconface_core.types import F32
from tests.support.narrow import present

NOW = 2026


def looks(*ages: float) -> F32:
    """Faces that look so old, each told to within some years: (n, 101)."""
    middle = np.array(ages)[:, None]
    weights = np.exp(-0.5 * ((AGES - middle) / (1.5 + 0.1 * middle)) ** 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def somebody(
    age: float,
    *,
    born: int | None = None,
    dated: dict[int, float] | None = None,
    alike: dict[int, float] | None = None,
    person: int = 1,
) -> PersonHere:
    """Who looks `age` here. `dated`: year to how old they look in a photo of it; `alike`: to how alike it is."""
    then = dated or {}
    years = np.array(list(then), np.int64)
    likeness = np.array([(alike or {}).get(y, 0.5) for y in then], np.float32)
    return PersonHere(person, "Ada", looks(age)[0], born, years, looks(*then.values()).reshape(-1, 101), likeness)


def told(*people: PersonHere, series: Series | None = None) -> YearEstimate:
    return present(year_of(people, now=NOW, series=series))


def width(found: YearEstimate) -> int:
    return found.last - found.first


def test_somebody_born_in_1950_who_looks_7():
    found = told(somebody(7, born=1950))
    assert 1953 <= found.first <= 1957 <= found.last <= 1962
    [why] = found.reasons
    assert why.code == codes.LOOKS_AND_BORN
    assert why.params["born"] == 1950


def test_two_people_tell_more_than_either():
    child, mother = somebody(7, born=1950), somebody(30, born=1925, person=2)
    both = told(child, mother)
    assert width(both) <= width(told(child)) < width(told(mother))
    assert [r.params["person"] for r in both.reasons] == [1, 2], "who tells most comes first"


def test_dated_photos_stand_for_a_birth_date_and_tell_less():
    dated = {1960: 10.0, 1970: 20.0, 1980: 30.0}
    found = told(somebody(7, dated=dated))
    assert found.first <= 1957 <= found.last
    assert width(found) >= width(told(somebody(7, born=1950, dated=dated)))
    assert found.reasons[0].code == codes.LOOKS_AND_BORN_ABOUT
    assert found.reasons[0].params["photos"] == 3


def test_the_photo_that_a_face_is_most_like_is_near_in_time():
    dated = {1958: 8.0, 1985: 35.0, 2000: 50.0}
    early = told(somebody(40, born=1950, dated=dated, alike={1985: 0.8, 2000: 0.4, 1958: 0.2}))
    late = told(somebody(40, born=1950, dated=dated, alike={1985: 0.4, 2000: 0.8, 1958: 0.2}))
    assert early.year < late.year
    assert early.reasons[1] == codes.MOST_ALIKE_IN(year=1985)


def test_nobody_tells_anything_without_a_birth_date_or_a_dated_photo():
    assert year_of([somebody(7)], now=NOW) is None
    assert year_of([], now=NOW) is None


def test_neighbours_in_the_folder_narrow_the_range_and_give_way_to_the_people():
    alone = told(somebody(40, born=1930))
    near = told(somebody(40, born=1930), series=Series(1972, 1971))
    assert width(near) < width(alone)
    assert 1970 <= near.year <= 1973
    assert near.reasons[-1] == codes.BETWEEN_PHOTOS(first=1971, last=1972)
    scanned = told(somebody(7, born=1950), series=Series(2011, 2011))
    assert scanned.last < 1975, "the day of a scan does not make a child of 1957 one of 60"


def test_a_scanner_s_date_is_doubted_and_a_right_one_is_not():
    found = told(somebody(7, born=1950))
    assert is_wild(found, 2011)
    assert is_wild(found, 1900), "long before they were born"
    assert not any(is_wild(found, year) for year in range(1954, 1961))


def test_one_wrong_date_among_the_others_does_not_lead_astray():
    right = {1960 + 4 * i: 10.0 + 4 * i for i in range(6)}
    found = told(somebody(20, dated=right | {2011: 12.0}, alike={2011: 0.9}))
    assert found.first <= 1970 <= found.last


PEOPLE = st.lists(
    st.builds(
        somebody,
        st.floats(0, 100),
        born=st.none() | st.integers(1830, 2020),
        dated=st.dictionaries(st.integers(1840, NOW), st.floats(0, 100), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=12)
@given(PEOPLE, st.none() | st.builds(Series, st.integers(1840, NOW), st.integers(1840, NOW)))
def test_it_is_a_distribution_over_years_that_can_be(people: list[PersonHere], series: Series | None):
    found = told(*people, series=series)
    assert np.isclose(found.probabilities.sum(), 1)
    assert (found.probabilities > 0).all(), "nothing is impossible: faces are given to the wrong person"
    assert FIRST_PHOTO <= found.first <= found.year <= found.last <= NOW
    assert len(found.years) == len(found.probabilities)
    turned = told(*reversed(people), series=series)
    assert np.allclose(turned.probabilities, found.probabilities), "whoever is named first"
