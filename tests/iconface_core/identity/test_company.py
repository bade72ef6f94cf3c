"""Who is likely in a photo by who else is in it and by its day: counts, in words, never against anybody."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconface_core import reason_codes as codes
from iconface_core.identity.company import Album, hints

ADA, BOB, CAT, DAN = 1, 2, 3, 4
NAMES = {ADA: "Ada", BOB: "Bob"}


def album(photos, days=None):
    """`photos`: the people of each; photo ids count from 100."""
    rows = [(person, 100 + n, 0 if days is None else days[n]) for n, people in enumerate(photos) for person in people]
    return Album(*np.array(rows or np.zeros((0, 3)), np.int64).T)


def test_whoever_is_often_with_somebody_who_is_here_is_likelier():
    library = album([(ADA, BOB)] * 14 + [(ADA,)] * 2 + [(CAT,)] * 30 + [(DAN, CAT)] * 14)
    found = hints(library, present=[ADA])
    assert set(found) == {BOB}
    assert found[BOB].reason(NAMES) == codes.SEEN_WITH(photos=14, person=ADA, name="Ada")
    # 14 of 16 photos instead of 14 of 60, ten more photos of 14 in 60 mixed in
    assert found[BOB].nats == pytest.approx(np.log((14 + 10 * 14 / 60) / (16 + 10) / (14 / 60)))
    assert CAT in hints(library, present=[DAN])


def test_photos_of_the_same_day_speak_too():
    library = album([(BOB,), (BOB,), (CAT,), (CAT,), (CAT,)], days=[5, 5, 6, 7, 0])
    found = hints(library, present=[], day=5)
    assert found[BOB].reason(NAMES) == codes.SEEN_THAT_DAY(photos=2)
    assert set(found) == {BOB}
    assert hints(library, present=[], day=0) == {}, "an unknown day is no day"


def test_two_photos_prove_little_and_the_photo_itself_nothing():
    few, many = album([(ADA, BOB), (CAT,), (DAN,)]), album([(ADA, BOB), (CAT,), (DAN,)] * 20)
    assert 0 < hints(few, present=[ADA])[BOB].nats < 0.3 < hints(many, present=[ADA])[BOB].nats
    assert hints(few, present=[ADA], photo_id=100) == {}
    assert hints(album([]), present=[ADA], day=3) == {}
    assert hints(many, present=[99]) == {}


@given(
    st.lists(st.sets(st.integers(1, 5), min_size=1), min_size=1, max_size=20),
    st.sets(st.integers(1, 5)),
    st.randoms(use_true_random=False),
)
def test_hints_are_positive_for_others_only_whatever_the_order(photos, present, random):
    rows = album(photos, days=list(range(1, len(photos) + 1)))
    order = list(range(len(rows.photo_ids)))
    random.shuffle(order)
    shuffled = Album(rows.person_ids[order], rows.photo_ids[order], rows.days[order])
    found = hints(rows, present=present, day=1)
    assert found == hints(shuffled, present=present, day=1)
    assert not present & set(found)
    assert all(hint.nats > 0 and hint.photos > 0 for hint in found.values())


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Album(np.arange(3), np.arange(3), np.arange(2))
