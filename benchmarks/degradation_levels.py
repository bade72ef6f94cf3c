"""Seeded degradations of a photo for benchmarks: blur, loss of resolution, noise and JPEG, at three levels.

The order (blur, shrink, noise, JPEG, enlarge) is the usual one of blind face restoration papers. Strengths are relative
to the size of the face, so that the same level means the same loss on a portrait and on a group photo.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

RgbU8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Level:
    """Ranges are drawn uniformly. `face_px`: width of the face after shrinking. `blur`: sigma as a share of the face
    width. `noise`: sigma in grey levels. `jpeg`: quality."""

    face_px: tuple[float, float]
    blur: tuple[float, float]
    noise: tuple[float, float]
    jpeg: tuple[int, int]


LEVELS = {
    "mild": Level(face_px=(48, 72), blur=(0.005, 0.015), noise=(1, 5), jpeg=(60, 90)),
    "moderate": Level(face_px=(26, 40), blur=(0.015, 0.03), noise=(4, 10), jpeg=(40, 70)),
    "severe": Level(face_px=(18, 26), blur=(0.02, 0.04), noise=(5, 12), jpeg=(35, 60)),
}


def degrade(photo: RgbU8, face_px: float, level: str, seed: int) -> RgbU8:
    """A worse copy of `photo` (H, W, 3) of the same size; `face_px` is the width of its face now.

    The same arguments give the same pixels. Raises KeyError for an unknown level.
    """
    spec, rng = LEVELS[level], np.random.default_rng(seed)
    height, width = photo.shape[:2]
    sigma = rng.uniform(*spec.blur) * face_px
    image = cv2.GaussianBlur(photo, (0, 0), max(sigma, 1e-3))
    scale = min(1.0, rng.uniform(*spec.face_px) / face_px)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    noise = rng.normal(0.0, rng.uniform(*spec.noise), image.shape)
    image = np.clip(image + noise, 0, 255).round().astype(np.uint8)
    quality = int(rng.integers(spec.jpeg[0], spec.jpeg[1] + 1))
    _, encoded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    image = np.ascontiguousarray(decoded[:, :, ::-1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
