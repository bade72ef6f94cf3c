"""Colours for a grey photo, of which only the chroma is a model's: every pixel stays as light as it was.

Nobody knows what the colours were. What comes out is invented, and whoever writes it must say so.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32, RgbU8

from .fading import is_grey_or_toned, tone_samples

_ROWS = 256
_BISECTIONS = 7
_SLACK = 1e-4

NO_COLOURS = 2.0
"""Chroma in units of Lab: with less everywhere, a model gave no colours at all."""


def is_grey_photo(photo: RgbU8) -> bool:
    """Whether a photo (H, W, 3) has no colours of its own: grey, sepia, or toned otherwise."""
    return is_grey_or_toned(tone_samples(photo))


def coloured(photo: RgbU8, chroma: F32) -> RgbU8:
    """The photo (H, W, 3) with the chroma (h, w, 2), Lab's a and b, stretched over it. Lightness (Lab's L) stays, but
    for what eight bits round: where a colour is not to be had at that lightness, it becomes paler, never lighter or
    darker.

    Memory beyond the result: that of some rows.
    """
    height, width = photo.shape[:2]
    out = np.empty_like(photo)
    for top in range(0, height, _ROWS):
        rows = slice(top, min(top + _ROWS, height))
        light = cv2.cvtColor(photo[rows].astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)[..., 0]
        out[rows] = _at_lightness(light, _stretched(chroma, (height, width), rows))
    return out


def _stretched(chroma: F32, shape: tuple[int, int], rows: slice) -> F32:
    """The rows of a chroma that is stretched to this height and width."""
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * (chroma.shape[0] / shape[0]) - 0.5
    x = (np.arange(shape[1], dtype=np.float32) + 0.5) * (chroma.shape[1] / shape[1]) - 0.5
    across, down = np.meshgrid(x, y)
    out: F32 = cv2.remap(chroma, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out


def _at_lightness(light: F32, chroma: F32) -> RgbU8:
    """sRGB pixels of this lightness (H, W), with as much of the chroma (H, W, 2) as there is."""
    rgb = _rgb(light, chroma)
    outside = np.flatnonzero(~_inside(rgb).ravel())
    if outside.size:
        some_light, some = light.ravel()[outside], chroma.reshape(-1, 2)[outside]
        low, high = np.zeros(len(outside), np.float32), np.ones(len(outside), np.float32)
        for _ in range(_BISECTIONS):
            middle: F32 = ((low + high) / 2).astype(np.float32)
            fits = _inside(_rgb(some_light[None], (some * middle[:, None])[None]))[0]
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        rgb.reshape(-1, 3)[outside] = _rgb(some_light[None], (some * low[:, None])[None])[0]
    out: RgbU8 = np.rint(rgb * 255).clip(0, 255).astype(np.uint8)
    return out


_FROM_XYZ = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]],
    np.float32,
)
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)


def _rgb(light: F32, chroma: F32) -> F32:
    """sRGB of Lab (D65), not clipped: OpenCV clips it, and what is clipped has another lightness."""
    fy = (light + 16) / 116
    f = np.stack([fy + chroma[..., 0] / 500, fy, fy - chroma[..., 1] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2)) * _WHITE
    linear = xyz @ _FROM_XYZ.T
    curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    out: F32 = np.where(linear > 0.0031308, curved, 12.92 * linear).astype(np.float32)
    return out


def _inside(rgb: F32) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = np.asarray(((rgb >= -_SLACK) & (rgb <= 1 + _SLACK)).all(-1))
    return out
