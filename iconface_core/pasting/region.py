"""How far a restored crop reaches into its photo.

The face itself always; around it the head and its surroundings, unless the photo is sharper there than in the face and
as sharp as what was restored. Everything fades out towards the crop's border and towards other people's faces, whose
pixels stay theirs. Where the photo ends there is nothing to fade into.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iconface_core.geometry import invert
from iconface_core.types import F32, DetectedFace

Mask = NDArray[np.bool_]

FADE = (0.05, 0.16)
"""Width of the fade in sides of the crop, where nothing would be seen and where a step of `FADE_STEP` would be."""

FADE_STEP = 16.0
"""Of 255: a change as large as this at the border needs the widest fade."""

FADE_IN_FACE = 0.03
"""Width of the fade within the face, beside another face that touches it."""

OTHER_MARGIN = 0.12
"""Of another face's box, on each side: hair and chin are theirs too."""

AS_SHARP = (0.6, 0.85)
"""Fine structure of the photo over that of the restored picture: from none to all of the photo's pixels are kept."""

SHARPER_THAN_FACE = (0.5, 1.0)
"""Natural log of fine over middle structure, beyond that of the face: the same. In evenly degraded photos most
surroundings are less than .5 above the face, around a blurred face in a sharp photo 1 to 3 (docs/benchmarks.md)."""

SEEN = (0.75, 2.0)
"""Fine structure as a variance in 8-bit steps: flat places are neither sharp nor blurred."""


LARGEST = 1024
"""Side in pixels of the picture in which the mask is made."""


@dataclass(frozen=True, slots=True, eq=False)
class CropPlacement:
    """Where a crop lies in a part of the photo, the region.

    `to_region` maps crop pixels to pixels of the region, `shape` (height, width) is its size, `corner` x, y its place
    in the photo. `landmarks` (5, 2) are in pixels of the region. `scale` is crop pixels per photo pixel, `size` the
    crop's side. `unit` is the crop's side in pixels of the region, four times the distance of the eyes. `zoom` is
    pixels of the region per photo pixel, 1 or less.
    """

    to_region: F32
    landmarks: F32
    corner: tuple[int, int]
    shape: tuple[int, int]
    scale: float
    size: int
    zoom: float = 1.0

    @classmethod
    def of(
        cls, from_photo: F32, landmarks: F32, corner: tuple[int, int], shape: tuple[int, int], size: int
    ) -> "CropPlacement":
        """For a crop with this photo -> crop affine and landmarks (5, 2) in photo pixels."""
        to_region = invert(from_photo)
        to_region[:, 2] -= corner
        scale = float(np.hypot(*from_photo[:, 0]))
        return cls(to_region, (landmarks - np.array(corner)).astype(np.float32), corner, shape, scale, size)

    @property
    def unit(self) -> float:
        """See above."""
        return self.size / self.scale

    def reduced(self, largest: int) -> "CropPlacement":
        """The same place in a smaller picture of the photo, whose sides are `largest` at most."""
        share = largest / max(self.shape)
        if share >= 1:
            return self
        h, w = (max(1, round(n * share)) for n in self.shape)
        step = np.array([w / self.shape[1], h / self.shape[0]], np.float32)
        to_region = self.to_region * step[:, None]
        to_region[:, 2] += 0.5 * step - 0.5  # pixel centres
        landmarks = ((self.landmarks + 0.5) * step - 0.5).astype(np.float32)
        return CropPlacement(
            to_region, landmarks, self.corner, (h, w), self.scale / share, self.size, self.zoom * share
        )


def paste_mask(place: CropPlacement, was: F32, new: F32, others: Sequence[DetectedFace] = ()) -> F32:
    """How much of the restored picture each pixel of the region gets, (H, W) in 0..1, exactly 0 where none.

    `was` is the photo, `new` the restored picture, both (H, W, 3) in 0..255; `others` are the other faces of the photo.
    """
    free = _free(place, others)
    small = place.reduced(LARGEST)
    if small is not place:  # smooth as it is, the mask of a large face needs no more
        size = small.shape[::-1]
        was, new = (cv2.resize(i, size, interpolation=cv2.INTER_AREA) for i in (was, new))
    face = _smooth_step((1 - radius(small.landmarks, small.shape)) / 0.22 + 0.5)
    keep = kept_surroundings(small, was, new, face)
    mask = _fade(small, _free(small, others), new - was, face) * (face + (1 - face) * (1 - keep))
    if small is not place:
        mask = cv2.resize(mask, place.shape[::-1], interpolation=cv2.INTER_LINEAR)
    mask[(mask < 1 / 512) | ~free] = 0  # less than half an 8-bit step of a full-range change
    return mask.astype(np.float32)


def radius(landmarks: F32, shape: tuple[int, int]) -> F32:
    """How far each pixel (H, W) lies from the middle of a face with these landmarks (5, 2): 1 is its outline.

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
    y, x = np.ogrid[: shape[0], : shape[1]]
    x, y = x - centre[0], y - centre[1]
    across, along = (x * side[0] + y * side[1]) / (1.02 * unit), (x * axis[0] + y * axis[1]) / (1.3 * unit)
    out: F32 = ((np.abs(across) ** 2.4 + np.abs(along) ** 2.4) ** (1 / 2.4)).astype(np.float32)
    return out


def face_mask(landmarks: F32, size: int) -> F32:
    """A soft mask (size, size), 0..1, of the face around five landmarks in crop pixels."""
    return _smooth_step((1 - radius(landmarks, (size, size))) / 0.22 + 0.5)


def kept_surroundings(place: CropPlacement, was: F32, new: F32, face: F32) -> F32:
    """How much the photo's own pixels are kept, (H, W) in 0..1: where they are sharper than those of the face and as
    sharp as the restored ones. `face` (H, W) in 0..1 says where the face is."""
    inside = _inside_crop(place)
    within = (face > 0.5) & inside
    if not within.any():
        return np.zeros(place.shape, np.float32)
    noise = _noise(was)
    fine, middle = (_power(_mean(a, place.unit / 16, inside)) for a in _structure(was))
    fine_after = _power(_mean(_structure(new)[0], place.unit / 16, inside))
    in_face = [_power(a[within].mean()) for a in _structure(was)]
    sharper = _sharpness(fine - noise, middle) - _sharpness(in_face[0] - noise, in_face[1])
    as_sharp = _between((fine + 1) / (fine_after + 1), AS_SHARP)
    return as_sharp * _between(sharper, SHARPER_THAN_FACE) * _between(fine - noise, SEEN)


def _sharpness(fine: F32, middle: F32) -> F32:
    out: F32 = np.log((np.maximum(fine, 0) + 0.25) / (middle + 1))  # rests of noise and rounding count little
    return out


def _structure(image: F32) -> tuple[F32, F32]:
    """Roots of the fine (below 1 pixel) and the middle (1 to 4 pixels) structure of brightness."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    low, lower = cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.GaussianBlur(grey, (0, 0), 4.0)
    return np.sqrt(np.abs(grey - low)), np.sqrt(np.abs(low - lower))


def _power(root: F32) -> F32:
    """The variance of a normal distribution whose roots have this mean: a few scratches say little in it, where they
    would rule a mean of squares."""
    out: F32 = 2.19 * root**4
    return out


def _noise(image: F32) -> float:
    """The variance of noise in fine structure: noise is everywhere, so it is measured where there is least."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # blind to edges (Immerkaer 1996)
    amount = cv2.blur(np.abs(cv2.filter2D(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), -1, kernel)), (16, 16))
    return 0.85 * float(np.quantile(amount[::4, ::4], 0.1) * np.sqrt(np.pi / 2) / 6) ** 2


def _inside_crop(place: CropPlacement) -> Mask:
    """Where the region lies in the crop, (H, W) bool."""
    h, w = place.shape
    y, x = np.ogrid[:h, :w]
    inside = np.ones((h, w), bool)
    for along_x, along_y, shift in invert(place.to_region):
        along = (along_x * x + shift).astype(np.float32) + (along_y * y).astype(np.float32)
        inside &= (along >= 0) & (along <= place.size - 1)
    return inside


def _free(place: CropPlacement, others: Sequence[DetectedFace]) -> Mask:
    """Where the region may change, (H, W): in the crop and not in another face. Theirs are their boxes with a margin
    and their outlines, but for what lies within this face and nearer to its middle than to theirs, each in its size."""
    free = _inside_crop(place)
    if not others:
        return free
    own = radius(place.landmarks, place.shape)
    y, x = np.ogrid[: place.shape[0], : place.shape[1]]
    corner = np.array(place.corner, np.float32)
    for face in others:
        theirs = radius(((face.landmarks - corner) * place.zoom).astype(np.float32), place.shape)
        margin = OTHER_MARGIN * max(face.bbox.width, face.bbox.height)
        low = (np.array([face.bbox.x1, face.bbox.y1]) - margin - corner) * place.zoom
        high = (np.array([face.bbox.x2, face.bbox.y2]) + margin - corner) * place.zoom
        in_box = (x >= low[0] - 1) & (x <= high[0] + 1) & (y >= low[1] - 1) & (y <= high[1] + 1)
        free &= ~((in_box | (theirs < 1.1)) & ~((own < 1) & (own < theirs)))
    return free


def _fade(place: CropPlacement, free: Mask, change: F32, face: F32) -> F32:
    """From 0 beside what must not change to 1, (H, W): the wider, the more the change would be seen there."""
    seen = _mean(np.abs(_mean(change, place.unit / 32, free)).max(2), place.unit / 16, free)
    low, high = FADE
    width = low + (high - low) * np.clip(seen / FADE_STEP, 0, 1)
    width = width + face * (FADE_IN_FACE - width)
    if free.all():
        return np.ones(place.shape, np.float32)
    distance = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 5)
    return _smooth_step(distance / np.maximum(width * place.unit, 1.0))


def _mean(image: F32, sigma: float, where: Mask) -> F32:
    """The Gaussian mean of what lies within `where`, at every pixel; computed on a reduced picture where it is wide."""
    h, w = where.shape
    step = max(1.0, sigma / 4)
    small = (max(1, round(w / step)), max(1, round(h / step)))
    weight = where.astype(np.float32)
    whole = image * (weight if image.ndim == 2 else weight[..., None])
    total, count = (
        cv2.GaussianBlur(cv2.resize(i, small, interpolation=cv2.INTER_AREA), (0, 0), max(sigma / step, 0.3))
        for i in (whole, weight)
    )
    count = np.maximum(count, 1e-4)
    mean = total / (count if image.ndim == 2 else count[..., None])
    out: F32 = cv2.resize(mean, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return out


def _between(x: F32, limits: tuple[float, float]) -> F32:
    return _smooth_step((x - limits[0]) / (limits[1] - limits[0]))


def _smooth_step(x: F32) -> F32:
    t = np.clip(x, 0, 1)
    smooth: F32 = (t * t * (3 - 2 * t)).astype(np.float32)
    return smooth
