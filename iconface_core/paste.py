"""Putting a restored face back into its photo, so that nobody sees where it begins.

Outside the mask the photo is bit-identical. Inside, the restored crop gets the original's light and tint (its low
frequencies) and its palette (grey stays grey, sepia stays sepia), and fades out along the outline of the face.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .geometry import FFHQ_512, Template, invert
from .types import F32, AlignedFace, RgbU8

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SEPIA_TOLERANCE = 2.5
"""Root mean square in 8-bit steps: a print whose colours follow its brightness this closely is monochrome."""


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """`pixels` is a new photo (H, W, 3). `region` is x1, y1, x2, y2 of the part that may differ from the original, and
    `mask` (y2 - y1, x2 - x1) says how much of the restored face each of its pixels holds, 0..1."""

    pixels: RgbU8
    region: tuple[int, int, int, int]
    mask: F32


def paste_back(
    photo: RgbU8, degraded: AlignedFace, restored: RgbU8, landmarks: F32, *, template: Template = FFHQ_512
) -> Pasted:
    """Return a copy of `photo` with one face replaced by `restored`.

    `degraded` is the crop that was restored, `restored` (size, size, 3) the result on the same template, `landmarks`
    (5, 2) the face in photo pixels. A face that the crop shows enlarged is replaced. One larger than the crop keeps
    the photo's own detail above the crop's resolution and takes the restorer's *change*; between full size and half
    size the two are mixed. Parts of the face outside the photo are cut off. Several faces: paste one after another.
    """
    if restored.shape != degraded.pixels.shape:
        raise ValueError(f"restored crop has shape {restored.shape}, the degraded one {degraded.pixels.shape}")
    size = template.size
    crop_mask = face_mask(landmarks @ degraded.from_photo[:, :2].T + degraded.from_photo[:, 2], size)
    region = _region(photo, degraded.from_photo, crop_mask)
    x1, y1, x2, y2 = region
    if x2 <= x1 or y2 <= y1:
        return Pasted(photo.copy(), (0, 0, 0, 0), np.zeros((0, 0), np.float32))
    matched = match_tone(restored, degraded.pixels, crop_mask)
    to_region = invert(degraded.from_photo)
    to_region[:, 2] -= (x1, y1)
    scale = float(np.hypot(*degraded.from_photo[:, 0]))
    shape = (x2 - x1, y2 - y1)
    mask = np.clip(_warp(crop_mask, to_region, shape, scale), 0, 1)
    mask[mask < 1 / 512] = 0  # less than half an 8-bit step of a full-range change
    own = photo[y1:y2, x1:x2].astype(np.float32)
    new = _warp(matched, to_region, shape, scale)
    keep = float(np.clip(2 - 2 * scale, 0, 1))
    if keep > 0:
        new += keep * (own - _warp(degraded.pixels.astype(np.float32), to_region, shape, scale))
    blended = np.clip(own + mask[..., None] * (new - own) + 0.5, 0, 255).astype(np.uint8)
    pixels = photo.copy()
    target = pixels[y1:y2, x1:x2]
    target[mask > 0] = blended[mask > 0]
    return Pasted(pixels, region, mask)


def face_mask(landmarks: F32, size: int) -> F32:
    """A soft mask (size, size), 0..1, of the face around five landmarks in crop pixels; 0 at the crop's border.

    An upright superellipse from the hairline to the chin, turned with the face, whose size follows the larger of the
    eye distance and the eye-mouth distance, so that profiles are not cut.
    """
    points = landmarks.astype(np.float64)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = mouth - eyes
    reach = float(np.hypot(*down))
    unit = max(float(np.hypot(*(points[1] - points[0]))), reach, 1.0)
    axis = down / reach if reach > 1e-6 else np.array([0.0, 1.0])
    side = np.array([-axis[1], axis[0]])
    centre = eyes + 0.38 * unit * axis + 0.25 * (points.mean(0) - (eyes + mouth) / 2)
    grid_y, grid_x = np.mgrid[:size, :size]
    x, y = grid_x - centre[0], grid_y - centre[1]
    across, along = (x * side[0] + y * side[1]) / (1.02 * unit), (x * axis[0] + y * axis[1]) / (1.3 * unit)
    radius = (np.abs(across) ** 2.4 + np.abs(along) ** 2.4) ** (1 / 2.4)
    feather = 0.22
    border = np.minimum.reduce([grid_x, grid_y, size - 1 - grid_x, size - 1 - grid_y]) / (0.06 * size)
    inside = _smooth_step((1 - radius) / feather + 0.5) * _smooth_step(border)
    return inside.astype(np.float32)


def match_tone(restored: RgbU8, degraded: RgbU8, mask: F32) -> F32:
    """The restored crop (H, W, 3), float, with the light, tint and palette of the degraded one."""
    new, old = restored.astype(np.float32), degraded.astype(np.float32)
    weight = np.maximum(mask, 1e-3)
    side = restored.shape[0]
    small = (side // 4, side // 4)  # such low frequencies need no more, and a wide blur is slow at full size
    drift = cv2.resize((old - new) * weight[..., None], small, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, small, interpolation=cv2.INTER_AREA)
    drift = cv2.GaussianBlur(drift, (0, 0), side / 80) / cv2.GaussianBlur(share, (0, 0), side / 80)[..., None]
    new = new + cv2.resize(drift, (side, side), interpolation=cv2.INTER_LINEAR)
    return _match_palette(new, old, mask)


def _match_palette(new: F32, old: F32, mask: F32) -> F32:
    """Keep a monochrome print monochrome: when every channel of `old` follows its brightness, so does the result."""
    if np.ptp(old, axis=2).max() == 0:
        return np.repeat((new @ _LUMA)[..., None], 3, axis=2)
    step = max(1, old.shape[0] // 128)
    face = mask[::step, ::step] > 0.5
    samples = old[::step, ::step][face]
    if len(samples) < 64:
        return new
    light = samples @ _LUMA / 255
    powers = np.stack([np.ones_like(light), light, light**2, light**3], 1)
    fit, *_ = np.linalg.lstsq(powers, samples, rcond=None)
    if float(np.sqrt(np.mean((powers @ fit - samples) ** 2))) > _SEPIA_TOLERANCE:
        return new
    light = np.clip(new @ _LUMA / 255, 0, 1)
    palette: F32 = (np.stack([np.ones_like(light), light, light**2, light**3], -1) @ fit).astype(np.float32)
    # the palette decides the colour, not the brightness
    return palette + ((new @ _LUMA) - (palette @ _LUMA))[..., None]


def _region(photo: RgbU8, from_photo: F32, mask: F32) -> tuple[int, int, int, int]:
    """The part of the photo that the mask can reach."""
    ys, xs = np.nonzero(mask)
    corners = np.array([[x, y] for x in (xs.min() - 2, xs.max() + 2) for y in (ys.min() - 2, ys.max() + 2)], np.float32)
    back = invert(from_photo)
    in_photo = corners @ back[:, :2].T + back[:, 2]
    h, w = photo.shape[:2]
    x1, y1 = np.clip(np.floor(in_photo.min(0)).astype(int) - 1, 0, [w, h])
    x2, y2 = np.clip(np.ceil(in_photo.max(0)).astype(int) + 2, 0, [w, h])
    return int(x1), int(y1), int(x2), int(y2)


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
    warped: F32 = cv2.warpAffine(crop, matrix, shape, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return warped


def _smooth_step(x: F32) -> F32:
    t = np.clip(x, 0, 1)
    smooth: F32 = t * t * (3 - 2 * t)
    return smooth
