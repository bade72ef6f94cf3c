"""How degraded is an aligned face? Numbers, one score, and reasons. Pure pixels, no model.

Everything is measured on the photo's own pixel grid, not on the enlarged crop: there noise is still white and JPEG's
8-pixel blocks are still 8 pixels. Worn prints have a number of their own (`print_damage.py`). The score is a logistic
regression on six features whose weights shift with the size of the face: reduced, a clean face has structure in every
pixel, which looks like noise, and a ruined one has none. `benchmarks/sharpness.py` makes its training faces, fits it,
and reports how well it tells degraded faces of unseen people.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from iconface_core import reason_codes as codes
from iconface_core.geometry import FFHQ_512, invert
from iconface_core.reasons import Reason
from iconface_core.types import F32, RgbU8

from .print_damage import print_damage

MIN_EYE_DISTANCE = 8.0
"""Photo pixels. A face whose eyes are closer holds too little to restore a person from."""

SHARP_SCORE = 0.25
"""Faces scored below this are left alone."""

BLURRED_DETAIL = -1.35
"""`detail` below which blur is named beside noise or blocks; half of LFW's own photos lie above -1.1."""

VERSION = 5
"""Of the score: raised when weights or features change, so that stored scores are measured again."""

WEIGHTS = np.array(
    [
        *(-7.208, 25.585, 3.959, -14.781, 0.862, 5.824),
        *(11.482, -5.026, -2.513, -3.447, 9.381, -0.488, -0.737),
        *(2.067, 1.729, -4.987, -2.343, 7.487, -3.503, -0.555),
    ],
    np.float32,
)
INTERCEPT = -10.149
"""For `features()`, as `benchmarks/sharpness.py` prints them: it fits all but the last seven weights, which lead to a
pinned rule for faces of twice `_MIDDLE` and more."""

_EYE_DISTANCE = float(np.hypot(*(FFHQ_512.points[1] - FFHQ_512.points[0])))
_FACE = (136, 176, 376, 424)  # eyes to chin, cheek to cheek, in the crop
_MIDDLE = 40.0
"""Photo pixels between the eyes, as in LFW's own photos; weights shift for two octaves below and one above."""

_NOISE_SHARE = (0.521, 0.078, 0.018, 0.005)
"""How much of the variance of white noise falls into each of the four bands."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """What was measured on one FFHQ_512 crop.

    `score` is 0 (clean) .. 1 (degraded). `eye_distance` is in photo pixels. `noise` is a standard deviation in 8-bit
    steps. `detail` is the log of fine against middle structure, noise taken out: about -1 for a sharp face, below -2
    for a blurred one. `blockiness` is how much larger brightness steps are at JPEG's block borders (0: no larger).
    `print_damage` is how probably the face is on a worn print (scratched, dusty, faded), 0..1.
    `quality` is the embedding's, 0..1, None when nobody was asked: it explains, but does not enter the score, which it
    would not make better (docs/benchmarks.md). `reasons` are empty for a clean face.
    """

    score: float
    eye_distance: float
    noise: float
    detail: float
    blockiness: float
    reasons: tuple[Reason, ...]
    quality: float | None = None
    print_damage: float = 0.0

    @property
    def worst(self) -> float:
        """The larger of `score` and `print_damage`: whether and how soon to restore."""
        return max(self.score, self.print_damage)


def measure(crop: RgbU8, from_photo: F32, quality: float | None = None) -> Degradation:
    """Measure one FFHQ_512 crop (512, 512, 3) with its photo -> crop affine. `quality` is the embedding's, 0..1."""
    noise, bands, blockiness = _measure_patch(*_on_photo_grid(crop, from_photo))
    scale = float(np.hypot(from_photo[0, 0], from_photo[1, 0]))
    eye_distance = _EYE_DISTANCE / scale
    values = features(noise, bands, blockiness, eye_distance)
    score = float(1 / (1 + np.exp(-np.clip(values @ WEIGHTS + INTERCEPT, -30, 30))))
    detail = float(values[3])
    reasons: list[Reason] = []
    if eye_distance < 20:
        reasons.append(codes.FEW_PIXELS(px=eye_distance))
    worn, marks = print_damage(crop, scale)
    if score >= SHARP_SCORE:
        if noise > 4:
            reasons.append(codes.NOISY(noise=noise))
        if blockiness > 0.3:
            reasons.append(codes.JPEG_BLOCKS())
        if detail < BLURRED_DETAIL or not (noise > 4 or blockiness > 0.3):
            reasons.append(codes.BLURRED())
    if worn >= SHARP_SCORE:
        reasons += marks
    if max(score, worn) >= SHARP_SCORE and quality is not None and quality < 0.5:
        reasons.append(codes.HARD_TO_RECOGNISE(quality=quality))
    return Degradation(score, eye_distance, noise, detail, blockiness, tuple(reasons), quality, worn)


def is_too_small(degradation: Degradation) -> bool:
    """Whether the eyes are less than `MIN_EYE_DISTANCE` photo pixels apart."""
    return degradation.eye_distance < MIN_EYE_DISTANCE


def is_sharp_already(degradation: Degradation) -> bool:
    """Whether restoring can only do harm: nothing is wrong with the face at the photo's own resolution."""
    return degradation.worst < SHARP_SCORE


def why_left_alone(degradation: Degradation) -> Reason | None:
    """The reason not to restore this face, or None when it should be restored."""
    if is_too_small(degradation):
        return codes.TOO_SMALL(px=degradation.eye_distance, least=MIN_EYE_DISTANCE)
    if is_sharp_already(degradation):
        return codes.SHARP_ALREADY(degradation=degradation.worst)
    return None


def features(noise: float, bands: tuple[float, ...], blockiness: float, eye_distance: float) -> F32:
    """The inputs of the score (20,): noise, strong noise, three ratios of neighbouring detail bands, blockiness; how
    many octaves the face is smaller than `_MIDDLE`, and the six times that; the same for how many it is larger."""
    # the variance that is left when the noise's share is taken out, but never nothing: the estimate is rough
    clean = [max(e - share * noise**2, 0.02 * e) + 0.05 for e, share in zip(bands, _NOISE_SHARE, strict=True)]
    fine, medium, coarse, coarsest = np.log(clean)
    amount = np.log(noise + 0.5)
    plain = [
        amount,
        max(amount - 1, 0),
        fine - coarse,
        medium - coarse,
        coarse - coarsest,
        np.clip(blockiness, -0.5, 2),
    ]
    octaves = float(np.log2(max(eye_distance, 1e-3) / _MIDDLE))
    smaller, larger = float(np.clip(-octaves, 0, 2)), float(np.clip(octaves, 0, 1))
    shifts = [share * v for share in (smaller, larger) for v in (1.0, *plain)]
    return np.array([*plain, *shifts], np.float32)


def _on_photo_grid(crop: RgbU8, from_photo: F32) -> tuple[F32, tuple[int, int] | None]:
    """The face's brightness at the photo's pixels, and the photo position of its corner.

    For a face larger than the crop: the crop itself, whose pixels are no longer the photo's, so no position.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    x1, y1, x2, y2 = _FACE
    if float(np.hypot(from_photo[0, 0], from_photo[1, 0])) <= 1:
        return grey[y1:y2, x1:x2], None
    back = invert(from_photo)
    corners = np.array([[x1, y1], [x2, y1], [x1, y2], [x2, y2]], np.float32) @ back[:, :2].T + back[:, 2]
    left, top = (int(v) for v in np.floor(corners.min(0)))
    width, height = (int(v) for v in np.maximum(np.ceil(corners.max(0)) - (left, top), 4))
    to_crop = from_photo.astype(np.float64)
    to_crop[:, 2] += to_crop[:, :2] @ (left, top)
    patch: F32 = cv2.warpAffine(
        grey,
        to_crop,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return patch, (left, top)


def _measure_patch(patch: F32, corner: tuple[int, int] | None) -> tuple[float, tuple[float, ...], float]:
    """Noise, the variance in four octave bands (fine first), and blockiness."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # blind to edges (Immerkaer 1996)
    noise = float(np.median(np.abs(cv2.filter2D(patch, -1, kernel)[1:-1, 1:-1]))) / 0.6745 / 6
    levels = [patch] + [cv2.GaussianBlur(patch, (0, 0), 0.7 * 2**i) for i in range(4)]
    bands = tuple(float(np.mean((a - b) ** 2)) for a, b in pairwise(levels))
    if corner is None or min(patch.shape) < 24:
        return noise, bands, 0.0
    return noise, bands, (_blockiness(patch, 0, corner[1]) + _blockiness(patch, 1, corner[0])) / 2


def _blockiness(patch: F32, axis: int, start: int) -> float:
    steps = np.abs(np.diff(patch, axis=axis)).mean(1 - axis)
    at_border = (np.arange(len(steps)) + 1 + start) % 8 == 0
    # half a step is added to both, or the ratio would be wild on faces without any structure
    return float((steps[at_border].mean() + 0.5) / (steps[~at_border].mean() + 0.5) - 1)
