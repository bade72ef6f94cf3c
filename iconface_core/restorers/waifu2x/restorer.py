"""The blind baseline that works everywhere: waifu2x (upconv_7, photo) on the CPU through ncnn.

It denoises and doubles the size; it knows nothing about faces and invents nothing, which makes it the safe fallback,
and later the upscaler for backgrounds. It cannot undo blur, so an unsharp mask finishes the work, as strong as the blur
that was measured. `benchmarks/restore_blind.py` shows what each part brings.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import ncnn
import numpy as np

from iconface_core.damage.sharpness import measure
from iconface_core.models.files import locate_verified
from iconface_core.restorers.common.ncnn_net import eight_bits, open_net, run
from iconface_core.types import F32, RestoredFace, RestoreInput, RestoreOptions, RgbU8

from .files import LEVELS, MILD, NONE, PARAM, STRONG

_CONTEXT = 7
"""Each side of the input loses this many pixels: six unpadded 3x3 convolutions, then a transposed one that cuts 2 px
of the doubled size."""

_TILE = 192


@dataclass(frozen=True, slots=True)
class Waifu2xPlan:
    """How one crop is restored: shrink it to `size` pixels, double it with denoising `level` (later passes with none),
    then add `sharpen` times what a Gaussian of `radius` crop pixels takes away."""

    size: int
    level: int
    sharpen: float
    radius: float


class Waifu2xRestorer:
    """`FaceRestorer` without references. `threads` are the CPU threads of one run (they do not change the result).

    Raises WeightsError when the shipped files are damaged, BackendUnavailableError when they are missing.
    """

    id = "waifu2x-upconv7-photo"
    max_references = 0
    default_strength = 1.0

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._nets: dict[int, ncnn.Net] = {}
        digest = hashlib.sha256()
        for file in (PARAM, *LEVELS.values()):
            locate_verified(file)
            digest.update(str(file.sha256).encode())
        self.weights_sha256 = digest.hexdigest()

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        """Restore one FFHQ_512 crop; the same input gives the same pixels. References and seed are not used."""
        crop = face.degraded.pixels
        plan = plan_for(crop, face.degraded.from_photo)
        side = crop.shape[0]
        # beyond half the size, doubling a picture that is already enlarged brings nothing but waiting
        doublings = max(1, int(np.ceil(np.log2(side / 2 / plan.size))))
        current = cv2.resize(crop, (plan.size, plan.size), interpolation=cv2.INTER_AREA) if plan.size < side else crop
        for step in range(doublings):
            current = self.double(current, plan.level if step == 0 else NONE)
            if on_step is not None:
                on_step(step + 1, doublings)
        if current.shape[0] != side:
            grows = current.shape[0] < side
            current = cv2.resize(current, (side, side), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
        current = _sharpen(current, plan)
        pixels = cv2.addWeighted(current, options.strength, crop, 1 - options.strength, 0)
        return RestoredFace(pixels, self.id, options)

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """One after another."""
        return [self.restore(face, options, on_step=on_step) for face in faces]

    def double(self, image: RgbU8, level: int = NONE) -> RgbU8:
        """Double the size of any picture (H, W, 3), in tiles. `level` is the denoising: NONE, MILD or STRONG."""
        h, w = image.shape[:2]
        padded = cv2.copyMakeBorder(image, _CONTEXT, _CONTEXT, _CONTEXT, _CONTEXT, cv2.BORDER_REPLICATE)
        out = np.empty((2 * h, 2 * w, 3), np.uint8)
        for y in range(0, h, _TILE):
            for x in range(0, w, _TILE):
                th, tw = min(_TILE, h - y), min(_TILE, w - x)
                tile = padded[y : y + th + 2 * _CONTEXT, x : x + tw + 2 * _CONTEXT]
                out[2 * y : 2 * (y + th), 2 * x : 2 * (x + tw)] = self._run(tile, level)
        return out

    def _run(self, tile: RgbU8, level: int) -> RgbU8:
        return eight_bits(run(self._net(level), tile, "Input1", "Eltwise4"))

    def _net(self, level: int) -> ncnn.Net:
        if level not in self._nets:
            self._nets[level] = open_net(locate_verified(PARAM), locate_verified(LEVELS[level]), self._threads)
        return self._nets[level]


def plan_for(crop: RgbU8, from_photo: F32) -> Waifu2xPlan:
    """Choose size, denoising and sharpening from what the crop really holds.

    The numbers were chosen on faces of `lfw` and `celeb512` with known faults, where the right answer is known.
    """
    side = crop.shape[0]
    scale = max(1.0, float(np.hypot(from_photo[0, 0], from_photo[1, 0])))
    found = measure(crop, from_photo)
    noisy = found.noise > _NOISY
    # a little more than the photo's own size keeps what resampling would lose; noise had better be lost
    size = int(np.clip(round(side / scale * (1.0 if noisy else 1.25)), 32, side))
    if found.detail < _VERY_BLURRED:
        size = min(size, side // 2)
    # a face of fewer pixels has relatively more fine structure, so its blur shows earlier
    sharp = _SHARP_DETAIL + 0.25 * max(0.0, float(np.log2(scale / 3)))
    # what noise survives is sharpened too
    amount = float(np.clip(1.8 * (sharp - found.detail), 0, 2) * np.clip((8 - found.noise) / 6, 0, 1))
    level = STRONG if found.noise > _GRAINY or found.blockiness > _BLOCKY or amount > _GENTLE else MILD
    return Waifu2xPlan(size, level, amount, 1.6 * scale)


_NOISY, _GRAINY = 2.0, 1.0  # 8-bit steps
_GENTLE = 0.5
_BLOCKY = 0.25
_SHARP_DETAIL, _VERY_BLURRED = -1.15, -1.7


def _sharpen(image: RgbU8, plan: Waifu2xPlan) -> RgbU8:
    if plan.sharpen == 0:
        return image
    soft = cv2.GaussianBlur(image, (0, 0), plan.radius)
    sharp: RgbU8 = cv2.addWeighted(image, 1 + plan.sharpen, soft, -plan.sharpen, 0)
    return sharp
