"""Noise, grain and JPEG's blocks of a whole photo taken away: as much as was measured, and no more.

A denoiser takes fine detail for noise: cloth, leaves, gravel. What it takes away is therefore compared with the noise
that the quietest places of the photo have, and where it is more, so much more was detail: there the change is made
smaller. A photo without noise is not touched at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from iconface_core.protocols import PhotoCleaner
from iconface_core.types import F32, BBox, RgbU8

from .tiles import OnStep, in_tiles, tile_rows

NOISY = 2.0
"""Standard deviation of brightness in 8-bit steps, in the quietest tenth of a photo: below, it is left alone. Clear
photos have .3 to 1.2, with noise of 8 they have 5 (benchmarks/background.py)."""

BLOCKY = 0.35
"""How much higher steps are at the borders of JPEG's blocks than elsewhere: from this on they count as noise. Clear
photos have .27 at most, those of quality 25 have .43 and more, of 75 half of them .29 (benchmarks/background.py)."""

_OF_BLOCKS = 6.0
"""Steps of noise that blocks count as: they are not even at all."""

ALLOWANCE = 1.25
"""Of the noise: so much may be taken away of any place. Noise is not even, and its estimate is rough."""

_WINDOW = 9
"""Side in pixels of the places whose change is compared with the noise."""

_QUIET = 0.1
_SIDE = 16
_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Blind to edges and slopes; of white noise it gives six times its standard deviation (Immerkaer 1996)."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_FACE, _RIM = 0.25, 0.2
"""Of the larger side of a face's box: what belongs to it on each side, and how wide the way back is around that."""


@dataclass(frozen=True, slots=True)
class Noise:
    """`sigma`: standard deviation in 8-bit steps of brightness where a photo is quietest. `blocks`: as `BLOCKY`."""

    sigma: float
    blocks: float

    @property
    def seen(self) -> bool:
        """Whether anybody would take some of it away."""
        return self.sigma >= NOISY or self.blocks >= BLOCKY

    @property
    def most(self) -> float:
        """How much of any place may be taken away, 8-bit steps."""
        return ALLOWANCE * max(self.sigma, _OF_BLOCKS if self.blocks >= BLOCKY else 0.0)


def measure_noise(photo: RgbU8) -> Noise:
    """The noise of a photo (H, W, 3); none where it is too small to tell, or black and white only."""
    height, width = photo.shape[:2]
    if min(height, width) < 3 * _SIDE:
        return Noise(0.0, 0.0)
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    power = cv2.blur(cv2.filter2D(grey, -1, _KERNEL) ** 2, (_SIDE, _SIDE))[_EVERY, _EVERY] / 36
    mean = cv2.blur(grey, (_SIDE, _SIDE))[_EVERY, _EVERY]
    usable = power[(mean > 12) & (mean < 243)]  # clipped to black or white, noise is lost
    sigma = float(np.sqrt(np.quantile(usable, _QUIET))) if usable.size >= 16 else 0.0
    return Noise(sigma, (_blocks(grey, 0) + _blocks(grey, 1)) / 2)


def cleaned(photo: RgbU8, noise: Noise, cleaner: PhotoCleaner, *, on_step: OnStep | None = None) -> RgbU8:
    """The photo (H, W, 3) without its noise. `on_step` as in `in_tiles`."""

    def work(tile: RgbU8) -> RgbU8:
        return _limited(tile, cleaner.cleaned(tile, denoise=True), noise.most)

    return in_tiles(photo, work, tile=cleaner.tile, context=cleaner.context, on_step=on_step)


def enlarged(photo: RgbU8, cleaner: PhotoCleaner, *, on_step: OnStep | None = None) -> Iterator[RgbU8]:
    """The photo (H, W, 3) twice as large, some rows after others from the top. `on_step` as in `in_tiles`."""

    def work(tile: RgbU8) -> RgbU8:
        return cleaner.cleaned(tile, denoise=False, enlarge=2)

    return tile_rows(photo, work, enlarge=2, tile=cleaner.tile, context=cleaner.context, on_step=on_step)


def keep_faces(photo: RgbU8, before: RgbU8, boxes: Sequence[BBox]) -> None:
    """Put the faces in these boxes back as they were `before`, in place, each with a soft rim."""
    for box in boxes:
        side = max(box.width, box.height)
        inner, rim = _FACE * side, max(2.0, _RIM * side)
        far = inner + rim
        x1, y1 = max(0, int(box.x1 - far)), max(0, int(box.y1 - far))
        rows, columns = slice(y1, max(y1, int(box.y2 + far) + 1)), slice(x1, max(x1, int(box.x2 + far) + 1))
        part, was = photo[rows, columns], before[rows, columns]
        if not part.size:
            continue
        y = np.arange(y1, y1 + part.shape[0], dtype=np.float32)
        x = np.arange(x1, x1 + part.shape[1], dtype=np.float32)
        away_y = np.maximum(np.maximum(box.y1 - inner - y, y - box.y2 - inner), 0)
        away_x = np.maximum(np.maximum(box.x1 - inner - x, x - box.x2 - inner), 0)
        share = np.clip(1 - np.hypot(away_y[:, None], away_x) / rim, 0, 1)
        share = (share * share * (3 - 2 * share))[..., None]
        np.copyto(part, np.rint(part + share * (was.astype(np.float32) - part)).astype(np.uint8))


_EVERY = slice(_SIDE // 2, -(_SIDE // 2), _SIDE // 2)


def _limited(before: RgbU8, after: RgbU8, most: float) -> RgbU8:
    change = after.astype(np.float32) - before
    size = np.sqrt(cv2.blur((change @ _LUMA) ** 2, (_WINDOW, _WINDOW)))
    share: F32 = np.minimum(1, most / np.maximum(size, 1e-3))
    out: RgbU8 = np.rint(before + change * share[..., None]).clip(0, 255).astype(np.uint8)
    return out


def _blocks(grey: F32, axis: int) -> float:
    """How much higher the steps are at every eighth line than at the others. Edges of things count little, and one long
    edge that happens to lie there counts as one of many."""
    steps = np.minimum(np.abs(np.diff(grey, axis=axis)), 12).mean(1 - axis)
    at_border = (np.arange(len(steps)) + 1) % 8 == 0
    return float((np.median(steps[at_border]) + 0.5) / (np.median(steps[~at_border]) + 0.5) - 1)
