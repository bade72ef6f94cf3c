"""Damage on purpose: what a clear face would look like in a poor photo.

The student makes the same mistakes about a face whichever photo of it is damaged, so damaged faces are compared with
damaged ones too (matched degradation of probe and gallery, usual where cameras of low resolution are searched).
"""

import cv2
import numpy as np

from iconface_core.geometry import ARCFACE_112
from iconface_core.types import AlignedFace, RgbU8

SIDE = 48
"""Pixels of an ARCFACE_112 crop after shrinking: a face 32 pixels wide, moderate damage in the benchmarks."""
BLUR = 1.65  # standard deviation in pixels of the crop
NOISE = 6.0  # grey levels
JPEG_QUALITY = 55
_SEED = 7


def worn(face: AlignedFace) -> AlignedFace:
    """The ARCFACE_112 crop (112, 112, 3) blurred, shrunk, with noise, compressed and enlarged again. The same face
    gives the same pixels. Without noise and compression half of what it is for is lost
    (docs/benchmarks/identification.md)."""
    blurred = cv2.GaussianBlur(face.pixels, (0, 0), BLUR)
    small = cv2.resize(blurred, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(_SEED).normal(0.0, NOISE, small.shape)
    noisy = np.clip(small + noise, 0, 255).round().astype(np.uint8)
    side = ARCFACE_112.size
    pixels = cv2.resize(_compressed(noisy), (side, side), interpolation=cv2.INTER_CUBIC)
    return AlignedFace(pixels.astype(np.uint8), face.from_photo)


def _compressed(pixels: RgbU8) -> RgbU8:
    _, encoded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None, "just encoded"
    back: RgbU8 = decoded[:, :, ::-1].astype(np.uint8)
    return back
