"""Face models and pure logic. This module is free of model runtimes; backends are imported explicitly."""

from .calibration import Calibration
from .errors import IconFaceError
from .protocols import FaceDetector, FaceEmbedder, FaceRestorer
from .types import AlignedFace, BBox, DetectedFace, FaceEmbedding, RestoredFace, RestoreInput, RestoreOptions

__all__ = [
    "AlignedFace",
    "BBox",
    "Calibration",
    "DetectedFace",
    "FaceDetector",
    "FaceEmbedder",
    "FaceEmbedding",
    "FaceRestorer",
    "IconFaceError",
    "RestoreInput",
    "RestoreOptions",
    "RestoredFace",
]
