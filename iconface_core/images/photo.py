"""A photo that was read, and the two sizes that places in it may be measured in."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from iconface_core.types import F32, BBox, DetectedFace, RgbU8


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """An upright photo in sRGB.

    `pixels` may be smaller than the photo; `width` x `height` is the photo's full upright size and everything that
    is stored or shown is in those pixels: convert with `full_face`. `notes` are human sentences on what was odd
    about the file but did not stop it from being read. `grey` says that the file itself holds no colour.
    """

    pixels: RgbU8
    width: int
    height: int
    format: str
    grey: bool
    captured_at: datetime | None
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> tuple[float, float]:
        """Full pixels per pixel of `pixels`, in x and y (they differ by rounding). (1, 1) for a full read."""
        height, width = self.pixels.shape[:2]
        return self.width / width, self.height / height

    def full_face(self, face: DetectedFace) -> DetectedFace:
        """A face found in `pixels`, in pixels of the full photo."""
        return _scaled(face, *self.scale)

    def own_face(self, face: DetectedFace) -> DetectedFace:
        """A face in pixels of the full photo, in those of `pixels`."""
        x, y = self.scale
        return _scaled(face, 1 / x, 1 / y)

    def own_points(self, points: F32) -> F32:
        """Points (N, 2) in pixels of the full photo, in those of `pixels`."""
        x, y = self.scale
        return _scaled_points(points, 1 / x, 1 / y)


def _scaled(face: DetectedFace, x: float, y: float) -> DetectedFace:
    box = BBox(face.bbox.x1 * x, face.bbox.y1 * y, face.bbox.x2 * x, face.bbox.y2 * y)
    return DetectedFace(box, _scaled_points(face.landmarks, x, y), face.det_score)


def _scaled_points(points: F32, x: float, y: float) -> F32:
    # landmarks name pixel centres, box corners name pixel edges
    scaled: F32 = ((points + 0.5) * np.array([x, y], np.float32) - 0.5).astype(np.float32)
    return scaled
