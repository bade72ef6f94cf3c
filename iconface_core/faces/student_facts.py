"""What is known of the encoder of damaged faces without loading it: when it is asked, and what its numbers mean."""

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.types import EmbedderId, FaceEmbedding

STUDENT_ID = EmbedderId("sface-damaged-1")
CALIBRATION = Calibration(STUDENT_ID, norm_low=7.0, norm_high=13.0, bias=-3.5, slope=28.66)
CLEAR_NORM = 13.0


def mixed(plain: FaceEmbedding, guess: FaceEmbedding) -> FaceEmbedding:
    share = 0.5
    vector = (1 - share) * plain.vector + share * guess.vector
    length = float(np.linalg.norm(vector))
    return FaceEmbedding(STUDENT_ID, vector / np.float32(length), plain.norm)
