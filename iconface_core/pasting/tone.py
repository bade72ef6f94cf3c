"""A restored crop in the light, tint and palette of its photo."""

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SEPIA_TOLERANCE = 2.5
"""Root mean square in 8-bit steps: a print whose colours follow its brightness this closely is monochrome."""

_REPLACED = 24.0
"""Change of brightness in 8-bit steps from which a pixel shows something else than before."""

_WIDE = 1 / 4
"""Of the crop's side: what changes more slowly is light and tint, and stays the photo's. A narrower share (1/20) took
4 % of the gain: a restorer is right about shapes of that size (docs/benchmarks.md)."""


def tone_matched(restored: RgbU8, degraded: RgbU8) -> F32:
    """What restoring changed in a crop (S, S, 3), in 8-bit steps, but for light, tint and palette.

    Light is what changes slowly across the crop, so that a stain or a shadow of the face's own size may go while a
    faded print stays as faded as the rest of it.
    """
    new, old = restored.astype(np.float32), degraded.astype(np.float32)
    side = restored.shape[0]
    small = max(8, side // 8)  # such low frequencies need no more, and a wide blur is slow at full size
    drift = cv2.resize(old - new, (small, small), interpolation=cv2.INTER_AREA)
    drift = cv2.GaussianBlur(drift, (0, 0), _WIDE * small, borderType=cv2.BORDER_REFLECT)
    new = new + cv2.resize(drift, (side, side), interpolation=cv2.INTER_LINEAR)
    if is_grey(degraded):
        return np.repeat(((new - old) @ _LUMA)[..., None], 3, axis=2)
    change: F32 = new - old
    palette = _monochrome(old)
    if palette is None:
        return change
    was, becomes = _toned(old, palette), _toned(new, palette)
    # A scratch down to the white paper is not in the print's colours: what replaces it is.
    replaced = np.clip(np.abs(change @ _LUMA) / _REPLACED, 0, 1)[..., None]
    out: F32 = becomes - was - replaced * (old - was)
    return out


def is_grey(pixels: RgbU8) -> bool:
    """Whether all three channels are equal everywhere."""
    return bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all())


def _monochrome(crop: F32) -> F32 | None:
    """The palette (4, 3) of a print whose every channel follows its brightness, as powers of brightness; else None."""
    step = max(1, crop.shape[0] // 128)
    samples = crop[::step, ::step].reshape(-1, 3)
    powers = _powers(samples @ _LUMA / np.float32(255))
    fit, *_ = np.linalg.lstsq(powers, samples, rcond=None)
    far = float(np.sqrt(np.mean((powers @ fit - samples) ** 2)))
    return fit.astype(np.float32) if far <= _SEPIA_TOLERANCE else None


def _toned(image: F32, palette: F32) -> F32:
    """The picture in the colours of the palette, which does not decide its brightness."""
    light = image @ _LUMA
    coloured: F32 = _powers(np.clip(light / np.float32(255), 0, 1).astype(np.float32)) @ palette
    out: F32 = coloured + (light - coloured @ _LUMA)[..., None]
    return out


def _powers(light: F32) -> F32:
    out: F32 = np.stack([np.ones_like(light), light, light**2, light**3], -1)
    return out
