"""What is known of the encoder of damaged faces without loading it: when it is asked, and what its numbers mean."""

from dataclasses import replace

import numpy as np

from iconface_core.geometry import ARCFACE_112, Template
from iconface_core.types import EmbedderId, FaceEmbedding

from .sface_facts import CALIBRATION as CLEAR

STUDENT_ID = EmbedderId("sface-damaged-1")
UNMEASURED = replace(CLEAR, embedder=STUDENT_ID)
"""SFace's, to begin with: `benchmarks/identify.py --fit --damaged WEIGHTS --write` measures what the numbers of some
weights mean and writes it beside them. Weights without it are not used."""
CLEAR_QUALITY = 0.9
"""Of SFace. From here on a face is clear: the student is not asked, and would not be heard."""
_MIDDLE = ARCFACE_112.points.mean(0)
VIEWS = (
    ARCFACE_112,
    Template(
        "arcface_112, wider", ARCFACE_112.size, (_MIDDLE + (ARCFACE_112.points - _MIDDLE) / 1.08).astype(np.float32)
    ),
)
"""How the student sees a face, each both ways round: damage hits every view otherwise, and some more of the head helps.
"""
TWIN_ID = EmbedderId(f"{STUDENT_ID}/twins")
"""What the vectors of damaged twins are called; where they are kept, by `twin_id`."""
TWIN_CALIBRATION = replace(CLEAR, embedder=TWIN_ID)
"""As `UNMEASURED`: twins of weights without measured numbers of their own are not made."""
TWIN_QUALITY = 0.6
"""Of SFace. Faces of the gallery that are no worse get a twin; worse ones are damaged as they are."""
TWINS_MOST = 0.6
"""How much a hopeless face is compared with damaged twins, against 1 - this with the gallery's own vectors."""
MOST = 0.85
"""The student's part of the vector of a hopeless face. It grows with the root of what is missing from clear: measured
on the half that is not tested (docs/training.md)."""


def twin_share(quality: float) -> float:
    """How much a probe of this quality 0..1 is compared with damaged twins: not at all where it is clear. Chosen on the
    half that is not tested (docs/benchmarks/identification.md)."""
    return TWINS_MOST * _missing_from_clear(quality)


def mixed(plain: FaceEmbedding, guess: FaceEmbedding) -> FaceEmbedding:
    """The vector to identify a face by: less of the student's `guess` the clearer the face is, none where it is clear.

    The norm stays that of `plain`: it falls with damage.
    """
    share = MOST * _missing_from_clear(float(CLEAR.quality(plain.norm))) ** 0.5
    vector = (1 - share) * plain.vector + share * guess.vector
    return FaceEmbedding(STUDENT_ID, (vector / np.linalg.norm(vector)).astype(np.float32), plain.norm)


def twin_id(sha256: str) -> EmbedderId:
    """What the twins are kept by that weights with this digest make: those of others are not compared with."""
    return EmbedderId(f"{TWIN_ID}-{sha256[:8]}")


def _missing_from_clear(quality: float) -> float:
    """1 for a hopeless face, 0 for a clear one."""
    return max(0.0, 1 - quality / CLEAR_QUALITY)
