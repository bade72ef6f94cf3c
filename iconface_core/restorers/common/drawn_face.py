"""A face that nobody has: to try a restorer on."""

import cv2
import numpy as np

from iconface_core.geometry import FFHQ_512
from iconface_core.types import RgbU8


def drawn_face(scale: float, seed: int) -> RgbU8:
    """An FFHQ_512 crop (512, 512, 3): a soft oval with eyes and a mouth where they belong, seen with `scale` crop
    pixels per photo pixel and a little noise."""
    rng, side = np.random.default_rng(seed), FFHQ_512.size
    coarse = rng.uniform(60, 190, (9, 9, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    cv2.ellipse(picture, (side // 2, 290), (150, 200), 0, 0, 360, (205.0, 170.0, 150.0), -1)
    for x, y in FFHQ_512.points:
        cv2.ellipse(picture, (round(float(x)), round(float(y))), (24, 9), 0, 0, 360, (70.0, 50.0, 45.0), -1)
    seen = max(16, round(side / scale))
    small = cv2.resize(picture, (seen, seen), interpolation=cv2.INTER_AREA)
    small += rng.normal(0, 4, small.shape).astype(np.float32)
    pixels = cv2.resize(np.clip(small, 0, 255).astype(np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(pixels, np.uint8)
