"""What is known of the encoder of damaged faces without loading it: when it is asked, and what its numbers mean."""

from dataclasses import replace

import numpy as np

from iconface_core.types import EmbedderId, FaceEmbedding

from .damage_facts import missing_from_clear, twins_id_of
from .sface_facts import CALIBRATION as CLEAR

STUDENT_ID = EmbedderId("sface-damaged-1")
UNMEASURED = replace(CLEAR, embedder=STUDENT_ID)
"""SFace's, to begin with: `benchmarks/identify.py --fit --damaged WEIGHTS --write` measures what the numbers of some
weights mean and writes it beside them. Weights without it are not used."""
TWIN_CALIBRATION = replace(CLEAR, embedder=twins_id_of(STUDENT_ID))
"""As `UNMEASURED`: twins of weights without measured numbers of their own are not made."""
MOST = 0.85
"""The student's part of the vector of a hopeless face. It grows with the root of what is missing from clear: measured
on the half that is not tested (docs/training.md)."""


def mixed(plain: FaceEmbedding, guess: FaceEmbedding) -> FaceEmbedding:
    """The vector to identify a face by: less of the student's `guess` the clearer the face is, none where it is clear.

    The norm stays that of `plain`: it falls with damage.
    """
    share = MOST * missing_from_clear(float(CLEAR.quality(plain.norm))) ** 0.5
    vector = (1 - share) * plain.vector + share * guess.vector
    return FaceEmbedding(STUDENT_ID, (vector / np.linalg.norm(vector)).astype(np.float32), plain.norm)


def twin_id(sha256: str, second: str = "") -> EmbedderId:
    """What the twins are kept by that weights with this digest make, with a second opinion of that version where it is
    of another file: those of others are not compared with."""
    return twins_id_of(STUDENT_ID, sha256[:8] + (second and f"-{second}"))
