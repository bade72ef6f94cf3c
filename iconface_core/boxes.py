"""Overlap of boxes. Apart from `geometry`, so that storage and the service need no picture library for it."""

from collections.abc import Mapping, Sequence

from .types import BBox

_LEAST = 0.2
"""Overlap that two programs' boxes of one face have at least: some draw heads, some eyes to chin."""
_SAME = 0.5
"""Two boxes that overlap so much are of one face, whoever drew them."""


def iou(a: BBox, b: BBox) -> float:
    """Intersection over union, 0..1."""
    w = min(a.x2, b.x2) - max(a.x1, b.x1)
    h = min(a.y2, b.y2) - max(a.y1, b.y1)
    inter = max(0.0, w) * max(0.0, h)
    area = a.width * a.height + b.width * b.height - inter
    return inter / area if area > 0 else 0.0


def same_place(a: BBox, b: BBox) -> bool:
    """Whether two boxes are of one face."""
    return iou(a, b) >= _SAME


def match_boxes(boxes: Sequence[BBox], faces: Mapping[int, BBox]) -> dict[int, int]:
    """Which face another program's boxes mean, index of the box to key of the face: best pairs first, one to one, where
    each holds the other's middle; then boxes that are clearly a face which is taken already."""
    pairs = sorted(
        (-overlap, i, f)
        for i, box in enumerate(boxes)
        for f, face in faces.items()
        if (overlap := iou(box, face)) >= _LEAST and _holds_middle(box, face) and _holds_middle(face, box)
    )
    out: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, f in pairs:
        if i not in out and f not in taken:
            out[i] = f
            taken.add(f)
    for overlap, i, f in pairs:
        if i not in out and -overlap >= _SAME:
            out[i] = f
    return out


def _holds_middle(a: BBox, b: BBox) -> bool:
    x, y = (b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2
    return a.x1 <= x <= a.x2 and a.y1 <= y <= a.y2
