"""Tiles cover everything, turning back is the inverse of turning, finer passes happen only where they are worth it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.faces.candidates import FaceCandidates
from iconface_core.faces.pyramid import Scales, propose, search, tiles, turned_back

NOTHING = FaceCandidates.join([])


def _candidate(x1, y1, x2, y2, score=0.9):
    points = np.array([[[x1, y1], [x2, y1], [(x1 + x2) / 2, (y1 + y2) / 2], [x1, y2], [x2, y2]]], np.float32)
    return FaceCandidates(np.array([[x1, y1, x2, y2]], np.float32), points, np.array([score], np.float32))


@given(st.integers(1, 20_000), st.integers(128, 1100), st.integers(1, 120))
def test_tiles_cover_everything_with_the_overlap(length, tile, overlap):
    pieces = tiles(length, tile, overlap)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == length
    assert all(a[1] - b[0] >= overlap for a, b in pairwise(pieces))
    assert all(0 < stop - start <= tile for start, stop in pieces)


@given(st.integers(10, 300), st.integers(10, 300), st.sampled_from([1, 2, 3]), st.data())
def test_turned_back_undoes_the_turn(width, height, quarters, data):
    """A bright pixel in the turned picture comes from where `turned_back` says."""
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    picture = np.zeros((height, width), np.uint8)
    picture[y, x] = 1
    ((row, column),) = np.argwhere(np.rot90(picture, quarters))
    back = turned_back(_candidate(column, row, column + 1, row + 1), quarters, width, height)
    assert back.boxes.tolist() == [[x, y, x + 1, y + 1]]
    assert np.allclose(back.landmarks[0, 2], [x + 0.5, y + 0.5])


@settings(max_examples=30)
@given(st.integers(200, 1800), st.integers(200, 1800), st.floats(0.1, 1.0))
def test_search_answers_in_photo_pixels(width, height, scale):
    """A detector that reports the corners of its picture reports, over all tiles, the corners of the photo."""
    image = np.zeros((height, width, 3), np.uint8)
    found = search(image, lambda tile: _candidate(0, 0, tile.shape[1], tile.shape[0]), scale, Scales())
    assert found.boxes[:, :2].min(0).tolist() == [0, 0]
    missing = [width, height] - found.boxes[:, 2:].max(0)  # a rest of less than one pixel of the resized photo
    assert (missing > -0.01).all()
    assert (missing < 1 / scale + 1).all()


def _sides(image, face_at, min_face=20):
    """The longer sides of all pictures searched; `face_at(tile)` plays the detector."""
    sides = []

    def find(tile):
        sides.append(max(tile.shape[:2]))
        return face_at(tile)

    propose(image, find, Scales(), min_face)
    return sides


PHOTO = np.zeros((3000, 4000, 3), np.uint8)


def test_a_portrait_is_searched_twice():
    assert sorted(_sides(PHOTO, lambda tile: _candidate(10, 10, 200, 200))) == [250, 1000]


def test_an_empty_photo_gets_one_finer_look():
    assert len(_sides(PHOTO, lambda tile: NOTHING)) == 2 + 2


def test_small_faces_are_followed_down_to_the_finest_scale():
    sides = _sides(PHOTO, lambda tile: _candidate(10, 10, 34, 34))
    assert len(sides) > 2 + 6 + 15


def test_no_finer_than_the_smallest_face_needs():
    assert sorted(_sides(PHOTO, lambda tile: _candidate(10, 10, 34, 34), min_face=100)) == [250, 1000]


@pytest.mark.parametrize(("side", "min_face", "searched"), [(250, 20, 300), (250, 40, 250), (1000, 20, 1024)])
def test_small_pictures_are_enlarged_no_more_than_needed(side, min_face, searched):
    picture = np.zeros((side, side // 2, 3), np.uint8)
    assert _sides(picture, lambda tile: _candidate(2, 2, 90, 90), min_face)[0] == searched
