"""Default detector: YuNet in two steps, propose on a reduced photo (`pyramid.py`), then look closer at each proposal.

The closer look warps a proposal upright to the size at which the network is at its best, detects again together with
the mirror image, and averages both answers. That settles the score (a proposal that was noise disappears) and
steadies the landmarks that all further steps depend on. Proposals can therefore be generous, and the score of a face
no longer depends on its size: on LFW photos shrunk until the face is 20 pixels tall, all that are found score over 0.8.
"""

from pathlib import Path

import cv2
import numpy as np

from iconface_core.geometry import ARCFACE_112, Template, align_face, invert
from iconface_core.models.catalogue import YUNET_FILE
from iconface_core.models.files import locate_verified
from iconface_core.types import F32, DetectedFace, RgbU8

from .candidates import FaceCandidates
from .pyramid import NO_SHIFT, Scales, propose, propose_turned, resized, search, turned_back
from .yunet_net import YuNetNet

PROPOSAL_SCORE = 0.3
CLEAR_SCORE = 0.88  # of 500 LFW photos all show a face above it; inverted faces stay below
SCALES = Scales()
CLOSE_SIDE = 192
CLOSE_UP = Template("yunet close-up", CLOSE_SIDE, ARCFACE_112.points + (CLOSE_SIDE - ARCFACE_112.size) / 2)
"""Here landmarks are steadiest: on LFW, turning the photo a little moves them by 4.8 % of the eye distance,
at 3/4 or 5/4 of this size by 7 to 9 %."""
BATCH = 8
MOST_PROPOSALS = 600  # foliage and circuit boards propose hundreds, large crowds are hundreds
SMOOTHING = 0.5
SIZE_SLACK = 0.75  # boxes are not exact to the pixel
TURNED_SCORE = 0.8  # what is seen only from another side must be a better face
TURNED_ROOM = 2.0  # the box of a face that is read the wrong way up is not quite where the face is
MOST_TURNED = 12
QUARTERS = (1, 2, 3)
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
        self, *, model_dir: Path | None = None, threads: int = 1, min_score: float = 0.7, min_face: int = 20
    ) -> None:
        self._net = YuNetNet(locate_verified(YUNET_FILE, model_dir), threads=threads)
        self._min_score = min_score
        self._min_face = min_face

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        """All faces of an upright RGB photo (H, W, 3), best score first; boxes are clipped to the photo."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        proposals = propose(image, self._find, SCALES, self._min_face).suppressed()
        found, doubtful = self._look_closer(image, proposals)
        if found.scores.max(initial=0) < CLEAR_SCORE:
            found = FaceCandidates.join([found, *self._second_looks(image)]).suppressed()
        elif len(doubtful):
            found = FaceCandidates.join([found, *self._lying(image, doubtful)]).suppressed()
        return self._reported(found, width, height)

    def detect_small(self, image: RgbU8) -> list[DetectedFace]:
        """The upright faces of `min_face` to a few hundred pixels in a photo of any size, searched tile by tile at
        full resolution, whatever else it shows: for photos so large that `detect` sees no sign of them."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        proposals = search(image, self._find, min(1.0, SCALES.smallest / self._min_face), SCALES)
        return self._reported(self._look_closer(image, proposals.suppressed())[0], width, height)

    def _reported(self, found: FaceCandidates, width: int, height: int) -> list[DetectedFace]:
        return found.pick(found.sizes() >= SIZE_SLACK * self._min_face).as_faces(width, height)

    def _second_looks(self, image: RgbU8) -> list[FaceCandidates]:
        """Where no face is clear. Scans lie on their side, and read upright an inverted face is still a poor face;
        where both readings overlap the better one stays. Grain hides a face until it is averaged away."""
        reduced, up = resized(image, min(1.0, SCALES.turned / max(image.shape[:2])))
        turned = propose_turned(reduced, self._find, SCALES).moved(up, NO_SHIFT)
        smooth, back = resized(reduced, SMOOTHING)
        grainy, _ = self._look_closer(smooth, search(smooth, self._find, 1.0, SCALES).suppressed())
        return [
            self._look_closer(image, turned.suppressed())[0],
            grainy.moved(back * up, NO_SHIFT),
        ]

    def _lying(self, image: RgbU8, doubtful: FaceCandidates) -> list[FaceCandidates]:
        """Beside a clear face one may lie or stand on its head: read upright it is still proposed, and then not
        confirmed, or poorly. Those few places are looked at from the three other sides; where one turns out to be a
        face, the whole photo is searched from that side, for others that left no trace."""
        height, width = image.shape[:2]
        near, _ = self._look_closer(image, self._turned(image, doubtful))
        parts = [near.pick(near.scores >= TURNED_SCORE)]
        for quarters in sorted(set(_quarters(parts[0])) - {0}):
            around = propose(np.ascontiguousarray(np.rot90(image, quarters)), self._find, SCALES, self._min_face)
            again, _ = self._look_closer(image, turned_back(around, quarters, width, height).suppressed())
            parts.append(again.pick(again.scores >= TURNED_SCORE))
        return parts

    def _turned(self, image: RgbU8, doubtful: FaceCandidates) -> FaceCandidates:
        """What the doubtful places show from the three other sides."""
        parts = []
        for box in doubtful.boxes[:MOST_TURNED]:
            crop, scale, corner = _square_around(image, box)
            looks = self._net.find([np.ascontiguousarray(np.rot90(crop, q)) for q in QUARTERS], PROPOSAL_SCORE)
            for quarters, seen in zip(QUARTERS, looks, strict=True):
                best = _central(seen)
                if best is not None:
                    upright = turned_back(best, quarters, CLOSE_SIDE, CLOSE_SIDE)
                    parts.append(upright.moved(scale, corner))
        return FaceCandidates.join(parts)

    def _find(self, image: RgbU8) -> FaceCandidates:
        return self._net.find([image], PROPOSAL_SCORE)[0]

    def _look_closer(self, image: RgbU8, proposals: FaceCandidates) -> tuple[FaceCandidates, FaceCandidates]:
        """Detect every proposal again, upright and at one size, averaged with its mirror image. Returns the faces, and
        the proposals that turned out to be none, or no clear one."""
        proposals = proposals.pick(proposals.landmarks.std(axis=1).max(axis=1, initial=0) > 0.1)  # else: no direction
        confirmed: list[FaceCandidates] = []
        proposals = proposals.pick(np.arange(min(len(proposals), MOST_PROPOSALS)))
        clear = np.zeros(len(proposals), bool)
        for start in range(0, len(proposals), BATCH):
            crops, matrices = [], []
            for points in proposals.landmarks[start : start + BATCH]:
                aligned = align_face(image, points, CLOSE_UP)
                crops += [aligned.pixels, np.ascontiguousarray(aligned.pixels[:, ::-1])]
                matrices.append(aligned.from_photo)
            answers = self._net.find(crops, PROPOSAL_SCORE)
            for i, matrix in enumerate(matrices):
                face = _agreed(answers[2 * i], answers[2 * i + 1])
                if face is not None and face.scores[0] >= self._min_score:
                    confirmed.append(_to_photo(face, matrix))
                    clear[start + i] = face.scores[0] >= CLEAR_SCORE
        return FaceCandidates.join(confirmed).suppressed(), proposals.pick(~clear)


def _square_around(image: RgbU8, box: F32) -> tuple[RgbU8, F32, F32]:
    """The place of a box with room around it, CLOSE_SIDE wide, and the scale and corner that lead back to the photo.
    Beyond the photo its edge is repeated."""
    side = max(8, round(float(TURNED_ROOM * max(box[2] - box[0], box[3] - box[1]))))
    left, top = (int(v) for v in np.floor((box[:2] + box[2:]) / 2 - side / 2))
    height, width = image.shape[:2]
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    around = (max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0))
    square = cv2.copyMakeBorder(inside, *around, cv2.BORDER_REPLICATE)
    crop: RgbU8 = cv2.resize(square, (CLOSE_SIDE, CLOSE_SIDE), interpolation=cv2.INTER_AREA)
    return crop, np.full(2, side / CLOSE_SIDE, np.float32), np.array([left, top], np.float32)


def _quarters(faces: FaceCandidates) -> list[int]:
    """By how many quarters `np.rot90` has to turn the photo for each face to stand upright."""
    down = faces.landmarks[:, 3:].mean(1) - faces.landmarks[:, :2].mean(1)  # from the eyes to the mouth
    angle = np.arctan2(down[:, 0], down[:, 1])  # 0: upright; a quarter: the mouth is right of the eyes
    return [int(q) for q in np.round(-angle / (np.pi / 2)).astype(int) % 4]


def _agreed(straight: FaceCandidates, mirrored: FaceCandidates) -> FaceCandidates | None:
    """The face in the middle, averaged over the crop and its mirror image; None when neither shows one.

    The score is the mean as well: a pattern that looks like a face from one side only loses half of it.
    """
    flip = np.array([-1, 1], np.float32)
    back = mirrored.moved(flip, np.array([CLOSE_SIDE, 0], np.float32))
    back = FaceCandidates(back.boxes[:, [2, 1, 0, 3]], back.landmarks[:, MIRRORED], back.scores)
    answers = [a for a in (_central(straight), _central(back)) if a is not None]
    if not answers:
        return None
    both = FaceCandidates.join(answers)
    return FaceCandidates(both.boxes.mean(0)[None], both.landmarks.mean(0)[None], both.scores.sum()[None] / 2)


def _central(found: FaceCandidates) -> FaceCandidates | None:
    """The best candidate that covers the middle of the close-up."""
    middle = CLOSE_SIDE / 2
    inside = (found.boxes[:, :2] < middle).all(1) & (found.boxes[:, 2:] > middle).all(1)
    return found.pick(np.flatnonzero(inside)[:1]) if inside.any() else None


def _to_photo(face: FaceCandidates, matrix: F32) -> FaceCandidates:
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
    return FaceCandidates(
        np.concatenate([centre - half, centre + half])[None].astype(np.float32),
        points[None].astype(np.float32),
        face.scores,
    )
