"""What is known of SFace without loading it: opening the gallery needs its id and calibration."""

from iconface_core.calibration import Calibration
from iconface_core.types import EmbedderId

SFACE_ID = EmbedderId("sface-2021dec")
DIM = 128
CALIBRATION = Calibration(
    SFACE_ID, norm_low=7.55, norm_high=12.6, bias=-1.22, slope=13.77, quality_bias=-7.93, quality_slope=13.38
)
