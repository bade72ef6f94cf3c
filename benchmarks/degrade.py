"""Known damage for benchmarks: what is done to a clean photo, so that the right answer is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from iconface_core.geometry import FFHQ_512
from iconface_core.types import F32, RgbU8


@dataclass(frozen=True)
class Damage:
    """In this order: Gaussian blur (sigma in pixels of the result), shrinking, noise, JPEG. 0 means none."""

    blur: float = 0
    shrink: float = 1
    noise: float = 0
    quality: int = 0


LEVELS = {
    "jpeg": Damage(quality=35),
    "noise": Damage(noise=12),
    "blur": Damage(blur=2, quality=90),
    "mild": Damage(blur=0.7, noise=3, quality=75),
    "moderate": Damage(blur=1.2, noise=8, quality=50),
    "moderate, half size": Damage(blur=1, shrink=2, noise=6, quality=60),
    "severe": Damage(blur=1.5, shrink=3, noise=12, quality=35),
}


def degrade(image: RgbU8, damage: Damage, rng: np.random.Generator) -> RgbU8:
    x: np.ndarray = image.astype(np.float32)
    if damage.blur:
        x = cv2.GaussianBlur(x, (0, 0), damage.blur * damage.shrink)
    if damage.shrink > 1:
        h, w = image.shape[:2]
        x = cv2.resize(x, (round(w / damage.shrink), round(h / damage.shrink)), interpolation=cv2.INTER_AREA)
    if damage.noise:
        x = x + rng.normal(0, damage.noise, x.shape)
    out = np.clip(x + 0.5, 0, 255).astype(np.uint8)
    if damage.quality:
        out = jpeg(out, damage.quality)
    return out


def jpeg(image: RgbU8, quality: int) -> RgbU8:
    """The picture as a JPEG of this quality gives it back."""
    _, coded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[:, :, ::-1])


def scaled(landmarks: F32, factor: float) -> F32:
    """Landmarks (pixel centres) of a photo resized by `factor`."""
    return ((landmarks + 0.5) * factor - 0.5).astype(np.float32)


def read_rgb(path: Path) -> RgbU8:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None, f"cannot read {path}"
    return np.ascontiguousarray(pixels[:, :, ::-1])


def clean_faces(data: Path, lfw: int, celebrities: int, seed: int) -> Iterator[tuple[str, str, RgbU8, F32]]:
    """Set, person, photo and landmarks: random LFW photos (the detector finds the central face), and celeb512 photos
    shrunk to 256 px, so that fine structure is real and time is bearable."""
    from iconface_core.faces.yunet import YuNetDetector

    rng = np.random.default_rng(seed)
    detector = YuNetDetector()
    photos = sorted((data / "lfw").glob("*/*.jpg"))
    for i in rng.permutation(len(photos))[:lfw]:
        image = read_rgb(photos[i])
        found = detector.detect(image)
        if found:
            centre = np.array(image.shape[1::-1]) / 2
            face = min(found, key=lambda f: float(np.hypot(*(f.landmarks.mean(0) - centre))))
            yield "lfw", photos[i].parent.name, image, face.landmarks
    portraits = [p for p in sorted((data / "celeb512").glob("*/*.png")) if "degraded" not in p.name]
    for i in rng.permutation(len(portraits))[:celebrities]:
        image = cv2.resize(read_rgb(portraits[i]), (256, 256), interpolation=cv2.INTER_AREA)
        yield "celeb512", portraits[i].parent.name, image, scaled(FFHQ_512.points, 0.5)
