"""From a photo file to its faces: a look at the reduced photo, a closer one where small faces would be lost in it."""

import math
from pathlib import Path

from iconface_core.boxes import iou
from iconface_core.images.read import DEFAULT_FULL_PIXELS, DEFAULT_MAX_PIXELS, Photo, photo_size, read_photo
from iconface_core.protocols import FaceDetector
from iconface_core.types import DetectedFace

FILM_SHARE = 9 / 16
"""The least area of a reduced photo, as a share of its goal squared: a panorama keeps as many pixels as a film still,
else it would be a strip some hundred pixels high."""

CLOSER_PIXELS = 30_000_000
"""Of the closer look: some 210 MB while it is read."""

SMALL = 40
"""A face of so many pixels or less, in the reduced photo, speaks for smaller ones that are lost in it."""

PANORAMA = 3.0
"""Long to short side from which people are small beside the long one."""

HUGE = 5.5
"""From so many pixels to one of the reduced photo a face of a hundred pixels leaves no trace there."""


def find_faces(
    path: Path, detector: FaceDetector, *, reduce_to: int, max_pixels: int = DEFAULT_MAX_PIXELS
) -> tuple[Photo, list[DetectedFace]]:
    """The photo, reduced as far as its faces allow, and its faces in the pixels of that, best score first.

    Raises ImageReadError as `read_photo` does.
    """
    photo = read_reduced(path, reduce_to=reduce_to, max_pixels=max_pixels)
    found = detector.detect(photo.pixels)
    if not _worth_a_closer_look(photo, found):
        return photo, found
    factor = math.ceil(math.sqrt(photo.width * photo.height / CLOSER_PIXELS))
    if factor >= int(min(photo.scale)):
        return photo, found
    closer = read_photo(path, reduce_to=max(photo.width, photo.height) // factor, max_pixels=max_pixels)
    small = detector.detect_small(closer.pixels)
    known = [closer.own_face(photo.full_face(f)) for f in found]
    new = [f for f in small if all(iou(f.bbox, k.bbox) < 0.3 for k in known)]
    return (closer, [*known, *new]) if new else (photo, found)


def read_reduced(path: Path, *, reduce_to: int, max_pixels: int) -> Photo:
    """The photo as it is looked at first, whatever its shape. Raises ImageReadError."""
    least = int(FILM_SHARE * reduce_to**2)
    return read_photo(path, reduce_to=reduce_to, least_pixels=least, max_pixels=max_pixels)


def read_detailed(path: Path, *, max_pixels: int, full_pixels: int = DEFAULT_FULL_PIXELS) -> Photo:
    """The full photo, or a reduced one of some `CLOSER_PIXELS` where it has more than `full_pixels`.

    Raises ImageReadError."""
    width, height = photo_size(path)
    if width * height <= full_pixels:
        return read_photo(path, max_pixels=max_pixels, full_pixels=full_pixels)
    factor = math.ceil(math.sqrt(width * height / CLOSER_PIXELS))
    return read_photo(path, reduce_to=max(width, height) // factor, max_pixels=max_pixels)


def _worth_a_closer_look(photo: Photo, found: list[DetectedFace]) -> bool:
    scale = min(photo.scale)
    if scale >= 2 and max(photo.width, photo.height) >= PANORAMA * min(photo.width, photo.height):
        return True
    return scale >= HUGE or (scale >= 2 and any(max(f.bbox.width, f.bbox.height) <= SMALL for f in found))
