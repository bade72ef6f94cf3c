"""Rows of people: the faces of a group photo in the order in which they are read out. Pure geometry of boxes."""

from collections.abc import Sequence
from statistics import fmean

from .types import BBox

LIFT = 0.9
"""Two neighbours of one row are at most so many heights of their faces apart in height."""

ASIDE = 0.6
"""And at least so many beside each other: whoever stands behind somebody is in another row."""


def rows_of(boxes: Sequence[BBox]) -> list[list[int]]:
    """Indices of the boxes in rows, the topmost first, each from left to right.

    From left to right every face joins the row whose last face is nearest to it in height, so that a row may climb or
    bend as a whole; it begins a row where none is near enough.
    """
    rows: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: (_x(boxes[i]), _y(boxes[i]), i)):
        near = [(off, n) for n, row in enumerate(rows) if (off := _off(boxes[row[-1]], boxes[i])) is not None]
        if near:
            rows[min(near)[1]].append(i)
        else:
            rows.append([i])
    return sorted(rows, key=lambda row: (fmean(_y(boxes[i]) for i in row), row[0]))


def _off(last: BBox, face: BBox) -> float | None:
    """How far a face is from the last one of a row in height, in heights of their faces; None for another row."""
    size = (last.height + face.height) / 2
    off, aside = abs(_y(face) - _y(last)), _x(face) - _x(last)
    return None if size <= 0 or off > LIFT * size or aside < ASIDE * size else off / size


def _x(box: BBox) -> float:
    return (box.x1 + box.x2) / 2


def _y(box: BBox) -> float:
    return (box.y1 + box.y2) / 2
