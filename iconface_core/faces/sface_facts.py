"""What is known of SFace without loading it: opening the gallery needs its id and calibration."""

from iconface_core.calibration import Calibration
from iconface_core.types import EmbedderId

SFACE_ID = EmbedderId("sface-2021dec")
DIM = 128
CALIBRATION = Calibration(
    SFACE_ID,
    norm_low=7.0,
    norm_high=13.0,
    bias=-3.5,
    slope=28.66,
    quality_bias=-8.74,
    quality_slope=10.52,
    poor_bias=2.0,
    poor_slope=-22.0,
)
"""Fitted by `benchmarks/identify.py --fit` on half of the people of LFW: degraded faces against clean galleries, at the
prior of a library of thousands. Weighing both classes equally gives half this steepness where decisions fall. The
`poor` terms were read off pairs of two degraded faces of 250 people of LFW (docs/benchmarks.md): without them two
faces of quality below .35 and similarity .55 count 11.8 nats, measured are about 5."""
