"""Which faces of a picture are those known from before it was edited: turned, mirrored, resized, cropped, retouched.

A face is known again by its vector, by its place, or by both. Places are compared once it is known what happened to the
picture: the one change that brings most faces to where faces are now. Pure: no database, no pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from iconface_core.boxes import iou
from iconface_core.types import F32, BBox, DetectedFace

SAME_FACE = 0.75
"""Vectors of one embedder more alike than this are of one face, wherever it is now: two photos of one person seldom
reach it, two versions of one photo nearly always."""
OTHER_FACE = 0.3
"""Vectors less alike than this are of different faces, even in the same place."""
_MIRRORED = [1, 0, 2, 4, 3]  # landmarks: the eye on the picture's left is the other one now
_ASPECT = 0.05  # of a width to a height, as a logarithm: rounding, and a row or two cut off


@dataclass(frozen=True, slots=True, eq=False)
class FacePosition:
    """A face: its box in upright pixels, and its unit vector (None: unknown, or of another embedder). `elsewhere`: the
    box says nothing, because the face was lost in an earlier edit."""

    bbox: BBox
    vector: F32 | None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """Where a point of the picture before is now: `matrix` (2, 3) maps (x, y, 1) to (x, y), in pixels."""

    matrix: NDArray[np.float64]

    def box(self, box: BBox) -> BBox:
        corners = self._points(np.array([[box.x1, box.y1], [box.x2, box.y2]]))
        (x1, y1), (x2, y2) = corners.min(0).tolist(), corners.max(0).tolist()
        return BBox(x1, y1, x2, y2)

    def face(self, face: DetectedFace) -> DetectedFace:
        """The same face in the picture as it is now."""
        points = self._points(face.landmarks + 0.5) - 0.5
        if np.linalg.det(self.matrix[:, :2]) < 0:
            points = points[_MIRRORED]
        return DetectedFace(self.box(face.bbox), points.astype(np.float32), face.det_score)

    def _points(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class SameFaces:
    """`old_of`: index of a face now to index of a face before. `edits`: what may have happened to the picture, the
    likeliest first. `certain`: the first of them brings a face to where one with its vector is."""

    old_of: dict[int, int]
    edits: tuple[Edit, ...]
    certain: bool


def same_faces(
    old: Sequence[FacePosition],
    new: Sequence[FacePosition],
    before: tuple[int, int],
    now: tuple[int, int],
    *,
    min_iou: float = 0.5,
) -> SameFaces:
    """Match the faces of a picture that was (width, height) `before` with those it has `now`, best pairs first."""
    alike = np.array([[_cosine(n, o) for o in old] for n in new]).reshape(len(new), len(old))
    scored = [
        (_score(edit, old, new, alike, min_iou), -i, edit)
        for i, edit in enumerate(_edits(old, new, alike, before, now))
    ]
    edits = tuple(edit for *_, edit in sorted(scored, key=lambda s: s[:2], reverse=True))
    overlap = _overlaps(edits[0], old, new) if edits else np.zeros_like(alike)
    certain = bool(((overlap >= min_iou) & (alike >= SAME_FACE)).any())
    # Unknown likeness is NaN: the place alone decides, as it does where the picture is certainly the same.
    placed = (overlap >= min_iou) & ((alike >= OTHER_FACE) | np.isnan(alike) | certain)
    possible = placed | (alike >= SAME_FACE)
    worth = np.nan_to_num(alike) + overlap
    pairs = sorted(zip(*np.nonzero(possible), strict=True), key=lambda p: -worth[p])
    old_of: dict[int, int] = {}
    for i, j in pairs:
        if int(i) not in old_of and int(j) not in old_of.values():
            old_of[int(i)] = int(j)
    return SameFaces(old_of, edits, certain)


def _cosine(a: FacePosition, b: FacePosition) -> float:
    if a.vector is None or b.vector is None or len(a.vector) != len(b.vector):
        return float("nan")
    return float(a.vector @ b.vector)


def _overlaps(edit: Edit, old: Sequence[FacePosition], new: Sequence[FacePosition]) -> NDArray[np.float64]:
    moved = [None if o.elsewhere else edit.box(o.bbox) for o in old]
    rows = [[0.0 if m is None else iou(n.bbox, m) for m in moved] for n in new]
    return np.array(rows, np.float64).reshape(len(new), len(old))


def _score(
    edit: Edit, old: Sequence[FacePosition], new: Sequence[FacePosition], alike: NDArray[np.float64], min_iou: float
) -> float:
    """How many faces are where this edit would bring them, and how exactly."""
    overlap = _overlaps(edit, old, new)
    fits = np.where((overlap >= min_iou) & ~(alike < OTHER_FACE), overlap + np.nan_to_num(alike), 0.0)
    return float(fits.max(0, initial=0.0).sum())


def _edits(
    old: Sequence[FacePosition],
    new: Sequence[FacePosition],
    alike: NDArray[np.float64],
    before: tuple[int, int],
    now: tuple[int, int],
) -> Iterator[Edit]:
    """What may have happened: resized; turned or mirrored; cropped, as each pair of faces with equal vectors says."""
    if 0 not in (*before, *now):
        for swapped, left, down in product((False, True), (False, True), (False, True)):
            width, height = before[::-1] if swapped else before
            if abs(np.log(width / height * now[1] / now[0])) < _ASPECT:
                yield Edit(_turn(before, now, swapped=swapped, left=left, down=down))
    pairs = [(i, j) for i, j in zip(*np.nonzero(alike >= SAME_FACE), strict=True) if not old[j].elsewhere]
    for i, j in sorted(pairs, key=lambda p: -alike[p])[:3]:
        a, b = old[j].bbox, new[i].bbox
        if a.width > 0 and a.height > 0:
            scale = float(np.sqrt(b.width * b.height / (a.width * a.height)))
            x = (b.x1 + b.x2 - scale * (a.x1 + a.x2)) / 2
            y = (b.y1 + b.y2 - scale * (a.y1 + a.y2)) / 2
            yield Edit(np.array([[scale, 0, x], [0, scale, y]]))


def _turn(
    before: tuple[int, int], now: tuple[int, int], *, swapped: bool, left: bool, down: bool
) -> NDArray[np.float64]:
    """Width and height exchanged or not, then mirrored left to right, then upside down; scaled to the size `now`."""
    unit = np.array([[0.0, 1, 0], [1, 0, 0]] if swapped else [[1.0, 0, 0], [0, 1, 0]])
    if left:
        unit[0] = -unit[0] + (0, 0, 1)
    if down:
        unit[1] = -unit[1] + (0, 0, 1)
    unit[:, :2] /= before
    turned: NDArray[np.float64] = unit * np.array(now, np.float64)[:, None]
    return turned
