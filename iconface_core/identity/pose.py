"""Head pose from the five landmarks: a proxy good enough to rank references, not a measurement."""

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, sin

import numpy as np

from iconface_core.types import F32

# A rigid mean head: x to the picture's right, y down, z away from the camera; unit = the distance between the eyes.
# Same order as the ArcFace template. Depths from the generic head that OpenCV's head-pose examples use.
_HEAD = np.array(
    [[-0.5, -0.45, 0.32], [0.5, -0.45, 0.32], [0.0, 0.1, -0.18], [-0.42, 0.62, 0.26], [0.42, 0.62, 0.26]], np.float64
)
_HEAD -= _HEAD.mean(0)


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. `roll` > 0: the head is tilted clockwise in the picture. The others are measured after undoing the tilt:
    `yaw` > 0: the nose points to the picture's right; `pitch` > 0: it points down. Frontal is near 0, give or take a
    few degrees a person."""

    yaw: float
    pitch: float
    roll: float

    def distance(self, other: "Pose") -> float:
        """Degrees between the two facing directions, >= 0. Roll is left out: alignment takes it away."""
        return hypot(self.yaw - other.yaw, self.pitch - other.pitch)


def head_pose(landmarks: F32) -> Pose:
    """Pose of a face from its `landmarks` (5, 2), pixels; position and size of the face do not matter.

    Fits the rigid mean head under scaled orthographic projection (POS, DeMenthon and Davis 1995), so a long or short
    nose reads as a few degrees of pitch. Raises ValueError when the shape is wrong or the points coincide.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (5, 2):
        raise ValueError(f"head_pose needs 5 landmarks (5, 2), got {points.shape}")
    points = points - points.mean(0)
    if not np.isfinite(points).all() or np.abs(points).max() < 1e-6:
        raise ValueError("landmarks coincide or are not finite: no pose exists")
    projection = points.T @ np.linalg.pinv(_HEAD).T  # (2, 3): the first two rows of a rotation, scaled
    left, _, right = np.linalg.svd(projection, full_matrices=False)
    first, second = left @ right  # nearest orthonormal rows
    third = np.cross(first, second)
    roll = atan2(float(second[0]), float(first[0]))
    x, y, z = -float(first[2]), -float(second[2]), -float(third[2])  # where the nose points
    x, y = cos(roll) * x + sin(roll) * y, cos(roll) * y - sin(roll) * x  # upright again: what alignment will see
    return Pose(yaw=degrees(atan2(x, -z)), pitch=degrees(asin(min(1.0, max(-1.0, y)))), roll=degrees(roll))
