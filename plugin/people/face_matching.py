"""Which face of a photo another program means: by place. Nothing here reads or writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iconface_core.boxes import iou, match_boxes, same_place
from iconface_core.extensions.exchange import Box, NamedFace
from iconface_core.types import BBox


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
    found = match_boxes(boxes, faces)
    undecided = doubtful and all(s == score for s, _ in scored)
    return [Placed(n, boxes[i], found.get(i), n.otherwise is None or not undecided) for i, n in enumerate(regions)]


def _overlap(boxes: Sequence[BBox], faces: Mapping[int, BBox]) -> float:
    return sum(iou(boxes[i], faces[f]) for i, f in match_boxes(boxes, faces).items())


def _pixels(box: Box | None, width: int, height: int) -> BBox:
    x, y, w, h = box or (0.0, 0.0, 0.0, 0.0)
    return BBox(x * width, y * height, (x + w) * width, (y + h) * height)


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
