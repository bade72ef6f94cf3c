"""Where the five points of a stored face are, also of one whose box was drawn by hand."""

import numpy as np

from gallery_db.records import FaceRecord
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import F32, BBox, DetectedFace


def detection_of(record: FaceRecord) -> DetectedFace:
    """The stored detection; a box drawn by hand gets the landmarks of a frontal face that fills it."""
    return record.detected() or DetectedFace(record.bbox, frontal_landmarks(record.bbox), record.det_score)


def frontal_landmarks(bbox: BBox) -> F32:
    """(5, 2) landmarks of an upright frontal face whose detector box is `bbox`.

    Detectors draw the box from mid-forehead to chin, ear to ear: the middle 84 % x 96 % of the ArcFace crop.
    """
    unit = ARCFACE_112.points / ARCFACE_112.size
    x = (unit[:, 0] - 0.5) / 0.84 + 0.5
    y = (unit[:, 1] - 0.52) / 0.96 + 0.5
    return np.stack([bbox.x1 + x * bbox.width, bbox.y1 + y * bbox.height], axis=1).astype(np.float32)
