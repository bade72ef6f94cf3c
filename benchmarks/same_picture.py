"""Are copies of a photo known as one picture, and other photos of the same person not?

    python -m benchmarks.same_picture [--photos 300] [--seed 1]

So many photos each of LFW, celeb256 and pins, up to eight a person. One photo a person is copied with known damage,
once per kind; recall is the share of copies that are known, at the bits that may differ and at four fewer and more.
Pairs of different photos of one person, and of two people, are false alarms; nearly all show one face in the middle,
which is as hard as different photos get. Pairs may be one photo that was collected twice: the closest are printed.
`shot` is another moment of a burst from the hand: turned, moved and scaled by a little, exposed otherwise; with clocks
a second apart none of those counts.
"""

import argparse
import random
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.degrade import Damage, degrade, read_rgb
from benchmarks.faces import SHARED
from iconface_core.images.perceptual_hash import perceptual_hash
from iconface_core.images.same_picture import NEAR, distance
from iconface_core.training.degradations.degrader import degrade_print_each
from iconface_core.types import RgbU8

PAPER = (245, 243, 238)
Rng = np.random.Generator
Kind = Callable[[RgbU8, Rng], RgbU8]


def ruined(shrink: float, quality: int, noise: float) -> Kind:
    """Made smaller and larger again, noisy, saved as JPEG."""

    def kind(photo: RgbU8, rng: Rng) -> RgbU8:
        small = degrade(photo, Damage(shrink=1 / shrink), rng)
        return degrade(sized(small, photo.shape[1], photo.shape[0]), Damage(noise=noise, quality=quality), rng)

    return kind


def sized(photo: RgbU8, width: int, height: int) -> RgbU8:
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)


def smaller(factor: float) -> Kind:
    return lambda photo, rng: degrade(photo, Damage(shrink=factor), rng)


def compressed(quality: int) -> Kind:
    return lambda photo, rng: degrade(photo, Damage(quality=quality), rng)


def cropped(most: float) -> Kind:
    """Up to so much of each side is gone, and half of that at least of one."""

    def kind(photo: RgbU8, rng: Rng) -> RgbU8:
        h, w = photo.shape[:2]
        cut = rng.uniform(0, most, 4)
        cut[rng.integers(4)] = rng.uniform(most / 2, most)
        top, bottom, left, right = (round(c * n) for c, n in zip(cut, (h, h, w, w), strict=True))
        return np.ascontiguousarray(photo[top : h - bottom, left : w - right])

    return kind


def framed(width: float, colour: tuple[int, int, int]) -> Kind:
    def kind(photo: RgbU8, rng: Rng) -> RgbU8:
        n = round(width * min(photo.shape[:2]))
        return cv2.copyMakeBorder(photo, n, n, n, n, cv2.BORDER_CONSTANT, value=colour)

    return kind


def turned(degrees: float) -> Kind:
    def kind(photo: RgbU8, rng: Rng) -> RgbU8:
        return warped(photo, degrees * rng.choice((-1, 1)), 1, (0, 0), cv2.BORDER_CONSTANT)

    return kind


def warped(photo: RgbU8, degrees: float, scale: float, shift: tuple[float, float], border: int) -> RgbU8:
    h, w = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, scale)
    matrix[:, 2] += np.array(shift) * (w, h)
    return cv2.warpAffine(photo, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=border, borderValue=PAPER)


def faded(photo: RgbU8, rng: Rng) -> RgbU8:
    x = (photo / 255.0) ** rng.uniform(0.6, 0.9) * rng.uniform(170, 200) + rng.uniform(20, 45)
    return np.clip(x * (1, 0.93, 0.8), 0, 255).astype(np.uint8)


def grey(photo: RgbU8, rng: Rng) -> RgbU8:
    return cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def old_print(photo: RgbU8, rng: Rng) -> RgbU8:
    """Scratches, folds, stains, dust and fading of the training's recipe, without blur."""
    square = torch.from_numpy(sized(photo, 256, 256).transpose(2, 0, 1)[None] / np.float32(127.5)) - 1
    worn = degrade_print_each(square, [int(rng.integers(1 << 30))]).images[0].numpy().transpose(1, 2, 0)
    return sized(((worn + 1) * 127.5).clip(0, 255).astype(np.uint8), photo.shape[1], photo.shape[0])


def scanned(photo: RgbU8, rng: Rng) -> RgbU8:
    """A faded print laid on a scanner by hand: turned, with some paper around it, half the pixels."""
    print_ = turned(rng.uniform(0.2, 1.2))(faded(photo, rng), rng)
    return degrade(
        framed(rng.uniform(0.01, 0.05), PAPER)(print_, rng), Damage(blur=0.6, shrink=2, noise=5, quality=60), rng
    )


def shot(photo: RgbU8, rng: Rng) -> RgbU8:
    """The next picture of a burst from the hand."""
    shift = tuple(float(s) for s in rng.uniform(0.02, 0.05, 2) * rng.choice((-1, 1), 2))
    moved = warped(photo, rng.uniform(-2, 2), rng.uniform(1.02, 1.06), (shift[0], shift[1]), cv2.BORDER_REFLECT)
    return degrade(np.clip(moved * rng.uniform(0.9, 1.1), 0, 255).astype(np.uint8), Damage(noise=2, quality=90), rng)


KINDS: dict[str, Kind] = {
    "JPEG, quality 10": compressed(10),
    "half as large": smaller(2),
    "a quarter": smaller(4),
    "ruined, .35": ruined(0.35, 35, 4),
    "ruined, .22": ruined(0.22, 20, 6),
    "ruined, .12": ruined(0.12, 25, 8),
    "noise of 25": ruined(1, 60, 25),
    "faded": faded,
    "grey": grey,
    "an old print": old_print,
    "cut by 2 %": cropped(0.02),
    "cut by 5 %": cropped(0.05),
    "cut by 8 %": cropped(0.08),
    "white frame, 3 %": framed(0.03, PAPER),
    "white frame, 8 %": framed(0.08, PAPER),
    "black frame, 5 %": framed(0.05, (8, 8, 8)),
    "turned by 1 degree": turned(1),
    "turned by 2 degrees": turned(2),
    "scanned again": scanned,
    "cut by 3 %, ruined": lambda photo, rng: ruined(0.25, 25, 6)(cropped(0.03)(photo, rng), rng),
}


def people(folder: str, photos: int, seed: int) -> list[list[Path]]:
    """Photos by person, of people with two or more."""
    folders = sorted(p for p in (SHARED / folder).iterdir() if p.is_dir())
    random.Random(seed).shuffle(folders)
    out: list[list[Path]] = []
    for person in folders:
        found = sorted(person.glob("*.jpg"))[:8]
        if len(found) > 1:
            out.append(found)
        if sum(map(len, out)) >= photos:
            break
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)
    found: dict[str, list[int]] = {kind: [] for kind in (*KINDS, "shot")}
    close: list[tuple[int, Path, Path]] = []
    firsts: list[bytes] = []
    spent, hashed = 0.0, 0
    for folder in ("lfw", "celeb256", "pins"):
        for photos in people(folder, args.photos, args.seed):
            pixels = [read_rgb(p) for p in photos]
            start = time.thread_time()
            hashes = [perceptual_hash(p) for p in pixels]
            spent, hashed = spent + time.thread_time() - start, hashed + len(photos)
            firsts.append(hashes[0])
            pairs = combinations(zip(hashes, photos, strict=True), 2)
            close += [(distance(a, b), p, q) for (a, p), (b, q) in pairs]
            for kind, damage in (*KINDS.items(), ("shot", shot)):
                found[kind].append(distance(hashes[0], perceptual_hash(damage(pixels[0], rng))))
    close.sort(key=lambda c: c[0])
    rows = {**found, "one person, two photos": [c[0] for c in close]}
    rows["two people"] = [distance(a, b) for a, b in combinations(firsts, 2)]
    print(f"{hashed} photos, {len(firsts)} of them copied; {1e3 * spent / hashed:.2f} ms of processor time a photo")
    limits = (NEAR - 4, NEAR, NEAR + 4)
    print(f"{'known, with so many of 128 bits':32s}", *(f"{limit:9d}" for limit in limits))
    for name, distances in rows.items():
        at = [np.mean(np.array(distances) <= limit) for limit in limits]
        print(f"  {name:22s} {len(distances):7d}", *(f"{share:9.2%}" for share in at))
    print("the closest:", *(f"{d:3d} {a.relative_to(SHARED)} {b.name}" for d, a, b in close[:12]), sep="\n  ")


if __name__ == "__main__":
    main()
