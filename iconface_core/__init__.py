"""Face models and pure logic. This module is free of model runtimes; backends are imported explicitly."""

import os

from .calibration import Calibration
from .errors import IconFaceError
from .protocols import FaceDetector, FaceEmbedder, FaceRestorer
from .quiet import keep_quiet
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

keep_quiet(os.environ)  # whoever imports a backend, as the command or as a library, comes through here first
