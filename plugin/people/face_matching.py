"""Which face of a photo another program means: by place. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iconface_core.boxes import iou
from iconface_core.extensions.exchange import Box, NamedFace
from iconface_core.types import BBox

_LEAST = 0.2
"""Overlap (intersection over union) that two programs' boxes of one face have at least: some draw heads, some eyes to
chin. Boxes must hold each other's middle, too."""
_SAME = 0.5
"""Two boxes of one writer that overlap so much are one face."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A named place, in pixels of the upright photo, and the face that is there; None: no face was found there.
    `sure` is False where nothing tells by which habit the place was measured: it may be anywhere."""

    named: NamedFace
    box: BBox
    face_id: int | None
    sure: bool = True


def match_places(named: Sequence[NamedFace], faces: Mapping[int, BBox], width: int, height: int) -> list[Placed]:
    """The places of `named` (those with a region), each with its face. A photo's writer has one habit: the one whose
    places hold more faces. A face may get two names, when both places are clearly the same."""
    regions = [n for n in named if n.region is not None]
    doubtful = any(n.otherwise is not None for n in regions)
    readings = [[_pixels(n.region, width, height) for n in regions]]
    if doubtful:
        readings.append([_pixels(n.otherwise or n.region, width, height) for n in regions])
    scored = [(_overlap(boxes, faces), boxes) for boxes in readings]
    score, boxes = max(scored, key=lambda s: s[0])
    found = _assign(boxes, faces)
    undecided = doubtful and all(s == score for s, _ in scored)
    return [Placed(n, boxes[i], found.get(i), n.otherwise is None or not undecided) for i, n in enumerate(regions)]


def _overlap(boxes: Sequence[BBox], faces: Mapping[int, BBox]) -> float:
    return sum(iou(boxes[i], faces[f]) for i, f in _assign(boxes, faces).items())


def _assign(boxes: Sequence[BBox], faces: Mapping[int, BBox]) -> dict[int, int]:
    """Box to face, best pairs first, one to one; then boxes that are clearly a face which is taken already."""
    pairs = sorted(
        (-overlap, i, f)
        for i, box in enumerate(boxes)
        for f, face in faces.items()
        if (overlap := iou(box, face)) >= _LEAST and _hold(box, face)
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


def _hold(a: BBox, b: BBox) -> bool:
    return _holds_middle(a, b) and _holds_middle(b, a)


def _holds_middle(a: BBox, b: BBox) -> bool:
    x, y = (b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2
    return a.x1 <= x <= a.x2 and a.y1 <= y <= a.y2


def _pixels(box: Box | None, width: int, height: int) -> BBox:
    x, y, w, h = box or (0.0, 0.0, 0.0, 0.0)
    return BBox(x * width, y * height, (x + w) * width, (y + h) * height)


def same_place(a: BBox, b: BBox) -> bool:
    """Whether two boxes are of one face."""
    return iou(a, b) >= _SAME


def without_repeats(placed: Iterable[Placed]) -> list[Placed]:
    """One of each that says the same of the same place: MWG and Microsoft regions stand side by side in most files.
    Names that are not the same letter for letter both stay."""
    out: list[Placed] = []
    for p in placed:
        if not any(_repeats(p, other) for other in out):
            out.append(p)
    return out


def _repeats(a: Placed, b: Placed) -> bool:
    same = (a.named.name, a.named.standing, a.face_id) == (b.named.name, b.named.standing, b.face_id)
    return same and (a.face_id is not None or same_place(a.box, b.box))
