"""The grain of a photo, measured where it is seen best and found again where a restorer smoothed it away."""

from dataclasses import dataclass

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

LEAST = 1.5
"""Standard deviation in 8-bit steps: what is weaker is not grain that anybody sees, and may be JPEG's."""

SHARE = 0.65
"""Of the measured power that a restored part shall have: about half of the grain's, since the quietest places are
measured. 3 dB less are not seen beside the rest, and half of what the restorer cleaned stays clean."""

WINDOW = 16
"""Side in photo pixels of the windows in which grain is measured."""

FLAT = 0.1
"""The part of the windows, those with least structure, that is taken for flat: only grain is left there."""

_SMOOTH = 2.0
"""Sigma in photo pixels: what is coarser is shading."""


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """`sigma` is the standard deviation of brightness in 8-bit steps, `kernel` (WINDOW, WINDOW) of unit energy gives
    white noise the grain's look, `colours` (3, 3) turns three such fields of unit variance into RGB."""

    sigma: float
    kernel: F32
    colours: F32

    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> F32:
        """(H, W, 3) of this grain."""
        white = rng.standard_normal((*shape, 3), np.float32)
        out: F32 = cv2.filter2D(white, -1, self.kernel, borderType=cv2.BORDER_WRAP) @ self.colours.T
        return out


def measure_grain(photo: RgbU8) -> Grain | None:
    """The grain of a picture (H, W, 3); None where it has none worth the name, or is too small or too textured to
    tell."""
    if min(photo.shape[:2]) < 3 * WINDOW:
        return None
    image = photo.astype(np.float32)
    rest = _rest(image)
    light, brightness = _grey(rest), _grey(image)
    power, mean = (cv2.blur(i, (WINDOW, WINDOW))[_EVERY, _EVERY] for i in (light**2, brightness))
    power = np.where((mean > 12) & (mean < 243), power, np.inf)  # clipped to black or white, grain is lost
    usable = np.isfinite(power)
    if usable.sum() < 16:
        return None
    largest = float(np.quantile(power[usable], FLAT))
    flat, sigma = power <= largest, float(np.sqrt(largest))
    if sigma < LEAST:
        return None
    corners = np.argwhere(flat) * (WINDOW // 2)  # the windows' corners: `_EVERY` starts at their middle
    corners = corners[:: max(1, len(corners) // 128)]
    windows = np.stack([rest[y : y + WINDOW, x : x + WINDOW] for y, x in corners])
    hann = np.outer(np.hanning(WINDOW + 2)[1:-1], np.hanning(WINDOW + 2)[1:-1])
    spectrum = np.mean(np.abs(np.fft.fft2(_grey(windows) * hann)) ** 2, axis=0)
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(spectrum)).real)
    covariance = np.cov(windows.reshape(-1, 3).T.astype(np.float64))
    values, axes = np.linalg.eigh(covariance)
    colours = axes * np.sqrt(np.maximum(values, 0))
    return Grain(sigma, (kernel / np.sqrt((kernel**2).sum())).astype(np.float32), colours.astype(np.float32))


def missing_grain(grain: Grain, change: F32, new: F32, rng: np.random.Generator, *, grey: bool) -> F32:
    """What to add to `new` so that it has `SHARE` of the photo's grain, (H, W, 3).

    `new` is the restored picture and `change` what it changed, both (H, W, 3) in 8-bit steps: what was not changed gets
    nothing, and neither does what has grain or structure enough. `grey` draws the same for all channels.
    """
    there = cv2.blur(_grey(_rest(new)) ** 2, (WINDOW, WINDOW))
    changed = np.clip(cv2.blur(np.abs(change).max(2), (WINDOW, WINDOW)), 0, 1)
    amount = np.sqrt(np.maximum(SHARE * grain.sigma**2 - there, 0)) / grain.sigma * changed
    drawn = grain.draw(new.shape[:2], rng)
    if grey:
        drawn = np.repeat(_grey(drawn)[..., None], 3, axis=2)
    out: F32 = amount[..., None] * drawn
    return out


_EVERY = slice(WINDOW // 2, -(WINDOW // 2), WINDOW // 2)


def _rest(image: F32) -> F32:
    out: F32 = image - cv2.GaussianBlur(image, (0, 0), _SMOOTH)
    return out


def _grey(image: F32) -> F32:
    out: F32 = (image @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32)
    return out
