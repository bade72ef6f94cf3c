"""Putting a restored face back into its photo, so that nobody sees where it begins.

Not the face alone: hair, ears, neck and what else the crop shows are restored as well, or the eye sees a clear oval
in a blurred head. `paste_region.py` says how far, `paste_tone.py` keeps light and palette, `grain.py` the grain.
Outside the mask the photo is bit-identical.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from iconface_core.geometry import FFHQ_512, invert
from iconface_core.types import F32, AlignedFace, DetectedFace, Patch, RgbU8

from .grain import measure_grain, missing_grain
from .region import CropPlacement, paste_mask
from .tone import is_grey, tone_matched


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """`patch` is the part of the photo that may differ from the original: a photo of 80 megapixels is not copied for a
    face. `mask` (y2 - y1, x2 - x1) says how much of the restored face each of its pixels holds, 0..1. `change`
    (y2 - y1, x2 - x1, 3) is what was added there, 0..255 either way, but for the grain, which is nobody's gain.
    `photo` is what was pasted onto, with the patches `before` it."""

    patch: Patch
    mask: F32
    change: F32
    photo: RgbU8
    before: tuple[Patch, ...] = ()

    @property
    def region(self) -> tuple[int, int, int, int]:
        """x1, y1, x2, y2 of the patch."""
        return self.patch.region

    def surroundings(self) -> tuple[RgbU8, tuple[int, int]]:
        """The patch with half its size on each side, all that is there of the photo; and x, y of its corner."""
        x1, y1, x2, y2 = self.region
        more = max(x2 - x1, y2 - y1, 2) // 2
        left, top = max(0, x1 - more), max(0, y1 - more)
        out = self.photo[top : y2 + more, left : x2 + more].copy()
        for patch in (*self.before, self.patch):
            patch.put_into(out, top, left)
        return out, (left, top)

    @property
    def pixels(self) -> RgbU8:
        """A new photo (H, W, 3)."""
        out = self.photo.copy()
        for patch in (*self.before, self.patch):
            patch.put_into(out)
        return out


def paste_back(
    photo: RgbU8,
    degraded: AlignedFace,
    restored: RgbU8,
    landmarks: F32,
    *,
    others: Sequence[DetectedFace] = (),
    in_front: F32 | None = None,
    onto: Sequence[Patch] = (),
    seed: int = 0,
) -> Pasted:
    """Return `photo` with one face and its surroundings in the crop replaced by `restored`.

    `degraded` is the FFHQ_512 crop that was restored, `restored` (size, size, 3) the result, `landmarks`
    (5, 2) the face in photo pixels. The restorer's *change* of the crop is what is put in, so a face larger than the
    crop keeps the photo's own detail above the crop's resolution, and what was not changed keeps its bits. `others` are
    the photo's other faces: not a pixel of theirs changes. `in_front` (size, size), 0..1, says how much of a pixel of
    the crop is something before the face, which keeps the photo's pixels. Several faces: paste one after another,
    `onto` the patches of those before. `seed` is the grain's. Parts outside the photo are cut off. Raises
    ValueError when the shapes of the crops differ, or a patch of `onto` is not of `photo`.
    """
    if in_front is not None and in_front.shape != restored.shape[:2]:
        raise ValueError(f"what is in front has shape {in_front.shape}, the crop {restored.shape[:2]}")
    if restored.shape != degraded.pixels.shape:
        raise ValueError(f"restored crop has shape {restored.shape}, the degraded one {degraded.pixels.shape}")
    for patch in onto:
        patch.check_inside(photo.shape)
    region = _region(photo, degraded.from_photo, FFHQ_512.size)
    x1, y1, x2, y2 = region
    if x2 <= x1 or y2 <= y1:
        nothing = np.zeros((0, 0), np.float32)
        return Pasted(Patch((0, 0, 0, 0), photo[:0, :0]), nothing, np.zeros((0, 0, 3), np.float32), photo, tuple(onto))
    place = CropPlacement.of(degraded.from_photo, landmarks, (x1, y1), (y2 - y1, x2 - x1), FFHQ_512.size)
    was = photo[y1:y2, x1:x2].astype(np.float32)
    grey = is_grey(degraded.pixels)
    change = _warp(tone_matched(restored, degraded.pixels), place.to_region, (x2 - x1, y2 - y1), place.scale)
    if grey:
        change = np.repeat(change[..., :1], 3, axis=2)
    new = was + change
    mask = paste_mask(place, was, new, others)
    if in_front is not None:
        mask *= 1 - np.clip(_warp(in_front, place.to_region, (x2 - x1, y2 - y1), place.scale), 0, 1)
    # a change of twice the photo's pixels cannot have taken their grain away
    grain = measure_grain(_around(photo, region)) if place.scale > 0.5 else None
    if grain is not None:
        new += missing_grain(grain, change, new, np.random.default_rng([seed, x1, y1]), grey=grey)
    own = photo[y1:y2, x1:x2].copy()
    for patch in onto:
        patch.put_into(own, y1, x1)
    new -= own
    new *= mask[..., None]
    new += own  # bit for bit where the mask is 0
    pixels = np.clip(new + 0.5, 0, 255, out=new).astype(np.uint8)
    change *= mask[..., None]
    return Pasted(Patch(region, pixels), mask, change, photo, tuple(onto))


def _region(photo: RgbU8, from_photo: F32, size: int) -> tuple[int, int, int, int]:
    """The part of the photo that the crop shows."""
    corners = np.array([[x, y] for x in (0, size - 1) for y in (0, size - 1)], np.float32)
    back = invert(from_photo)
    in_photo = corners @ back[:, :2].T + back[:, 2]
    h, w = photo.shape[:2]
    x1, y1 = np.clip(np.floor(in_photo.min(0)).astype(int), 0, [w, h])
    x2, y2 = np.clip(np.ceil(in_photo.max(0)).astype(int) + 1, 0, [w, h])
    return int(x1), int(y1), int(x2), int(y2)


def _around(photo: RgbU8, region: tuple[int, int, int, int]) -> RgbU8:
    """The region and half its size on each side."""
    x1, y1, x2, y2 = region
    more = max(x2 - x1, y2 - y1) // 2
    return photo[max(0, y1 - more) : y2 + more, max(0, x1 - more) : x2 + more]


def _warp(crop: F32, to_region: F32, shape: tuple[int, int], scale: float) -> F32:
    """Warp crop pixels into the region. `scale` is crop pixels per photo pixel: where the crop shrinks, it is averaged
    first, so that it does not alias; where it grows, it is interpolated smoothly."""
    matrix = to_region.astype(np.float64)
    if scale > 1.5:
        size = crop.shape[0]
        small = max(8, min(size, round(size / scale * 1.5)))  # denser would alias, sparser would blur
        crop = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
        step = size / small
        matrix = np.hstack([matrix[:, :2] * step, (matrix[:, :2].sum(1) * (0.5 * step - 0.5) + matrix[:, 2])[:, None]])
    warped: F32 = cv2.warpAffine(crop, matrix, shape, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return warped
