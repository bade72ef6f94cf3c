"""A large WebP decoded in a third of the memory that Pillow takes for it."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from .memory_limits import is_heavy

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


def whole_webp(image: "ImageFile", file: BinaryIO) -> Image.Image | None:
    """The pixels of a large WebP that is one picture, with what else Pillow read of it; None for any other.

    Pillow decodes each WebP as an animation, on two canvases that stay as long as the picture: 12 bytes a pixel. OpenCV
    asks the same library for the picture alone. Raises OSError where it is damaged.
    """
    if not is_heavy(*image.size, "webp") or getattr(image, "n_frames", 1) != 1:
        return None
    import cv2  # costs start-up time that only large photos need

    file.seek(0)
    pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape != (image.height, image.width, len(image.getbands())):
        raise OSError("damaged picture")
    order = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    still = Image.fromarray(cv2.cvtColor(pixels, order, dst=pixels))
    still.info = image.info
    return still
