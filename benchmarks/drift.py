"""Does restoring change how old somebody looks, or the colour of their skin? By age, by skin, and by source.

    python -m benchmarks.drift PACK [--faces 120] [--levels moderate severe "old print"]

PACK is made by `iconface train pack AGES PACK --size 256`, where AGES holds a folder per photo of ../shared/data/ages,
named as the photo is (`utk_034_05`: source, age, number). A face is damaged with a seed of its own, taken for a photo
of 256 px, and restored and pasted at the default strength, without references, by a restorer that is told how old it
looks (by a head that never saw it), and by one that is not.

- *skin*: the mean of both cheeks in CIELAB (D65). *lightness* is L* after less before, *colour* CIEDE2000 between both;
  before is the damaged photo, whose tones a restoration must keep.
- *age*: as a ridge regression guesses it from dlib's features, fitted on the faces of the pack that are not restored
  here: years of the restored face less those of the truth, and the same of the damaged one. *not told*: restored
  without knowing how old it looks. The guess itself is poor
  (its mean error stands above the table); differences of means over a group are what counts. ± is 1.96 standard errors.
- groups: the source, the true age, and the skin's individual typology angle (Chardon et al. 1991) in the truth: light
  above 41 degrees, medium above 28, dark below.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.linear_model import RidgeCV

from benchmarks.apparent_age import by_held_out_heads
from benchmarks.visible import OLD_PRINT, photo
from iconface_core.evaluation.cases import degraded, old_prints
from iconface_core.evaluation.judge import DlibJudge
from iconface_core.faces.sface import SFaceEmbedder
from iconface_core.geometry import FFHQ_512
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.data.shards import open_pack
from iconface_core.types import RgbU8

NAME = re.compile(r"(aaf|utk)_(\d{3})_")
BANDS = ((0, 13), (13, 30), (30, 60), (60, 120))
CHEEK = 0.28
"""Radius of a cheek, as part of the distance of the eyes."""


def cheeks(side: int) -> np.ndarray:
    """Where the cheeks are in a crop of this many pixels: half way between each eye and its corner of the mouth."""
    points = (FFHQ_512.points + 0.5) * side / FFHQ_512.size - 0.5  # pixel centres
    mask = np.zeros((side, side), np.uint8)
    radius = round(CHEEK * float(np.linalg.norm(points[1] - points[0])))
    for eye, mouth in ((0, 3), (1, 4)):
        x, y = (points[eye] + points[mouth]) / 2
        cv2.circle(mask, (round(float(x)), round(float(y))), radius, 1, -1)
    return mask.astype(bool)


def skin(images: Sequence[RgbU8]) -> np.ndarray:
    """(N, 3): L*, a*, b* of each face's cheeks."""
    where = cheeks(images[0].shape[0])
    return np.stack([rgb2lab(i)[where].mean(0) for i in images])


def groups(sources: Sequence[str], ages: np.ndarray, lab: np.ndarray) -> Mapping[str, np.ndarray]:
    """Which faces belong to each group."""
    angle = np.degrees(np.arctan2(lab[:, 0] - 50, lab[:, 2]))
    tones = {"light skin": angle > 41, "medium skin": (angle > 28) & (angle <= 41), "dark skin": angle <= 28}
    from_where = {name: np.array([s == name for s in sources]) for name in ("aaf", "utk")}
    by_age = {f"{low} to {high - 1} years": (ages >= low) & (ages < high) for low, high in BANDS}
    return {"all": np.ones(len(ages), bool), **from_where, **by_age, **tones}


def mean(values: np.ndarray) -> str:
    return f"{values.mean():+.1f} ± {1.96 * values.std(ddof=1) / np.sqrt(len(values)):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--faces", type=int, default=120)
    parser.add_argument("--levels", nargs="+", default=["moderate", "severe", OLD_PRINT])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    pack = open_pack(*options.packs)
    told = {i: found for i, name in enumerate(pack.names) if (found := NAME.search(name))}
    usable = sorted(told, key=lambda i: crc32(pack.names[i].encode()))
    chosen, others = usable[: options.faces], usable[options.faces :]
    ages = {i: float(told[i][2]) for i in usable}
    judge = DlibJudge()
    guess = RidgeCV(np.logspace(-3, 3, 13)).fit(
        judge.describe([pack.image(i) for i in others]), [ages[i] for i in others]
    )
    truths = [pack.image(i) for i in chosen]
    teller = by_held_out_heads([Path(pack.names[i]).name for i in chosen])
    true_ages, seeds = np.array([ages[i] for i in chosen]), [crc32(pack.names[i].encode()) for i in chosen]
    looks = guess.predict(judge.describe(truths))
    members = groups([told[i][1] for i in chosen], true_ages, skin(truths))
    weights = options.weights or locate(NANO_FILE)
    restorer = NanoRestorer(weights, embedder=SFaceEmbedder, threads=options.threads)
    print(f"{len(chosen)} faces, {weights.name}; apparent age misses the true one by "
          f"{np.abs(looks - true_ages).mean():.1f} years in the mean, fitted on {len(others)} others\n")  # fmt: skip
    print(
        "| damage | group | faces | lightness | colour | age, damaged | age, restored | not told |\n" + "|---" * 8 + "|"
    )
    for level in options.levels:
        inputs = old_prints(truths, seeds)[0] if level == OLD_PRINT else degraded(truths, level, seeds)
        nobody = [()] * len(inputs)
        restored, _ = photo(restorer, inputs, nobody, teller.ages(inputs))
        untold, _ = photo(restorer, inputs, nobody)
        before, after = skin(inputs), skin(restored)
        colour = deltaE_ciede2000(before, after)
        older = {
            name: guess.predict(judge.describe(p)) - looks
            for name, p in (("in", inputs), ("out", restored), ("untold", untold))
        }
        for name, where in members.items():
            if where.sum() > 2:
                cells = mean((after - before)[where, 0]), f"{colour[where].mean():.1f}", *(
                    mean(older[key][where]) for key in older
                )  # fmt: skip
                print(f"| {level} | {name} | {where.sum()} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
