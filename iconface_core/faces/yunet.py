"""Default detector: YuNet in two steps, propose on a reduced photo, then look closer at every proposal.

A 12-megapixel photo is too large for one pass, and faces range from 20 pixels to the whole frame. So proposals come
from passes at a few scales, each as cheap as it can be:

* a small one for faces larger than half the picture, a normal one for the rest;
* a finer one (tiles of the enlarged or less reduced photo), repeated at twice the scale for as long as the last pass
  met faces near its lower limit, or when nothing was found at all;
* the turned photo, when nothing certain was found upright: scans lie on their side.

Then each proposal is warped upright to one size, detected again together with its mirror image, and both answers are
averaged. That settles the score (a proposal that was noise disappears), and steadies the landmarks that all further
steps depend on.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from iconface_core.geometry import ARCFACE_112, invert, similarity_transform
from iconface_core.model_catalogue import YUNET_FILE
from iconface_core.model_files import locate_verified
from iconface_core.types import F32, BBox, DetectedFace, RgbU8

from .yunet_net import Candidates, YuNetNet

SMALL_SIDE = 256  # finds faces larger than half of the picture
NORMAL_SIDE = 1024
TURNED_SIDE = 640
TILE = 1024
OVERLAP = 96  # a tile is searched for faces smaller than this
FINE_FACE = 48  # pixels at the scale of a pass: a face this small suggests still smaller ones
PROPOSAL_SCORE = 0.3
CERTAIN_SCORE = 0.8
CLOSE_SIDE = 192
CLOSE_SCALE = 0.75  # of the ArcFace template: a face of about 80 pixels, where the network is at its best
BATCH = 16
MIRRORED = [1, 0, 2, 4, 3]  # landmark order after mirroring


class YuNetDetector:
    """`FaceDetector` for faces from about 20 pixels to the whole frame, in any of the four orientations.

    `min_score` is the least score (0..1) of a reported face, `threads` those of one inference session. `min_face` is
    the smallest face looked for, in photo pixels: larger is faster on large photos.
    The landmarks keep the person's order: in a photo that lies on its side or upside down the first point is still
    the eye that is on the picture's left once the face is upright, so that alignment turns the crop upright.
    Raises WeightsError when the shipped file is damaged.
    """

    id = "yunet-2023mar"

    def __init__(
        self, *, model_dir: Path | None = None, threads: int = 1, min_score: float = 0.6, min_face: int = 20
    ) -> None:
        self._net = YuNetNet(locate_verified(YUNET_FILE, model_dir), threads=threads)
        self._min_score = min_score
        self._min_face = min_face

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        """All faces of an upright RGB photo (H, W, 3), best score first; boxes are clipped to the photo."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        found = self._look_closer(image, self._propose(image))
        if found.scores.max(initial=0) < CERTAIN_SCORE:
            found = self._look_closer(image, Candidates.join([found, *self._propose_turned(image)]))
        faces = []
        for box, points, score in zip(found.boxes, found.landmarks, found.scores, strict=True):
            x1, y1, x2, y2 = (float(v) for v in np.clip(box, 0, [width, height, width, height]))
            if x2 - x1 >= 1 and y2 - y1 >= 1:
                faces.append(DetectedFace(BBox(x1, y1, x2, y2), points, float(score)))
        return faces

    def _propose(self, image: RgbU8) -> Candidates:
        long_side = max(image.shape[:2])
        finest = max(1.0, min(20 / self._min_face, 4.0) * 1.2)  # photo scale at which the smallest face is 24 px
        scale = min(NORMAL_SIDE / long_side, finest)
        passes = [self._search(image, scale)]
        if long_side * scale > SMALL_SIDE * 1.5:
            passes.append(self._search(image, SMALL_SIDE / long_side))
        while scale < finest and _worth_a_finer_pass(passes, scale):
            scale = min(scale * 2, finest)
            passes.append(self._search(image, scale))
        return Candidates.join(passes)

    def _search(self, image: RgbU8, scale: float) -> Candidates:
        """Candidates in the photo resized by `scale`, in photo pixels."""
        resized = _resized(image, scale)
        height, width = resized.shape[:2]
        back = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        parts = []
        for y in _tile_starts(height):
            for x in _tile_starts(width):
                tile = resized[y : y + TILE, x : x + TILE]
                (found,) = self._net.find([tile], PROPOSAL_SCORE)
                parts.append(found.moved(back, np.array([x, y], np.float32) * back))
        return Candidates.join(parts)

    def _propose_turned(self, image: RgbU8) -> list[Candidates]:
        """Proposals from the photo turned by 90, 180 and 270 degrees, in pixels of the photo as it is."""
        scale = min(TURNED_SIDE / max(image.shape[:2]), 2.0)
        small = _resized(image, scale)
        height, width = small.shape[:2]
        back = np.array([image.shape[1] / width, image.shape[0] / height], np.float32)
        out = []
        for quarters in (1, 2, 3):
            (found,) = self._net.find([np.ascontiguousarray(np.rot90(small, quarters))], PROPOSAL_SCORE)
            upright = _turned_back(found, quarters, width, height)
            out.append(upright.moved(back, np.zeros(2, np.float32)))
        return out

    def _look_closer(self, image: RgbU8, proposals: Candidates) -> Candidates:
        """Detect every proposal again, upright and at one size, averaged with its mirror image."""
        proposals = proposals.suppressed()
        confirmed = []
        for start in range(0, len(proposals), BATCH):
            chosen = proposals.pick(np.arange(start, min(start + BATCH, len(proposals))))
            crops, matrices = [], []
            for box, points in zip(chosen.boxes, chosen.landmarks, strict=True):
                matrix = _close_up(box, points)
                crop = _warped(image, matrix)
                crops += [crop, np.ascontiguousarray(crop[:, ::-1])]
                matrices.append(matrix)
            answers = self._net.find(crops, PROPOSAL_SCORE)
            for i, matrix in enumerate(matrices):
                face = _agreed(answers[2 * i], answers[2 * i + 1])
                if face is not None and face.scores[0] >= self._min_score:
                    confirmed.append(_to_photo(face, matrix))
        return Candidates.join(confirmed).suppressed()


def _worth_a_finer_pass(passes: Sequence[Candidates], scale: float) -> bool:
    found = Candidates.join(list(passes))
    if found.scores.max(initial=0) < CERTAIN_SCORE:
        return len(passes) < 3  # one more look, not the whole way: most such photos are landscapes
    return bool((found.sizes()[found.scores >= 0.5] * scale < FINE_FACE).any())


def _resized(image: RgbU8, scale: float) -> RgbU8:
    if scale == 1:
        return image
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    resized: RgbU8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return resized


def _tile_starts(length: int) -> list[int]:
    """Where the tiles begin that cover `length` with the least overlap of at least OVERLAP."""
    if length <= TILE:
        return [0]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    return [round(i * (length - TILE) / (count - 1)) for i in range(count)]


def _turned_back(found: Candidates, quarters: int, width: int, height: int) -> Candidates:
    """Undo `np.rot90(image, quarters)` for an image of `width` x `height`."""

    def point(p: F32) -> F32:
        x, y = p[..., 0], p[..., 1]
        undone = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
        return np.stack(undone, axis=-1)

    corners = point(found.boxes.reshape(-1, 2, 2))
    boxes = np.hstack([corners.min(1), corners.max(1)]) if len(found) else found.boxes
    return Candidates(boxes.astype(np.float32), point(found.landmarks).astype(np.float32), found.scores)


def _close_up(box: F32, points: F32) -> F32:
    """2x3 affine that brings the face upright and to one size into the middle of a CLOSE_SIDE square."""
    target = (ARCFACE_112.points - 56) * CLOSE_SCALE + CLOSE_SIDE / 2
    return similarity_transform(points, target)


def _warped(image: RgbU8, matrix: F32) -> RgbU8:
    """The close-up; photos much larger than it are reduced by area first, so that it does not alias."""
    warped: RgbU8 = cv2.warpAffine(image, matrix, (CLOSE_SIDE, CLOSE_SIDE), flags=cv2.INTER_LINEAR)
    return warped


def _agreed(straight: Candidates, mirrored: Candidates) -> Candidates | None:
    """The face in the middle, averaged over the crop and its mirror image; None when neither shows one.

    The score is the mean as well: a pattern that looks like a face from one side only loses half of it.
    """
    flip = np.array([-1, 1], np.float32)
    back = mirrored.moved(flip, np.array([CLOSE_SIDE, 0], np.float32))
    back = Candidates(back.boxes[:, [2, 1, 0, 3]], back.landmarks[:, MIRRORED], back.scores)
    answers = [a for a in (_central(straight), _central(back)) if a is not None]
    if not answers:
        return None
    both = Candidates.join(answers)
    return Candidates(both.boxes.mean(0)[None], both.landmarks.mean(0)[None], both.scores.sum()[None] / 2)


def _central(found: Candidates) -> Candidates | None:
    """The best candidate that covers the middle of the close-up."""
    middle = CLOSE_SIDE / 2
    inside = (found.boxes[:, :2] < middle).all(1) & (found.boxes[:, 2:] > middle).all(1)
    return found.pick(np.flatnonzero(inside)[:1]) if inside.any() else None


def _to_photo(face: Candidates, matrix: F32) -> Candidates:
    """From the close-up back to the photo. The box keeps its size along the photo's axes: it is turned with the face
    only in steps of a quarter, because a box around a tilted box would grow."""
    inverse = invert(matrix)
    linear, shift = inverse[:, :2], inverse[:, 2]
    box = face.boxes[0]
    centre = linear @ ((box[:2] + box[2:]) / 2) + shift
    scale = float(np.hypot(linear[0, 0], linear[1, 0]))
    half = (box[2:] - box[:2]) / 2 * scale
    if abs(linear[1, 0]) > abs(linear[0, 0]):
        half = half[::-1]
    points = face.landmarks[0] @ linear.T + shift
    return Candidates(
        np.concatenate([centre - half, centre + half])[None].astype(np.float32),
        points[None].astype(np.float32),
        face.scores,
    )
