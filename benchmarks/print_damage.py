"""Does the rule for worn prints tell them from clean faces? Fits it, reports on unseen people, prints the weights.

    python -m benchmarks.print_damage [DATA] [--limit 230] [--seed 0]

Clean faces of LFW, celeb256, pins, celeb512 and ages, in colour, grey and sepia, against the same faces worn by the
recipes of `iconface_core/training/degradations/wear.py` (`old` is the level `OLD_PRINT`, `wear` everything with real
defects, the others one kind alone). Fitted on two thirds of the people, reported on the others; then the faces of
`old_prints`, which have no truth. `mild` and `moderate` are blur and noise: no print damage.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from benchmarks.faces import SHARED
from iconface_core.damage import print_damage
from iconface_core.damage.sharpness import SHARP_SCORE
from iconface_core.faces.yunet import YuNetDetector
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.images.read import read_photo
from iconface_core.training.degradations.degrader import LEVELS, OLD_PRINT, Degrader, DegradeRecipe, PrintWear
from iconface_core.training.degradations.prints import SEPIA
from iconface_core.types import RgbU8

CLEAN = ("clean", "clean grey", "clean sepia")
FALSE_ALARMS = 0.02  # of clean faces fitted on, in colour or sepia
ONE_KIND = ("scratches", "specks", "faded", "creases", "stains")
TURNS: dict[str, tuple[tuple[str, ...], ...]] = {
    "celeb256": (*(("old", kind) for kind in ("wear", *ONE_KIND)), ("mild", "moderate")),
    "lfw": (("wear",), (), ("scratches",), (), ("mild",), ()),
    "pins": (("old", "wear"), ("old",), ("faded",)),
    "celeb512": (("old",),),
    "ages": ((),),
}


class Sample(NamedTuple):
    source: str
    person: str
    kind: str
    features: np.ndarray


def recipes(data: Path) -> dict[str, Degrader]:
    none = PrintWear(**dict.fromkeys((f.name for f in fields(PrintWear)), 0.0))
    print_only = replace(OLD_PRINT, buckets=((1.0, 1.0, 1.0),))
    worn = replace(OLD_PRINT, buckets=((0.5, 4.0, 1.0),), wear=PrintWear(), defects=str(data / "film_damage"))
    one = {k: replace(none, **{k: 1.0, "toned": 0.5 * (k == "faded")}) for k in ONE_KIND}
    kinds: dict[str, DegradeRecipe] = {"old": OLD_PRINT, "wear": worn, "mild": LEVELS["mild"]}
    kinds |= {"moderate": LEVELS["moderate"], **{k: replace(print_only, wear=wear) for k, wear in one.items()}}
    return {name: Degrader(recipe) for name, recipe in kinds.items()}


def samples(data: Path, limit: int, seed: int) -> Iterator[Sample]:
    detector, rng, degraders = YuNetDetector(), np.random.default_rng(seed), recipes(data)
    for source, turns in TURNS.items():
        for i, (person, path) in enumerate(photos(data, source, limit)):
            for face in faces(detector, path)[:1]:
                made = {
                    "clean": face,
                    "clean grey": cv2.cvtColor(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
                }
                toned = made["clean grey"] * (1 + (np.array(SEPIA) - 1) * rng.uniform(0.3, 1))
                made["clean sepia"] = toned.clip(0, 255).astype(np.uint8)
                generator = torch.Generator().manual_seed(int(rng.integers(1 << 30)))
                clean = torch.from_numpy(face.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
                for kind in turns[i % len(turns)]:
                    out = (degraders[kind](clean, generator).images[0].permute(1, 2, 0) + 1) * 127.5
                    made[kind] = out.round().clamp(0, 255).byte().numpy()
                yield from (Sample(source, person, kind, measured(image)) for kind, image in made.items())
    for path in sorted((data / "old_prints").iterdir()):
        for n, face in enumerate(faces(detector, path)):
            yield Sample("old_prints", f"{path.name} {n}", "real", measured(face))


def photos(data: Path, source: str, limit: int) -> list[tuple[str, Path]]:
    """(person, photo), spread over the folder; one photo a person, all portraits of celeb512."""
    if source == "ages":
        found = [(p.stem, p) for p in sorted((data / source).glob("*.jpg"))]
    elif source == "celeb512":
        found = [(p.parent.name, p) for p in sorted((data / source).glob("*/*.png")) if "degraded" not in p.name]
    else:
        found = [(p.name, min(p.iterdir())) for p in sorted((data / source).iterdir()) if p.is_dir()]
    return found[:: max(1, len(found) // limit)][:limit]


def faces(detector: YuNetDetector, path: Path) -> list[RgbU8]:
    """Crops at the photo's own pixels, 256 at most; the widest face first, those too small to judge left out."""
    try:
        photo = read_photo(path).pixels
    except (OSError, ValueError):
        return []
    crops = []
    for face in sorted(detector.detect(photo), key=lambda f: -f.bbox.width):
        crop = align_face(photo, face.landmarks, FFHQ_512)
        side = round(512 / max(2.0, float(np.hypot(crop.from_photo[0, 0], crop.from_photo[1, 0]))))
        if side >= print_damage.SMALLEST_SIDE:
            crops.append(cv2.resize(crop.pixels, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8))
    return crops


def measured(face: RgbU8) -> np.ndarray:
    return print_damage.features(face, 512 / len(face)).astype(np.float64)


def fit(values: np.ndarray, bad: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression with a small ridge on standardised values: weights and intercept for the plain ones."""
    mean, deviation = values.mean(0), values.std(0) + 1e-6
    x, y, w = torch.tensor((values - mean) / deviation), torch.tensor(bad.astype(float)), torch.tensor(weight)
    p = torch.zeros(x.shape[1] + 1, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([p], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        error = torch.nn.functional.binary_cross_entropy_with_logits(x @ p[:-1] + p[-1], y, reduction="none")
        total = (w * error).sum() + (p[:-1] ** 2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    found = p.detach().numpy()
    return found[:-1] / deviation, float(found[-1] - (found[:-1] * mean / deviation).sum())


def report(found: Sequence[Sample], seed: int) -> None:
    source, person, kind = (np.array([s[i] for s in found]) for i in range(3))
    plain = np.array([s.features for s in found])
    values, real = np.concatenate([plain, plain**2], 1), source == "old_prints"
    clean, sound = np.isin(kind, CLEAN), np.isin(kind, (*CLEAN, "mild", "moderate"))
    held_out = ~real & np.isin(person, np.random.default_rng(seed).permutation(np.unique(person[~real]))[::3])
    train = ~held_out & ~real
    weight = (
        np.where(sound, 1.5, 1.0)
        * np.where(kind == "old", 1.5, 1)
        * np.where(np.isin(kind, ("clean", "clean sepia")), 1.6, 1)
    )
    weights, intercept = fit(values[train], ~sound[train], weight[train])
    fitted = values @ weights
    limit = np.quantile(fitted[train & np.isin(kind, ("clean", "clean sepia"))], 1 - FALSE_ALARMS)
    intercept = float(np.log(SHARP_SCORE / (1 - SHARP_SCORE)) - limit)
    shipped = plain @ print_damage.PLAIN + plain**2 @ print_damage.SQUARED + print_damage.INTERCEPT
    for name, logit in (("this fit", fitted + intercept), ("shipped", shipped)):
        flagged = logit >= np.log(SHARP_SCORE / (1 - SHARP_SCORE))
        print(f"\n{name}: flagged of {held_out.sum()} faces of held-out people")
        for s in dict.fromkeys(source[held_out]):
            here = held_out & clean & (source == s)
            print(f"  clean, {s}: {flagged[here].mean():.1%} of {here.sum()}")
        for k in dict.fromkeys(kind[held_out]):
            here = held_out & (kind == k)
            print(f"  {k}: {flagged[here].mean():.1%} of {here.sum()}")
        print(
            "  old_prints:",
            ", ".join(f"{p}{'' if f else ' NOT'}" for p, f in zip(person[real], flagged[real], strict=True)),
        )
    half = len(weights) // 2
    print("\nPLAIN", weights[:half].round(3).tolist(), "\nSQUARED", weights[half:].round(4).tolist())
    print("INTERCEPT", round(intercept, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", default=SHARED)
    parser.add_argument("--limit", type=int, default=230, help="people of each set")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    report(list(samples(arguments.data, arguments.limit, arguments.seed)), arguments.seed)


if __name__ == "__main__":
    main()
