"""How much texture a face wants, place by place: by how degraded it is, and by how old.

Texture was learned from adults. On the skin of a child it draws what makes faces old; on eyes and mouth it does that
half as much, and there it is what people see; around the face it does not.
"""

from functools import cache

import numpy as np

from iconface_core.ages import AGES, ApparentAge
from iconface_core.geometry import FFHQ_512
from iconface_core.pasting.region import face_mask
from iconface_core.types import F32

SOFT = 0.9
WHOLE_TEXTURE = 1 / 0.75
"""The weights hold three quarters of the texture that was trained (docs/training.md): all of it brings out the blocks
of JPEG in faces that are hardly damaged. Chosen on 20 validation faces, so that moderate and severe damage reach the
sharpness that was asked for."""

CHILD, ADULT = 12, 24
"""Years between which texture on the skin grows from nothing to all. Chosen on faces of `benchmarks/drift.py`: with all
of it children look five years older than before, without any adults three years younger."""

EYE, MOUTH, SOFTLY = (0.36, 0.26), (0.42, 0.2), 0.35
"""Of the distance of the eyes: half axes of what counts as an eye with its brow, and as the mouth. And how softly they
end, of their half axes."""
RAISED = 0.06
"""Of the same: the middle of an eye with its brow is above its landmark."""


def texture_share(score: float, age: ApparentAge | None, size: int) -> F32:
    """(size, size), of a face in the FFHQ crop of this `degradation`, against what the weights hold: 1, and for faces
    that lost all fine structure the whole of what was trained. The base of those is softest, and has no blocks or grain
    left that more texture would bring out. Less where a face is or may be young; `age` None: nobody can tell."""
    whole = 1.0 + (WHOLE_TEXTURE - 1.0) * float(np.clip((score - SOFT) / (1.0 - SOFT), 0, 1))
    grown = 1.0 if age is None else _grown(age)
    face, features = _regions(size)
    least = features * (1 + grown) / 2 + (1 - features) * grown
    share: F32 = (whole * (1 - face * (1 - least))).astype(np.float32)
    return share


def _grown(age: ApparentAge) -> float:
    """0 for a child, 1 for an adult, the mean over all ages that the face may have."""
    return float(age.probabilities @ np.clip((AGES - CHILD) / (ADULT - CHILD), 0, 1))


@cache  # the same for every face
def _regions(size: int) -> tuple[F32, F32]:
    """The face, and its eyes and mouth: (size, size) each, 1 there, 0 elsewhere."""
    left, right, _, *corners = FFHQ_512.resized(size)
    unit = float(np.linalg.norm(right - left))
    y, x = np.mgrid[:size, :size].astype(np.float32)
    features = np.zeros((size, size), np.float32)
    raised = np.array([0, RAISED * unit], np.float32)
    for (cx, cy), (a, b) in ((left - raised, EYE), (right - raised, EYE), (np.mean(corners, 0), MOUTH)):
        away = np.sqrt(((x - cx) / (a * unit)) ** 2 + ((y - cy) / (b * unit)) ** 2) - 1
        features = np.maximum(features, np.exp(-((np.maximum(0, away) / SOFTLY) ** 2) / 2))
    return face_mask(FFHQ_512.resized(size), size), features
