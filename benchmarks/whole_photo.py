"""Whole photos: is damage found, and little else? Is a photo nearer to the truth when it is filled in and toned?

    python -m benchmarks.whole_photo [DATA] [--limit 120] [--seed 0]     # on people and defects that fitting never saw
    python -m benchmarks.whole_photo --fit [--limit 300]                 # the weights of `whole_photo/damage_map.py`
    python -m benchmarks.whole_photo --sheets DIR                        # before, found, after

Photos of celeb256 and pins, of people for training (`--fit`) or validation, in whole or in part; one in five has
text, woven patterns or frames drawn in, which are no damage. Half of them is worn by the recipe that nano is trained
with, with real defects: four fifths of `film_damage` for fitting, the others for reporting. Only the rule is fitted
here: the network under it was trained on all of them, over faces of other people.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.faces import SHARED
from iconface_core.images.read import read_photo
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate_verified
from iconface_core.restorers.nano.damage_finder import NanoDamageFinder
from iconface_core.training.data.layouts import Split, split_of
from iconface_core.training.degradations.degrader import LEVELS, OLD_PRINT, Degrader
from iconface_core.types import F32, RgbU8
from iconface_core.whole_photo import damage_map as rule
from iconface_core.whole_photo.fading import fading_of
from iconface_core.whole_photo.fill import filled

SIDES = (256, 384)
NEAR = np.ones((5, 5), np.uint8)  # a mask two pixels beside the truth is no error: it is dilated on purpose


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo before and after wear, and what is hidden of each pixel (0..1)."""

    truth: RgbU8
    worn: RgbU8
    hidden: F32
    is_worn: bool


def scenes(data: Path, split: Split, count: int, seed: int, folder: Path) -> Iterator[Scene]:
    """`count` photos, every second one worn; the same ones for the same seed. `folder` takes links to the defects."""
    rng, generator = np.random.default_rng([seed, split == "train"]), torch.Generator().manual_seed(seed)
    for path in sorted((data / "film_damage").glob("*/*.png")):
        number = int("".join(filter(str.isdigit, path.stem)))
        if (number % 5 == 0) == (split == "validation"):
            (folder / path.parent.name).mkdir(parents=True, exist_ok=True)
            (folder / path.parent.name / path.name).symlink_to(path.resolve())
    wear = Degrader(replace(OLD_PRINT, buckets=((0.0, 1.5, 0.5), (1.5, 6.0, 0.5)), defects=str(folder)))
    clear = Degrader(replace(LEVELS["mild"], buckets=((0.0, 0.5, 0.6), (0.5, 4.0, 0.4))))
    files = [
        p for s in ("celeb256", "pins") for p in sorted((data / s).glob("*/*.jpg")) if split_of(p.parent.name) == split
    ]
    for i in range(count):
        picture = scene(read_photo(files[int(rng.integers(len(files)))]).pixels, int(rng.choice(SIDES)), rng)
        if rng.random() < 0.35:
            picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        clean = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        out = (clear if i % 2 else wear)(clean, generator)
        worn, truth = (
            ((t[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte().numpy() for t in (out.images, out.target)
        )
        yield Scene(truth, np.ascontiguousarray(worn), out.damage[0, 0].numpy() * (i % 2 == 0), i % 2 == 0)


def scene(photo: RgbU8, side: int, rng: np.random.Generator) -> RgbU8:
    """A square of a photo, perhaps four times small, with things drawn in that look like damage and are none."""
    short = min(photo.shape[:2])
    part = int(short * rng.uniform(0.5, 1)) if rng.random() < 0.5 else short
    y, x = (int(rng.integers(0, n - part + 1)) for n in photo.shape[:2])
    square = photo[y : y + part, x : x + part]
    if rng.random() < 0.25:
        small = cv2.resize(square, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
        square = np.vstack([np.hstack([small, small[:, ::-1]]), np.hstack([small[::-1], small[::-1, ::-1]])])
    grows = len(square) < side
    out = cv2.resize(square, (side, side), interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
    for chance, draw in ((0.2, frame), (0.18, weave), (0.2, text)):
        if rng.random() < chance:
            out = draw(np.ascontiguousarray(out), rng)
    return np.ascontiguousarray(np.rot90(out, int(rng.integers(4)) * int(rng.random() < 0.3)))


def frame(picture: RgbU8, rng: np.random.Generator) -> RgbU8:
    n = len(picture)
    colour = rng.integers(0, 256, 3) if rng.random() < 0.4 else np.repeat(rng.choice([8, 245]), 3)
    out = picture.copy()
    if rng.random() < 0.4:
        top, bottom, left, right = (int(v) for v in rng.integers(0, 40, 4) * (rng.random(4) < 0.6))
        inside = np.zeros((n, n), bool)
        inside[top : n - bottom, left : n - right] = True
        out[~inside] = colour
        return out
    corners = (rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * n).astype(np.int32)
    return cv2.fillPoly(out, [corners], tuple(int(v) for v in colour), cv2.LINE_AA)


def weave(picture: RgbU8, rng: np.random.Generator) -> RgbU8:
    n, angle, period = len(picture), rng.uniform(0, np.pi), rng.uniform(3, 16)
    y, x = np.mgrid[:n, :n].astype(np.float32)
    threads = np.cos(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / period)
    if rng.random() < 0.6:
        across = np.cos(2 * np.pi * (np.cos(angle) * y - np.sin(angle) * x) / (period * rng.uniform(0.7, 1.6)))
        threads = np.maximum(threads, across)
    lit = cv2.GaussianBlur((threads > rng.uniform(-0.2, 0.8)).astype(np.float32), (0, 0), rng.uniform(0.4, 1.2))
    where = np.zeros((n, n), np.float32)
    middle, axes = (tuple(int(v) for v in rng.integers(*limits, 2)) for limits in ((0, n), (20, 150)))
    cv2.ellipse(where, middle, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    change = lit * where * rng.choice([-1, 1]) * rng.uniform(20, 120)
    return (picture + change[..., None]).clip(0, 255).astype(np.uint8)


def text(picture: RgbU8, rng: np.random.Generator) -> RgbU8:
    n, size = len(picture), rng.uniform(0.25, 1.2)
    dark = rng.random() < 0.5
    colour = tuple(int(v) for v in rng.integers(*((0, 60) if dark else (190, 256)), 3))
    x, y, out = int(rng.integers(-30, int(n * 0.7))), int(rng.integers(10, n)), picture.copy()
    for line in range(int(rng.integers(1, 7))):
        words = "".join(
            rng.choice(list("abcdefghiklmnoprstuvwxyzABCDEFGHIKLMNOPRSTUVWXYZ0123456789 .,"), rng.integers(4, 26))
        )
        at = x, y + int(line * 30 * size)
        cv2.putText(out, words, at, int(rng.integers(0, 8)), size, colour, int(rng.integers(1, 3)), cv2.LINE_AA)
    return out


def fit(found: Sequence[tuple[rule.Places, F32]]) -> None:
    """Ridge-penalised logistic regression on the places and their squares, each place by the root of its area."""
    rows, damaged, weights = [], [], []
    for places, hidden in found:
        size = np.bincount(places.labels.ravel(), minlength=len(places.features) + 1)[1:]
        share = np.bincount(places.labels.ravel(), hidden.ravel(), len(places.features) + 1)[1:] / np.maximum(size, 1)
        clear_cut = np.isfinite(places.features[:, 0]) & ((share < 0.15) | (share > 0.4))
        rows.append(places.features[clear_cut])
        damaged.append(share[clear_cut] > 0.4)
        weights.append(np.sqrt(np.minimum(size[clear_cut], 400)))
    x, y, w = (np.concatenate(p).astype(np.float64) for p in (rows, damaged, weights))
    x = np.concatenate([x, x**2], 1)
    mean, spread = x.mean(0), x.std(0) + 1e-9
    x = np.c_[(x - mean) / spread, np.ones(len(x))]
    penalty = np.diag([3.0] * (x.shape[1] - 1) + [0.0])
    theta = np.zeros(x.shape[1])
    for _ in range(30):  # Newton's method
        p = 1 / (1 + np.exp(-x @ theta))
        theta += np.linalg.solve(
            (x * (w * p * (1 - p) + 1e-9)[:, None]).T @ x + penalty, x.T @ (w * (y - p)) - penalty @ theta
        )
    coefficients = theta[:-1] / spread
    n = len(rule.FEATURES)
    print(f"{len(y)} places, {y.sum():.0f} of damage")
    for name, values in (("PLAIN", coefficients[:n]), ("SQUARED", coefficients[n:])):
        print(f"{name} = [{', '.join(f'{v:.4f}' for v in values)}]")
    print(f"INTERCEPT = {theta[-1] - coefficients @ mean:.3f}")


def psnr(a: RgbU8, b: RgbU8) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((a.astype(np.float32) - b) ** 2), 1e-3)))


def report(data: Path, limit: int, seed: int, finder: NanoDamageFinder) -> None:
    hits = truth = marked = right = 0
    network, clean, scores = np.zeros(4), [], []
    with tempfile.TemporaryDirectory() as folder:
        for s in scenes(data, "validation", limit, seed, Path(folder)):
            mask = rule.damage_map(s.worn, finder)
            if not s.is_worn:
                clean.append(float((mask > 0).mean()))
                continue
            hidden = s.hidden > 0.5
            near = cv2.dilate(hidden.astype(np.uint8), NEAR) > 0
            sure = rule.probabilities(s.worn, finder, lambda: None) > 0.5
            network += [(sure & hidden).sum(), hidden.sum(), sure.sum(), (sure & near).sum()]
            hits, truth = hits + ((mask > 0) & hidden).sum(), truth + hidden.sum()
            marked, right = marked + (mask > 0).sum(), right + ((mask > 0) & near).sum()
            mended = filled(s.worn, mask)
            perfect = filled(s.worn, cv2.dilate((s.hidden > 0.3).astype(np.uint8), np.ones((3, 3), np.uint8)))
            tones = fading_of(mended)
            toned = mended if tones is None else tones.apply(mended)
            scores.append([psnr(p, s.truth) for p in (s.worn, mended, perfect, toned)] + [tones is not None])
    print(f"network alone: found {network[0] / network[1]:.1%}, right {network[3] / network[2]:.1%}")
    print(f"with the rule: found {hits / truth:.1%}, right {right / marked:.1%} of pixels ({len(scores)} worn photos)")
    over = np.mean(np.array(clean) > 0.001)
    print(f"{len(clean)} clean photos: {np.mean(clean):.4%} marked in the mean, over .1 % of {over:.0%}")
    worn, mended, perfect, toned, corrected = np.mean(scores, 0)
    print(f"PSNR of worn photos: {worn:.2f} dB, filled {mended:.2f} (true mask {perfect:.2f}), and toned {toned:.2f}")
    print(f"tones corrected of {corrected:.0%}")
    for source in ("celeb256", "lfw"):
        files = [
            min(p.iterdir())
            for p in sorted((data / source).iterdir())
            if p.is_dir() and split_of(p.name) == "validation"
        ]
        touched = [fading_of(read_photo(p).pixels) is not None for p in files[:: max(1, len(files) // 200)]]
        print(f"tones of clean photos corrected, {source}: {np.mean(touched):.1%} of {len(touched)}")


def sheets(data: Path, out: Path, finder: NanoDamageFinder) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted([*(data / "old_prints").iterdir(), *(data / "group_photos").glob("*.jpg")]):
        photo = read_photo(path).pixels
        mask = rule.damage_map(photo, finder)
        marked = photo.copy()
        marked[mask > 0] = (255, 0, 60)
        mended = filled(photo, mask)
        tones = fading_of(mended)
        row = np.hstack([photo, marked, mended, mended if tones is None else tones.apply(mended)])
        cv2.imwrite(str(out / f"{path.parent.name}-{path.stem}.png"), row[..., ::-1])
        print(
            f"{path.name}: {(mask > 0).mean():.3%} found, tones {'corrected' if tones else 'as they are'}", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--sheets", type=Path)
    args = parser.parse_args()
    finder = NanoDamageFinder(locate_verified(NANO_FILE), threads=1)
    if args.sheets:
        sheets(args.data, args.sheets, finder)
    elif args.fit:
        with tempfile.TemporaryDirectory() as folder:
            drawn = scenes(args.data, "train", args.limit or 300, args.seed, Path(folder))
            fit([(rule.places_in(s.worn, rule.probabilities(s.worn, finder, lambda: None)), s.hidden) for s in drawn])
    else:
        report(args.data, args.limit or 120, args.seed, finder)


if __name__ == "__main__":
    main()
