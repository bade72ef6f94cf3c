"""What is known of SFace without loading it: opening the gallery needs its id and calibration."""

from iconface_core.calibration import Calibration
from iconface_core.types import EmbedderId

SFACE_ID = EmbedderId("sface-2021dec")
DIM = 128
CALIBRATION = Calibration(SFACE_ID, norm_low=8.0, norm_high=13.0, bias=-6.0, slope=18.0)
