"""One way to read a photo, or one face of it, within the limits that the settings set."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iconface_core.geometry import Template, align_face, similarity_transform
from iconface_core.images.read import Photo, check_photo, photo_size, read_photo
from iconface_core.types import F32, AlignedFace

SPARE = 1.5
"""How much finer than a crop the picture is that it is cut from: the same as in `align_face`."""


@dataclass(frozen=True, slots=True)
class PhotoReader:
    """`max_pixels`: more than that is refused (`max_megapixels`). `full_pixels`: more than that is too large to be held
    in full, hence to be restored (`full_megapixels`)."""

    max_pixels: int
    full_pixels: int

    def check(self, path: Path) -> None:
        """Raises ImageReadError for what `read` would refuse by its first bytes and its size, without decoding it."""
        check_photo(path, max_pixels=self.max_pixels)

    def read(self, path: Path, *, reduce_to: int | None = None) -> Photo:
        """The whole photo, upright; with `reduce_to` a smaller picture of it, of at least so many pixels on its longer
        side and less than twice as many. Raises ImageReadError."""
        return read_photo(path, reduce_to=reduce_to, max_pixels=self.max_pixels, full_pixels=self.full_pixels)

    def read_face(self, path: Path, landmarks: F32, template: Template) -> AlignedFace:
        """The crop of a face with these landmarks (5, 2) in pixels of the full photo, which is decoded no larger than
        the crop needs: a face that is larger than its crop needs neither the memory nor the time of the whole photo.
        Raises ImageReadError."""
        from_photo = similarity_transform(landmarks, template.points)
        needed = float(np.hypot(*from_photo[:, 0])) * SPARE
        reduce_to = math.ceil(max(photo_size(path)) * needed) if needed < 1 else None
        photo = read_photo(path, reduce_to=reduce_to, max_pixels=self.max_pixels, full_pixels=self.full_pixels)
        crop = align_face(photo.pixels, photo.own_points(landmarks), template)
        return AlignedFace(crop.pixels, from_photo)
