"""Pictures of an evaluation: read exactly, resized the same way everywhere."""

from pathlib import Path

import cv2
import numpy as np

from iconface_core.errors import ImageReadError
from iconface_core.types import RgbU8


def read_picture(path: Path) -> RgbU8:
    """An 8-bit picture file as RGB (H, W, 3). Raises ImageReadError."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ImageReadError(f"{path}: missing, or not a picture")
    rgb: RgbU8 = np.ascontiguousarray(pixels[:, :, ::-1]).astype(np.uint8)
    return rgb


def resized(image: RgbU8, side: int) -> RgbU8:
    """A square crop at another size: by area averaging down, cubically up."""
    if image.shape[:2] == (side, side):
        return image
    how = cv2.INTER_AREA if side < image.shape[0] else cv2.INTER_CUBIC
    out: RgbU8 = cv2.resize(image, (side, side), interpolation=how).astype(np.uint8)
    return out
