"""Are two photos of the same person? The LFW protocol, end to end: decode, detect, align, embed.

    python -m benchmarks.verification [--embedder sface-2021dec] [--model-dir DIR] [--folds 10] [--processes 2]

Pairs and folds are those of `lfw_pairs.txt`, as far as the people are in `lfw/`. The accuracy of a fold uses the
threshold that is best on the other folds. A photo without a detected face counts as similarity 0: a wrong answer for
a pair of one person. The face of a photo is the one nearest to its middle.
"""

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.degrade import read_rgb
from benchmarks.faces import DATA, SHARED, Engine, central_face, make_engine
from iconface_core.geometry import ARCFACE_112, align_face

STAGES = ("decode", "detect", "align", "embed")
THRESHOLDS = np.linspace(-0.2, 0.8, 2001)
_ENGINE: dict[str, Engine] = {}


@dataclass(frozen=True)
class Pair:
    """Two photos (paths below `lfw/`), whether they show one person, and the fold."""

    left: str
    right: str
    same: bool
    fold: int


def read_pairs(path: Path) -> list[Pair]:
    """LFW's format: ten folds of n pairs of one person (name, i, j), then n of two (name, i, name, j)."""
    folds, per_kind = (int(v) for v in path.read_text(encoding="utf-8").split("\n", 1)[0].split())
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:]):
        part = line.split("\t")
        name, other = part[0], part[0] if len(part) == 3 else part[2]
        fold = number // (2 * per_kind)
        assert fold < folds, line
        pairs.append(Pair(_photo(name, part[1]), _photo(other, part[-1]), len(part) == 3, fold))
    return pairs


def _photo(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"


def _start(embedder: str, model_dir: Path | None) -> None:
    _ENGINE["engine"] = make_engine(embedder, model_dir)


def _embed(name: str) -> tuple[str, np.ndarray | None, tuple[float, ...]]:
    """The vector of a photo's central face and the seconds of each stage."""
    engine = _ENGINE["engine"]
    clock = [time.perf_counter()]
    image = read_rgb(DATA / name)
    clock.append(time.perf_counter())
    face = central_face(engine.detector.detect(image), image)
    clock.append(time.perf_counter())
    if face is None:
        return name, None, (*np.diff(clock), 0.0, 0.0)
    crop = align_face(image, face.landmarks, ARCFACE_112)
    clock.append(time.perf_counter())
    (embedding,) = engine.embedder.embed([crop])
    clock.append(time.perf_counter())
    return name, embedding.vector, tuple(np.diff(clock))


def fold_accuracies(similarity: np.ndarray, same: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and threshold of every fold; the middle one of the best thresholds on all other folds."""
    right = (similarity > THRESHOLDS[:, None]) == same
    accuracies, thresholds = [], []
    for k in np.unique(fold):
        others = right[:, fold != k].mean(1)
        best = np.flatnonzero(others == others.max())
        chosen = best[len(best) // 2]
        accuracies.append(right[chosen, fold == k].mean())
        thresholds.append(THRESHOLDS[chosen])
    return np.array(accuracies), np.array(thresholds)


def accepted_at(similarity: np.ndarray, same: np.ndarray, false_accepts: float) -> float:
    """Share of same-person pairs above the similarity that at most this share of strangers reaches."""
    strangers = np.sort(similarity[~same])[::-1]
    threshold = strangers[int(false_accepts * len(strangers))]
    return float((similarity[same] > threshold).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", default="sface-2021dec")
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--folds", type=int, default=10, help="only the first N folds")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    listed = [p for p in read_pairs(SHARED / "lfw_pairs.txt") if p.fold < options.folds]
    pairs = [p for p in listed if (DATA / p.left).is_file() and (DATA / p.right).is_file()]
    photos = sorted({name for p in pairs for name in (p.left, p.right)})
    started = time.perf_counter()
    setup = (options.embedder, options.model_dir)
    with ProcessPoolExecutor(options.processes, get_context("spawn"), _start, setup) as pool:
        rows = list(pool.map(_embed, photos, chunksize=32))
    elapsed = time.perf_counter() - started

    vectors = {name: vector for name, vector, _ in rows}
    missed = [name for name, vector in vectors.items() if vector is None]
    zero = np.zeros(next(v for v in vectors.values() if v is not None).shape, np.float32)
    known = {name: zero if vector is None else vector for name, vector in vectors.items()}
    similarity = np.array([known[p.left] @ known[p.right] for p in pairs])
    same, fold = np.array([p.same for p in pairs]), np.array([p.fold for p in pairs])
    accuracy, threshold = fold_accuracies(similarity, same, fold)

    print(f"yunet-2023mar + {options.embedder}, {options.processes} processes, {elapsed:.0f} s\n")
    print("| pairs | same / different | photos | no face | accuracy | threshold | TAR at FAR 1 % | TAR at FAR 0.1 % |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {len(pairs)} of {len(listed)} | {same.sum()} / {(~same).sum()} | {len(photos)} | {len(missed)} "
        f"| {accuracy.mean():.2%} ± {accuracy.std():.2%} | {threshold.mean():.3f} "
        f"| {accepted_at(similarity, same, 0.01):.2%} | {accepted_at(similarity, same, 0.001):.2%} |"
    )
    times = np.array([t for _, _, t in rows]) * 1000
    print(f"\n| ms per face | {' | '.join(STAGES)} |\n|---|{'---|' * len(STAGES)}")
    print(f"| median | {' | '.join(f'{v:.1f}' for v in np.median(times, axis=0))} |")
    for name in missed:
        print(f"no face: {name}")


if __name__ == "__main__":
    main()
