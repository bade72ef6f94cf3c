"""A picture interpolated to several times its size, some rows after others: nothing of it is there twice.

Each band is made with the rows around it, so that its pixels are those of the whole picture in one piece.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

from .colour import plain
from .deep import U16
from .strips import row_slices

_SMOOTH = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr"})
"""Modes whose samples can be averaged."""

_AROUND = 4
"""Rows on each side of a band. Bicubic interpolation looks at two; both libraries go another way, and round otherwise,
where a band has very few."""


def enlarged(image: Image.Image, times: int) -> Image.Image:
    """What Pillow makes of a picture at `times` its size, bicubic. `image` is closed."""
    picture = image if image.mode in _SMOOTH else plain(image)
    out = Image.new(picture.mode, (picture.width * times, picture.height * times))
    for rows, seen, within in _row_slices(picture.height, 4 * out.width, times):
        band = picture.crop((0, seen.start, picture.width, seen.stop))
        large = band.resize((out.width, band.height * times), Image.Resampling.BICUBIC)
        out.paste(large.crop((0, within.start, out.width, within.stop)), (0, rows.start))
    out.info = {k: v for k, v in image.info.items() if k != "transparency" or picture is image}
    image.close()
    return out


def enlarged_strips(samples: U16, times: int) -> Iterator[tuple[U16, slice]]:
    """What OpenCV makes of 16-bit samples (H, W) or (H, W, C) at `times` their size, bicubic: strips from the top, and
    the rows that each has."""
    width = samples.shape[1] * times
    for rows, seen, within in _row_slices(len(samples), 8 * width, times):
        band = np.ascontiguousarray(samples[seen])
        large = cv2.resize(band, (width, len(band) * times), interpolation=cv2.INTER_CUBIC)
        yield np.asarray(large[within], np.uint16), rows


def _row_slices(height: int, row_bytes: int, times: int) -> Iterator[tuple[slice, slice, slice]]:
    """The rows of each band in the large picture, those it is made of in the small one, and where it is in what is made
    of these."""
    for small in row_slices(height, times * row_bytes):
        seen = slice(max(0, small.start - _AROUND), min(height, small.stop + _AROUND))
        within = slice(times * (small.start - seen.start), times * (small.stop - seen.start))
        yield slice(times * small.start, times * small.stop), seen, within
