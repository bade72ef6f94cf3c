"""What the steps of a whole photo would do to it, as one picture."""

from pathlib import Path

import cv2
import numpy as np

from iconface_core.errors import ImageWriteError
from iconface_core.types import RgbU8

from .whole_photo import MendedPhoto

_HEIGHT = 1400
_MARKED = (255, 0, 60)


def preview(photo: RgbU8, mended: MendedPhoto) -> RgbU8:
    """The photo, what was found on it, and what came of it, side by side."""
    marked = photo.copy()
    if mended.mask is not None:
        marked[cv2.dilate(mended.mask, np.ones((3, 3), np.uint8)) > 0] = _MARKED
    pictures = [photo, *([] if mended.mask is None else [marked]), mended.pixels]
    return np.hstack([_reduced(p) for p in pictures])


def save_preview(picture: RgbU8, path: Path) -> None:
    """Write a preview as the suffix says, PNG or JPEG. Raises ImageWriteError for a file that is there already, and a
    folder that cannot be written into."""
    encoded = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    try:
        with path.open("xb") as file:
            file.write(encoded.tobytes())
    except FileExistsError as e:
        raise ImageWriteError(f"{path} is there already; choose another name for the preview") from e
    except OSError as e:
        raise ImageWriteError(f"{path}: the preview cannot be written ({e.strerror or e})") from e


def _reduced(picture: RgbU8) -> RgbU8:
    height, width = picture.shape[:2]
    scale = _HEIGHT / height
    if scale >= 1:
        return picture
    out: RgbU8 = cv2.resize(picture, (max(1, round(width * scale)), _HEIGHT), interpolation=cv2.INTER_AREA)
    return out
