"""Patches of a photo."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.types import Patch


@given(st.data())
def test_a_photo_in_strips_gets_what_the_whole_gets(data: st.DataObject):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    photo = np.zeros((height, width, 3), np.uint8)
    x1, x2 = sorted(data.draw(st.tuples(st.integers(0, width), st.integers(0, width))))
    y1, y2 = sorted(data.draw(st.tuples(st.integers(0, height), st.integers(0, height))))
    pixels = np.random.default_rng(0).integers(1, 255, (y2 - y1, x2 - x1, 3), np.uint8)
    patch = Patch((x1, y1, x2, y2), pixels)
    patch.check_inside(photo.shape)
    whole = photo.copy()
    patch.put_into(whole)
    assert (whole[y1:y2, x1:x2] == pixels).all()
    assert int((whole > 0).sum()) == pixels.size
    top, left = data.draw(st.integers(0, height)), data.draw(st.integers(0, width))
    for rows in (slice(0, top), slice(top, height)):
        for columns in (slice(0, left), slice(left, width)):
            part = photo[rows, columns].copy()
            patch.put_into(part, rows.start, columns.start)
            assert (part == whole[rows, columns]).all()
