"""A sample library, derived at run time from the group photo inside the `insightface` package.

Every picture is a crop of that one photo under other light, tilt and compression, and says so in its name and EXIF
description. It shows how the program works; it proves nothing about how well it works (docs/benchmarks.md does).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageEnhance, ImageFilter

from iconface_core.errors import BackendUnavailableError
from iconface_core.types import DetectedFace

LABEL = "Derived from insightface's sample group photo by iconface demo; not a real photograph of its own."
LOOKS_PER_PERSON = 5


@dataclass(frozen=True, slots=True)
class Look:
    """One derived picture: tilt in degrees, brightness, contrast and colour factors, scale, JPEG quality, year."""

    tilt: float
    light: float
    contrast: float
    colour: float
    scale: float
    jpeg: int
    year: int


LOOKS: Sequence[Look] = (
    Look(0.0, 1.0, 1.0, 1.0, 2.2, 95, 1999),
    Look(-9.0, 1.15, 0.95, 0.9, 2.0, 90, 2000),
    Look(7.0, 0.85, 1.1, 1.1, 1.8, 85, 2001),
    Look(-4.0, 1.05, 1.2, 0.2, 2.0, 92, 2002),
    Look(11.0, 0.95, 0.9, 1.2, 2.1, 80, 2003),
)


def group_photo() -> Path:
    """The picture shipped by `insightface`, found without importing the package."""
    spec = find_spec("insightface")
    if spec is None or not spec.submodule_search_locations:
        raise BackendUnavailableError("the sample needs the insightface package; or give your own: --photos DIR")
    path = Path(spec.submodule_search_locations[0]) / "data" / "images" / "t1.jpg"
    if not path.is_file():
        raise BackendUnavailableError(f"{path} is missing; give your own photos: --photos DIR")
    return path


def make_library(folder: Path, source: Image.Image, faces: Sequence[DetectedFace]) -> Path:
    """Write the sample library into `folder` and return the degraded print in it.

    Each face becomes `LOOKS_PER_PERSON` portraits; the face in the middle of the list also becomes the ruined print.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, face in enumerate(faces, 1):
        for look in LOOKS:
            name = f"sample-person{number}-{look.year}.jpg"
            _save(portrait(source, face, look), folder / name, look)
    ruined = folder / "sample-ruined-print.jpg"
    look = Look(3.0, 0.95, 1.0, 1.0, 1.6, 50, 1998)
    _save(_ruin(portrait(source, faces[len(faces) // 2], look)), ruined, look)
    return ruined


def portrait(source: Image.Image, face: DetectedFace, look: Look) -> Image.Image:
    """Head and shoulders around the face, turned about it."""
    b = face.bbox
    centre = ((b.x1 + b.x2) / 2, (b.y1 + b.y2) / 2)
    side = max(b.width, b.height) * 2.2
    x, y = (max(0, round(c - side)) for c in centre)
    near = source.crop((x, y, min(source.width, round(centre[0] + side)), min(source.height, round(centre[1] + side))))
    turned = near.rotate(look.tilt, Image.Resampling.BICUBIC, center=(centre[0] - x, centre[1] - y))
    box = (centre[0] - side / 2, centre[1] - side * 0.5, centre[0] + side / 2, centre[1] + side * 0.6)
    left, top, right, bottom = (round(v) for v in box)
    left, top, right, bottom = max(0, left), max(0, top), min(source.width, right), min(source.height, bottom)
    out = turned.crop((left - x, top - y, right - x, bottom - y))
    out = out.resize((round(out.width * look.scale), round(out.height * look.scale)), Image.Resampling.LANCZOS)
    for enhance, factor in (
        (ImageEnhance.Brightness, look.light),
        (ImageEnhance.Contrast, look.contrast),
        (ImageEnhance.Color, look.colour),
    ):
        out = enhance(out).enhance(factor)
    return out


def _ruin(picture: Image.Image) -> Image.Image:
    """What a small, faded, badly scanned print looks like: few pixels, soft, sepia, grainy."""
    soft = picture.filter(ImageFilter.GaussianBlur(picture.width / 200))
    small = soft.resize((round(picture.width * 0.32), round(picture.height * 0.32)), Image.Resampling.BOX)
    grey = np.asarray(small.convert("L"), np.float32)
    sepia = grey[..., None] * np.array([1.0, 0.9, 0.75], np.float32) * 0.8 + 35
    grain = np.random.default_rng(0).normal(0, 4, grey.shape)[..., None]
    return Image.fromarray(np.clip(sepia + grain, 0, 255).astype(np.uint8))


def _save(picture: Image.Image, path: Path, look: Look) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = LABEL
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{look.year}:07:01 12:00:00"
    picture.convert("RGB").save(path, quality=look.jpeg, exif=exif)
