"""Tiles are not seen: what looks around itself gives the same as without them, and what does not fades over."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.types import RgbU8
from iconface_core.whole_photo.tiles import BLEND, CONTEXT, in_tiles


def textured(height: int, width: int) -> RgbU8:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), np.uint8)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from([1, 2]))
def test_what_looks_no_farther_than_it_may_gives_the_same(height: int, width: int, enlarge: int):
    photo = textured(height, width)
    reach = 2 * (CONTEXT - BLEND) // 2 + 1

    def work(tile: RgbU8) -> RgbU8:
        soft = cv2.blur(tile, (reach, reach))
        return np.repeat(np.repeat(soft, enlarge, 0), enlarge, 1)

    assert (in_tiles(photo, work, enlarge=enlarge, tile=40) == work(photo)).all()


def test_what_is_different_in_each_tile_leaves_no_step():
    photo, turns = np.full((130, 170, 3), 100, np.uint8), iter(range(100))

    def work(tile: RgbU8) -> RgbU8:
        return tile + np.uint8(30 * (next(turns) % 2))

    out = in_tiles(photo, work, tile=40).astype(int)
    assert out.min() == 100
    assert out.max() == 130
    for axis in (0, 1):
        assert np.abs(np.diff(out, axis=axis)).max() <= 30 / (2 * BLEND) + 1


def test_it_counts_tiles_and_stops_when_told():
    told: list[tuple[int, int]] = []

    def on_step(done: int, total: int) -> None:
        told.append((done, total))
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        in_tiles(textured(90, 90), lambda tile: tile, tile=40, on_step=on_step)
    assert told == [(1, 9), (2, 9), (3, 9)]
