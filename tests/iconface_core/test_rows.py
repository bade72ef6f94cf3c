"""The faces of a group photo in rows."""

from dataclasses import astuple
from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from iconface_core.rows import rows_of
from iconface_core.types import BBox


def face(x: float, y: float, size: float = 100) -> BBox:
    return BBox(x - size / 2.4, y - size / 2, x + size / 2.4, y + size / 2)


faces = st.lists(st.builds(face, st.floats(0, 4000), st.floats(0, 3000), st.floats(20, 400)), max_size=12)


@given(faces, st.sampled_from([0.25, 2.0, 8.0]))
def test_every_face_is_read_out_once_from_left_to_right_and_from_the_back(boxes: list[BBox], times: float):
    rows = rows_of(boxes)
    assert sorted(i for row in rows for i in row) == list(range(len(boxes)))
    for row in rows:
        across = [boxes[i].x1 + boxes[i].x2 for i in row]
        assert across == sorted(across)
    heights = [fmean(boxes[i].y1 + boxes[i].y2 for i in row) for row in rows]
    assert heights == sorted(heights)
    assert rows_of([BBox(*(times * v for v in astuple(b))) for b in boxes]) == rows, "of any size"


def test_two_rows_with_heads_in_the_gaps_of_the_other():
    back = [face(100 + 150 * n, 300 + 20 * (n % 2)) for n in range(5)]
    front = [face(175 + 150 * n, 430 - 15 * (n % 2), 110) for n in range(4)]
    assert rows_of([*front, *back]) == [[4, 5, 6, 7, 8], [0, 1, 2, 3]]


def test_a_row_may_climb_and_bend():
    climbing = [face(100 + 130 * n, 300 - 45 * n) for n in range(8)]
    bent = [face(100 + 130 * n, 900 + 12 * (n - 4) ** 2) for n in range(8)]
    assert rows_of([*climbing, *bent]) == [list(range(8)), list(range(8, 16))]


def test_who_stands_behind_somebody_is_in_another_row():
    assert rows_of([face(100, 200), face(110, 280), face(240, 285)]) == [[0], [1, 2]]


def test_nobody():
    assert rows_of([]) == []
