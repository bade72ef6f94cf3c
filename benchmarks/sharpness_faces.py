"""Faces to fit and to judge the degradation score on: clean photos at their own size and smaller, and known damage."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.degrade import LEVELS, Damage, clean_faces, degrade, read_rgb, scaled
from iconface_core.damage import sharpness
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.training.degradations.degrader import LEVELS as RECIPES
from iconface_core.training.degradations.degrader import DegradeRecipe, degrade_each, run_plans
from iconface_core.training.degradations.operators import blur
from iconface_core.training.degradations.steps import Step
from iconface_core.types import F32, RgbU8

OLD_PRINT = DegradeRecipe(
    buckets=((3, 11, 1.0),), toned=0.5, faded=0.5, halftone=0.3, dust=0.4, scratches=0.4, shrink=1, blur=1
)
SMALLEST = 32  # pixels, the side of an FFHQ crop: 8 between the eyes
OWN_SIZE = 0
LARGEST = 512  # pixels, of the portraits: only judged, never fitted on
AS_IT_IS = "as it is"  # the photo itself, which LFW's are not all sharp in; only judged


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One measured face. `side` of its crop in photo pixels before the damage, OWN_SIZE for a photo of that size."""

    source: str
    person: str
    side: int
    kind: str
    features: F32

    @property
    def weight(self) -> float:
        """In the fit: clean faces are few and a false alarm costs more; the mildest damage hardly shows when small."""
        if self.side == LARGEST or self.kind == AS_IT_IS:
            return 0.0
        own = self.side == OWN_SIZE
        weight = (2.0 if own else 1.0) * (1.5 if self.source == "celeb512" else 1.0)
        if self.kind == "clean":
            return weight * 12 * (2.0 if own and self.source == "celeb512" else 1.0)
        return (
            weight * {"recipe mild": 0.1, "mild": 0.5, "motion": 0.5, "jpeg": 0.5}.get(self.kind, 1)
            if not own
            else weight
        )


def samples(data: Path, lfw: int, seed: int) -> Iterator[Sample]:
    """Every clean face at its own size and two (LFW) or four (portraits) smaller ones, each clean and damaged; the
    portraits then at 512 px."""
    rng = np.random.default_rng(seed)
    for source, person, photo, landmarks in clean_faces(data, lfw, 0, seed):
        yield from _measured(source, person, OWN_SIZE, own_size(photo, rng), landmarks)
        crop = align_face(photo, landmarks, FFHQ_512).pixels
        for side in _sides(2, 140, rng):
            yield from _measured(source, person, side, reduced(crop, side, rng), None)
    portraits = [p for p in sorted((data / "celeb512").glob("*/*.png")) if "degraded" not in p.name]
    for path in portraits:
        portrait, person = read_rgb(path), path.parent.name
        half = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA).astype(np.uint8)
        yield from _measured("celeb512", person, OWN_SIZE, own_size(half, rng), scaled(FFHQ_512.points, 0.5))
        for side in _sides(4, 256, rng):
            yield from _measured("celeb512", person, side, reduced(portrait, side, rng), None)
    for path in portraits:
        whole = read_rgb(path)
        damaged = {name: degrade(whole, damage, rng) for name, damage in LEVELS.items()}
        yield from _measured("celeb512", path.parent.name, LARGEST, {"clean": whole, **damaged}, None)


def own_size(photo: RgbU8, rng: np.random.Generator) -> dict[str, RgbU8]:
    """A photo as it is, clean but for a little noise, and with five kinds of damage."""

    def some(*values: float) -> float:
        return float(rng.choice(values))

    h, w = photo.shape[:2]
    factor = rng.uniform(2, 4)
    small = cv2.resize(photo, (int(w / factor), int(h / factor)), interpolation=cv2.INTER_AREA)
    return {
        AS_IT_IS: photo,
        "clean": degrade(photo, Damage(noise=some(0, 0, 1, 2)), rng),
        "blur": degrade(photo, Damage(rng.uniform(1.2, 3.5), 1, some(0, 1, 2), int(some(0, 85, 95))), rng),
        "noise": degrade(photo, Damage(noise=rng.uniform(8, 25), quality=int(some(0, 85, 95))), rng),
        "jpeg": degrade(photo, Damage(quality=int(rng.uniform(8, 30))), rng),
        "mixed": degrade(photo, Damage(rng.uniform(0.8, 2), 1, rng.uniform(4, 12), int(rng.uniform(25, 60))), rng),
        "enlarged": cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC),
    }


def reduced(crop: RgbU8, side: int, rng: np.random.Generator) -> dict[str, RgbU8]:
    """An FFHQ crop at `side` pixels: clean (as sharp as cameras are, lightly compressed), with the damage that the
    restorer was trained on, with motion, and at the levels of `degrade.LEVELS`, two of which shrink it further."""
    base = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
    seed = int(rng.integers(1 << 30))
    light = Damage(float(rng.uniform(0, 0.5)), 1, float(rng.choice([0, 0, 1, 2])), int(rng.choice([0, 0, 90, 95])))
    return {
        "clean": degrade(base, light, rng),
        **{f"recipe {name}": by_recipe(base, recipe, seed) for name, recipe in RECIPES.items()},
        "old print": by_recipe(base, OLD_PRINT, seed),
        "motion": motion(base, rng),
        **{name: degrade(base, damage, rng) for name, damage in LEVELS.items()},
    }


def motion(image: RgbU8, rng: np.random.Generator) -> RgbU8:
    """Shaken by 2 to 8 % of the side."""
    length = len(image) * rng.uniform(0.023, 0.078)
    step = Step(blur, None, (length / 10, length / 10, rng.uniform(0, np.pi), length))
    shaken = run_plans(_tensor(image), [[step]], torch.Generator().manual_seed(int(rng.integers(1 << 30))))
    return degrade(
        _pixels(shaken), Damage(noise=float(rng.choice([0, 1, 2])), quality=int(rng.choice([0, 85, 95]))), rng
    )


def _measured(source: str, person: str, side: int, images: dict[str, RgbU8], landmarks: F32 | None) -> Iterator[Sample]:
    for kind, image in images.items():
        where = scaled(FFHQ_512.points, len(image) / 512) if landmarks is None else landmarks
        face = align_face(image, where, FFHQ_512)
        found = sharpness.measure(face.pixels, face.from_photo)
        parts = sharpness._measure_patch(*sharpness._on_photo_grid(face.pixels, face.from_photo))
        yield Sample(source, person, side, kind, sharpness.features(*parts, found.eye_distance))


def _sides(count: int, largest: int, rng: np.random.Generator) -> list[int]:
    return [int(v) for v in np.exp(rng.uniform(np.log(SMALLEST), np.log(largest), count))]


def by_recipe(image: RgbU8, recipe: DegradeRecipe, seed: int) -> RgbU8:
    """`image` (S, S, 3) degraded; the seed fixes how."""
    return _pixels(degrade_each(_tensor(image), recipe, [seed]))


def _tensor(image: RgbU8) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def _pixels(images: torch.Tensor) -> RgbU8:
    out = ((images[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(out.numpy())
