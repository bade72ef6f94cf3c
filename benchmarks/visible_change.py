"""When is a restoration a copy of nothing, and how much does likeness waver by itself?

    python -m benchmarks.visible_change [--people 40] [--seed 5] [--data lfw|celeb256|both]

Validation people with four photos or more, of LFW (faces of about 90 px) or celeb256 (140 px): one photo, reduced by 1,
1.5 or 2.5 and damaged at the evaluation levels, restored as the product does without references and with three. Rows
are grouped by the mean change of the face's pixels: gain in dB within the outline of the face, sharpness (rms of fine
structure after over before), and how many come nearer to the truth by .3 dB or get a fifth more detail. Then the
likeness to the person (mean cosine to their three closest photos, as the product measures) before and after; and by how
much it moves when the photo is saved once more at JPEG quality 90, or the landmarks by half a pixel, which nobody can
see. At last the fit of `NANO_GAIN.changed`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.optimize import nnls
from scipy.stats import spearmanr

from benchmarks.degrade import jpeg, read_rgb
from benchmarks.expected_gain import is_validation
from benchmarks.faces import SHARED, central_face, make_engine, photos_by_person
from benchmarks.paste import degraded
from iconface_core.damage.sharpness import measure, why_left_alone
from iconface_core.damage.visible_change import LEAST_MEAN, visible_change
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.models.catalogue import NANO_FILE
from iconface_core.models.files import locate
from iconface_core.pasting.paste import paste_back
from iconface_core.pasting.region import radius
from iconface_core.restorers.nano.restorer import NanoRestorer
from iconface_core.training.degradations.degrader import LEVELS
from iconface_core.types import F32, RestoreInput, RestoreOptions, RgbU8
from plugin.restoring.expected_gain import REACH

FIELDS = (
    "level", "references", "mean", "share", "gain", "crisp", "quality", "before", "after", "noise", "score", "eyes",
    "to_input", "quality_after",
)  # fmt: skip
LEVEL_NAMES = tuple(LEVELS)


def photos_of(data: str) -> dict[str, list[Path]]:
    """Validation people with four photos or more."""
    celebrities = {f.name: sorted(f.glob("*.jpg")) for f in sorted((SHARED / "celeb256").iterdir())}
    everybody = photos_by_person() if data == "lfw" else celebrities
    return {n: p for n, p in everybody.items() if len(p) >= 4 and is_validation(n)}


def rows(data: str, people: int, seed: int) -> Iterator[tuple[float, ...]]:
    """Values of FIELDS; `noise` is the standard deviation of the likeness under changes that nobody sees."""
    engine, rng = make_engine("sface-2021dec"), np.random.default_rng(seed)
    embedder = engine.embedder
    nano = NanoRestorer(locate(NANO_FILE), embedder=lambda: embedder, threads=1)

    def vector(photo: RgbU8, landmarks: F32) -> tuple[F32, float]:
        [e] = embedder.embed([align_face(photo, landmarks, ARCFACE_112)])
        return e.vector, float(embedder.calibration.quality(e.norm))

    photos = photos_of(data)
    for name in rng.permutation(sorted(photos))[:people]:
        known = []
        for path in rng.permutation(np.array(photos[name], object))[:5]:
            image = read_rgb(path)
            if (face := central_face(engine.detector.detect(image), image)) is not None:
                [e] = embedder.embed([align_face(image, face.landmarks, ARCFACE_112)])
                known.append((image, face.landmarks, e, align_face(image, face.landmarks, FFHQ_512)))
        if len(known) < 4:
            continue
        whole, where, *_ = known[0]
        factor = float(rng.choice([1, 1.5, 2.5]))
        size = round(whole.shape[1] / factor), round(whole.shape[0] / factor)
        clean = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
        landmarks = ((where + 0.5) / factor - 0.5).astype(np.float32)
        others = np.stack([e.vector for *_, e, _ in known[1:]])

        def like(v: F32, others: F32 = others) -> float:
            return float(np.sort(others @ v)[::-1][:3].mean())

        for number, level in enumerate(LEVEL_NAMES):
            bad = degraded(clean, level, int(rng.integers(1 << 30)))
            crop = align_face(bad, landmarks, FFHQ_512)
            seen = measure(crop.pixels, crop.from_photo)
            if why_left_alone(seen):
                continue
            own, quality = vector(bad, landmarks)
            before = like(own)
            same = [like(vector(jpeg(bad, 90), landmarks)[0])]
            same += [like(vector(bad, (landmarks + rng.normal(0, 0.5, 2)).astype(np.float32))[0]) for _ in range(2)]
            noise = float(np.sqrt(np.mean((np.array(same) - before) ** 2)))
            for references in (0, 3):
                used = known[1 : 1 + references]
                request = RestoreInput(crop, tuple(c for *_, c in used), tuple(e for *_, e, _ in used))
                pasted = paste_back(bad, crop, nano.restore(request, RestoreOptions()).pixels, landmarks)
                change, inside = visible_change(pasted, landmarks), radius(landmarks, bad.shape[:2]) < 1
                after, quality_after = vector(pasted.pixels, landmarks)
                errors = [float(((p.astype(float) - clean) ** 2)[inside].mean()) for p in (bad, pasted.pixels)]
                yield (
                    number, references, change.mean, change.share, 10 * np.log10(errors[0] / max(errors[1], 1e-3)),
                    _fine(pasted.pixels)[inside].std() / max(_fine(bad)[inside].std(), 1e-3), quality, before,
                    like(after), noise, seen.score, seen.eye_distance, float(after @ own), quality_after,
                )  # fmt: skip


def _fine(image: RgbU8) -> F32:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    out: F32 = grey - cv2.GaussianBlur(grey, (0, 0), 1.0)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--data", choices=("lfw", "celeb256", "both"), default="both")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    sources = ("lfw", "celeb256") if arguments.data == "both" else (arguments.data,)
    table = np.array([row for data in sources for row in rows(data, arguments.people, arguments.seed)])
    v = dict(zip(FIELDS, table.T, strict=True))
    print(f"{len(table)} restorations\n\n| mean change | faces | visible | dB | detail | nearer or crisper |")
    print("|---" * 6 + "|")
    for low, high in ((0, 0.5), (0.5, 1), (1, 1.5), (1.5, 2), (2, 3), (3, 5), (5, 99)):
        here = (v["mean"] >= low) & (v["mean"] < high)
        if here.any():
            better = (v["gain"] >= 0.3) | (v["crisp"] >= 1.095)  # 1.2 as a variance
            print(
                f"| {low}-{high} | {here.sum()} | {v['share'][here].mean():.1%} | {v['gain'][here].mean():+.2f} "
                f"| {v['crisp'][here].mean():.2f} | {better[here].mean():.0%} |"
            )
    print("\n| level | references | faces | mean change | seen | likeness before | after | lost .02 / .04 / .06 |")
    print("|---" * 8 + "|")
    for number, level in enumerate(LEVEL_NAMES):
        for references in (0, 3):
            here = (v["level"] == number) & (v["references"] == references)
            if here.any():
                lost = (v["before"] - v["after"])[here]
                shares = " / ".join(f"{(lost > at).mean():.0%}" for at in (0.02, 0.04, 0.06))
                print(
                    f"| {level} | {references} | {here.sum()} | {v['mean'][here].mean():.2f} "
                    f"| {(v['mean'][here] >= LEAST_MEAN).mean():.0%} | {v['before'][here].mean():.3f} "
                    f"| {v['after'][here].mean():.3f} | {shares} |"
                )
    print("\nlikeness moves by itself (root mean square):", end=" ")
    for low, high in ((0, 0.15), (0.15, 0.4), (0.4, 0.7), (0.7, 1.01)):
        here = (v["quality"] >= low) & (v["quality"] < high)
        if here.any():
            noise = float(np.sqrt((v["noise"][here] ** 2).mean()))
            print(f"quality {low}-{min(high, 1)}: {noise:.3f} ({here.sum()})", end="  ")
    print()
    poor = 1 - v["quality"]
    inputs = np.stack([v["score"], poor], 1) * np.minimum(1, REACH / v["eyes"])[:, None]
    fit, _ = nnls(inputs, v["mean"])
    expected = inputs @ fit
    rank = spearmanr(expected, v["mean"]).statistic
    print(f"\nchanged: {fit[0]:.2f}, {fit[1]:.2f} (Spearman {rank:.2f}); seen, by what was expected:", end=" ")
    for low, high in ((0, 1.5), (1.5, 2), (2, 2.5), (2.5, 3), (3, 4), (4, 99)):
        here = (expected >= low) & (expected < high)
        if here.any():
            print(f"{low}-{high}: {(v['mean'][here] >= LEAST_MEAN).mean():.0%} of {here.sum()}", end="  ")
    print()


if __name__ == "__main__":
    main()
