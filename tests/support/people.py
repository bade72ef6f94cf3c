"""Photos of invented lives, derived from the one group photo inside the `insightface` package.

Six people are in it. Every other "photo" of them is a crop under other light, tilt and colour, or its mirror image;
relatives whom nobody ever met are the mean of several faces. It shows what the program does with photos, and nothing
about how well it does it.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.images.read import read_photo
from iconface_core.types import DetectedFace, RgbU8
from plugin.demo.sample import Look, group_photo, portrait


class People:
    """Draws photos, the same ones for the same `seed`. A person is a number from 0 to 5."""

    def __init__(self, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        self.together: RgbU8 = read_photo(group_photo()).pixels
        """All six, from left to right in the order of their numbers."""

    @cached_property
    def faces(self) -> Sequence[DetectedFace]:
        """From left to right."""
        return sorted(YuNetDetector().detect(self.together), key=lambda f: f.bbox.x1)

    @cached_property
    def _aligned(self) -> Sequence[RgbU8]:
        return [align_face(self.together, f.landmarks, FFHQ_512).pixels for f in self.faces]

    def photo(self, person: int) -> Image.Image:
        """Head and shoulders, about 350 to 550 pixels wide."""
        between = self._random.uniform
        look = Look(
            between(-12, 12), between(0.8, 1.2), between(0.85, 1.2), between(0.2, 1.2), between(1.4, 2.2), 90, 0
        )
        return self._maybe_mirrored(portrait(Image.fromarray(self.together), self.faces[person], look))

    def relative(self, *of: int) -> Image.Image:
        """The mean of at least three people: similar to each of them, and somebody else. 440 pixels wide."""
        mean = np.mean([self._aligned[i] for i in of], axis=0) * self._random.uniform(0.9, 1.1)
        face = Image.fromarray(np.clip(mean, 0, 255).astype(np.uint8))
        tilted = face.rotate(self._random.uniform(-5, 5), Image.Resampling.BICUBIC)
        return self._maybe_mirrored(tilted.crop((36, 36, 476, 476)))

    def ruined(
        self, picture: Image.Image, *, shrink: float = 1.0, blur: float = 1.5, noise: float = 10.0
    ) -> Image.Image:
        """A bad scan of a small print: blurred (sigma in pixels of the result), `shrink` times smaller, grainy."""
        soft = picture.filter(ImageFilter.GaussianBlur(blur * shrink))
        small = soft.resize((round(picture.width / shrink), round(picture.height / shrink)), Image.Resampling.BOX)
        grain = self._random.normal(0, noise, (small.height, small.width, 3))
        return Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8))

    def _maybe_mirrored(self, picture: Image.Image) -> Image.Image:
        return ImageOps.mirror(picture) if self._random.random() < 0.4 else picture


def save(picture: Image.Image | RgbU8, path: Path, taken: str | None = None, quality: int = 93) -> Path:
    """As JPEG, with the capture time in EXIF ("YYYY:MM:DD hh:mm:ss") where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if taken:
        exif.get_ifd(0x8769)[0x9003] = taken  # DateTimeOriginal
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.convert("RGB").save(path, quality=quality, exif=exif)
    return path
