"""Faded tones and a colour cast, corrected by a straight line per channel that can be taken back.

A photo fades towards its paper: black turns grey, or the colour of the dye that lasted longest. So each channel is
stretched until black and white are where they are in other photos, never further, and less where the loss is less: a
photo of ordinary tones is not touched. Two numbers a channel suffice to take it back.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from iconface_core.types import F32, RgbU8

_BLACK, _WHITE = 10.0, 245.0
"""8-bit levels where the darkest and the lightest parts of a corrected photo lie."""

_LIFTED = (36.0, 56.0)
"""Levels of black between which a photo goes from left alone to corrected in full: that of clear photos is above 34 in
one or two of a hundred, of old prints in two of three. White that is dark says nothing by itself: there is night."""

_MOST_GAIN = 2.2
"""More contrast than this shows what noise and JPEG left."""

_APART = 48.0
"""Levels between the black (white) of a channel and of brightness: beyond, the picture is of that colour."""

_ENDS = (0.5, 99.5)
_MARGIN = 0.06
"""Of each side that is not looked at: mounts, frames and the scanner's lid have tones of their own."""

_MONOCHROME = 3.5
"""Root mean square in 8-bit steps of what is left when each channel follows brightness: a grey or toned print."""

_LOOKED_AT = 384
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Levels:
    """Of one channel: the value that becomes 0, and the one that becomes 255. Either may lie outside 0..255."""

    black: float
    white: float

    def __post_init__(self) -> None:
        """Raises ValueError unless white is lighter than black."""
        if not self.white - self.black >= 1:  # also of what is no number
            raise ValueError(f"white must be lighter than black, got {self.white} and {self.black}")


@dataclass(frozen=True, slots=True)
class ToneCurve:
    """Levels of red, green and blue. Equal ones keep grey grey."""

    red: Levels
    green: Levels
    blue: Levels

    def values(self, samples: F32) -> F32:
        """The corrected values of samples (..., 3) on the scale 0..255, not clipped."""
        black, white = self._ends()
        out: F32 = ((samples - black) * (255 / (white - black))).astype(np.float32)
        return out

    def apply(self, pixels: RgbU8) -> RgbU8:
        """A corrected copy of pixels (H, W, 3)."""
        every = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
        return _looked_up(self.values(every), pixels)

    def undo(self, pixels: RgbU8) -> RgbU8:
        """What `apply` was given, within one level wherever it was not clipped to 0 or 255."""
        black, white = self._ends()
        every = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
        return _looked_up((black + every * ((white - black) / 255)).astype(np.float32), pixels)

    def _ends(self) -> tuple[F32, F32]:
        channels = (self.red, self.green, self.blue)
        return np.array([c.black for c in channels], np.float32), np.array([c.white for c in channels], np.float32)


def fading_of(photo: RgbU8, *, keep_tint: bool = True) -> ToneCurve | None:
    """What brings back the tones of a faded photo (H, W, 3); None where nothing speaks for it.

    The channels of grey and toned prints get the same contrast, so that grey stays grey and sepia as brown as it was;
    without `keep_tint` a toned print loses its tint like a cast.
    """
    samples = tone_samples(photo)
    light = samples @ _LUMA
    black, white = np.percentile(light, _ENDS)
    loss = float(np.clip((black - _LIFTED[0]) / (_LIFTED[1] - _LIFTED[0]), 0, 1))
    if loss == 0 or white - black < 16:  # an even field tells nothing
        return None
    low, high = np.percentile(samples, _ENDS, axis=0)
    if is_grey_or_toned(samples) and (keep_tint or np.ptp(samples, axis=1).max() <= 1):
        tint = np.round(samples.mean(0) - light.mean(), 3)
        common = _levels(float((low - tint).min()), float((high - tint).max()), loss)
        # stretched by the same line the tint would grow: each channel is moved, so that it stays
        shift = tint * (1 - (common.white - common.black) / 255)
        return ToneCurve(*(Levels(round(common.black + s, 3), round(common.white + s, 3)) for s in shift.tolist()))
    low, high = np.clip(low, black - _APART, black + _APART), np.clip(high, white - _APART, white + _APART)
    return ToneCurve(*(_levels(float(b), float(w), loss) for b, w in zip(low, high, strict=True)))


def is_grey_or_toned(samples: F32) -> bool:
    """Whether each channel of samples (N, 3) in 0..255 is a function of brightness."""
    light = samples @ _LUMA / np.float32(255)
    powers = np.stack([np.ones_like(light), light, light**2, light**3], -1)
    fit, *_ = np.linalg.lstsq(powers, samples, rcond=None)
    return bool(np.sqrt(np.mean((powers @ fit - samples) ** 2)) <= _MONOCHROME)


def _levels(low: float, high: float, loss: float) -> Levels:
    """Levels that bring `low` to `_BLACK` and `high` to `_WHITE`, as far as the loss (0..1) justifies."""
    to_black = low + loss * (min(low, _BLACK) - low)
    to_white = high + loss * (max(high, _WHITE) - high)
    gain = (to_white - to_black) / max(high - low, 1.0)
    if gain > _MOST_GAIN:  # the middle stays where it would have gone
        middle, half = (to_white + to_black) / 2, _MOST_GAIN * max(high - low, 1.0) / 2
        to_black, to_white, gain = middle - half, middle + half, _MOST_GAIN
    black = low - to_black / gain
    return Levels(round(black, 3), round(black + 255 / gain, 3))


def tone_samples(photo: RgbU8) -> F32:
    """Some hundred thousand samples (N, 3) of the middle, averaged, so that grain and specks do not count."""
    height, width = photo.shape[:2]
    top, left = int(height * _MARGIN), int(width * _MARGIN)
    middle = photo[top : height - top, left : width - left]
    scale = _LOOKED_AT / max(middle.shape[:2])
    if scale < 1:
        size = max(1, round(middle.shape[1] * scale)), max(1, round(middle.shape[0] * scale))
        middle = cv2.resize(middle, size, interpolation=cv2.INTER_AREA)
    out: F32 = middle.reshape(-1, 3).astype(np.float32)
    return out


def _looked_up(values: F32, pixels: RgbU8) -> RgbU8:
    """Pixels (H, W, 3) by a table (256, 3) of values."""
    table = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    out: RgbU8 = cv2.LUT(np.ascontiguousarray(pixels), table[None])
    return out
