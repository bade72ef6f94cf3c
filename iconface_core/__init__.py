"""Face models and pure logic. This module is free of model runtimes; backends are imported explicitly.

Each name is imported when it is first used: a module of this package that needs no NumPy does not wait for it.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from .quiet import keep_quiet

if TYPE_CHECKING:
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

keep_quiet(os.environ)  # whoever imports a backend, as the command or as a library, comes through here first


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    places = {"Calibration": ".calibration", "IconFaceError": ".errors"}
    protocols = name in ("FaceDetector", "FaceEmbedder", "FaceRestorer")
    return getattr(import_module(places.get(name, ".protocols" if protocols else ".types"), __name__), name)
