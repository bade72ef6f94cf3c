"""Does a backend keep what its protocol promises? Needs no test framework: a check returns, or raises ConformanceError.

check_restorer(MyRestorer())
check_embedder(MyEmbedder(), crops)  # ARCFACE_112 crops of different people
check_detector(MyDetector(), photo)  # a photo with faces
check_spec(SPEC, BackendContext(models))  # the spec says what is true of what it loads
"""

from .detectors import check_detector
from .embedders import check_embedder
from .expect import ConformanceError
from .restorers import check_restorer
from .specs import check_spec

__all__ = ["ConformanceError", "check_detector", "check_embedder", "check_restorer", "check_spec"]
