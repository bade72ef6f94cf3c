"""Default detector: YuNet in two steps, propose on a reduced photo (`pyramid.py`), then look closer at each proposal.

The closer look warps a proposal upright to the size at which the network is at its best, detects again together with
the mirror image, and averages both answers. That settles the score (a proposal that was noise disappears) and
steadies the landmarks that all further steps depend on. Proposals can therefore be generous, and the score of a face
no longer depends on its size: on LFW photos shrunk until the face is 20 pixels tall, all that are found score over 0.8.
"""

from pathlib import Path

import numpy as np

from iconface_core.geometry import ARCFACE_112, Template, align_face, invert
from iconface_core.model_catalogue import YUNET_FILE
from iconface_core.model_files import locate_verified
from iconface_core.types import F32, DetectedFace, RgbU8

from .candidates import Candidates
from .pyramid import NO_SHIFT, Scales, propose, propose_turned, resized, search
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
        found = self._look_closer(image, propose(image, self._find, SCALES, self._min_face))
        if found.scores.max(initial=0) < CLEAR_SCORE:
            # Scans lie on their side, and read upright an inverted face is still a poor face; where both readings
            # overlap the better one stays. Grain hides a face until it is averaged away.
            reduced, up = resized(image, min(1.0, SCALES.turned / max(height, width)))
            turned = propose_turned(reduced, self._find, SCALES).moved(up, NO_SHIFT)
            smooth, back = resized(reduced, SMOOTHING)
            grainy = self._look_closer(smooth, search(smooth, self._find, 1.0, SCALES))
            others = [self._look_closer(image, turned), grainy.moved(back * up, NO_SHIFT)]
            found = Candidates.join([found, *others]).suppressed()
        return found.pick(found.sizes() >= SIZE_SLACK * self._min_face).as_faces(width, height)

    def _find(self, image: RgbU8) -> Candidates:
        return self._net.find([image], PROPOSAL_SCORE)[0]

    def _look_closer(self, image: RgbU8, proposals: Candidates) -> Candidates:
        """Detect every proposal again, upright and at one size, averaged with its mirror image."""
        proposals = proposals.suppressed()
        proposals = proposals.pick(proposals.landmarks.std(axis=1).max(axis=1, initial=0) > 0.1)  # else: no direction
        confirmed = []
        proposals = proposals.pick(np.arange(min(len(proposals), MOST_PROPOSALS)))
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
        return Candidates.join(confirmed).suppressed()


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
