"""What an embedder's numbers mean: fit norm -> quality and similarity -> evidence on real people.

    python -m benchmarks.calibrate [--embedder sface-2021dec] [--model-dir DIR] [--people 600] [--processes 2] [--write]

Every photo is used clean and three times degraded at random (blur, shrinking, noise, JPEG, each from none to severe),
then detected, aligned and embedded like any photo. Half of the people fit, the other half show the calibration error.
`--write` stores the result as NAME.calibration.json beside the embedder's installed file, where it is read from; the
shipped SFace has its numbers in `iconface_core/faces/sface_facts.py`.
"""

import argparse
import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.degrade import Damage, degrade, read_rgb
from benchmarks.faces import DATA, Engine, central_face, make_engine, photos_by_person
from iconface_core.calibration import Calibration
from iconface_core.faces.vectors import calibration_path
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.models.catalogue import backend
from iconface_core.models.files import locate

VERSIONS = 4  # the first is clean
MAX_LLR = 20.0
PRIOR = 1e-3
"""Share of same-person pairs the fit is weighted for. Evidence is needed where a library of about a thousand people
puts the decision, far out in the tail of strangers; a fit with both classes counted equally is half as steep there."""
_ENGINE: dict[str, Engine] = {}


@dataclass(frozen=True, eq=False)
class Sample:
    """One row per embedded version of a photo. `severity` 0 is clean, 1 the worst."""

    person: np.ndarray
    photo: np.ndarray
    severity: np.ndarray
    vector: np.ndarray
    norm: np.ndarray

    def where(self, mask: np.ndarray) -> "Sample":
        return Sample(self.person[mask], self.photo[mask], self.severity[mask], self.vector[mask], self.norm[mask])


def random_damage(severity: float, rng: np.random.Generator) -> Damage:
    """Each kind of damage up to its share of `severity`, 0..1."""
    blur, shrink, noise, quality = rng.random(4) * severity
    return Damage(blur=3 * blur, shrink=1 + 3 * shrink, noise=25 * noise, quality=round(95 - 75 * quality))


def _start(embedder: str, model_dir: Path | None) -> None:
    _ENGINE["engine"] = make_engine(embedder, model_dir)


def _versions(job: tuple[int, int, Path]) -> list[tuple[int, int, float, np.ndarray, float]]:
    """The rows of one photo; versions in which no face is found are left out."""
    person, photo, path = job
    engine = _ENGINE["engine"]
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    image = read_rgb(path)
    rows, crops = [], []
    for version in range(VERSIONS):
        severity = float(rng.random()) if version else 0.0
        spoilt = degrade(image, random_damage(severity, rng), rng) if version else image
        face = central_face(engine.detector.detect(spoilt), spoilt)
        if face is not None:
            rows.append(severity)
            crops.append(align_face(spoilt, face.landmarks, ARCFACE_112))
    found = engine.embedder.embed(crops)
    return [(person, photo, s, e.vector, e.norm) for s, e in zip(rows, found, strict=True)]


def measure(embedder: str, model_dir: Path | None, people: int, processes: int) -> Sample:
    """Two photos each of `people` people."""
    rng = np.random.default_rng(7)
    several = sorted((name, paths) for name, paths in photos_by_person().items() if len(paths) >= 2)
    chosen = [several[i] for i in sorted(rng.permutation(len(several))[:people])]
    jobs = [
        (i, 2 * i + k, paths[j])
        for i, (_, paths) in enumerate(chosen)
        for k, j in enumerate(sorted(rng.permutation(len(paths))[:2]))
    ]
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, (embedder, model_dir)) as pool:
        rows = [row for batch in pool.map(_versions, jobs, chunksize=8) for row in batch]
    person, photo, severity, vector, norm = zip(*rows, strict=True)
    return Sample(np.array(person), np.array(photo), np.array(severity), np.stack(vector), np.array(norm))


def pairs(sample: Sample, quality: np.ndarray, strangers: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Similarity, lower quality and truth of all same-person pairs of different photos and of random strangers."""
    same = [
        (a, b)
        for person in np.unique(sample.person)
        for a, b in combinations(np.flatnonzero(sample.person == person), 2)
        if sample.photo[a] != sample.photo[b]
    ]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sample.person), (strangers, 2))
    drawn = drawn[sample.person[drawn[:, 0]] != sample.person[drawn[:, 1]]]
    left, right = np.concatenate([np.array(same), drawn]).T
    similarity = np.einsum("ij,ij->i", sample.vector[left], sample.vector[right])
    truth = np.arange(len(left)) < len(same)
    return similarity, np.minimum(quality[left], quality[right]), truth


def fit(sample: Sample, start: Calibration) -> Calibration:
    """Norms: quality 1 is the median clean photo, 0 the worst 2 %. Evidence: logistic regression at `PRIOR`, whose
    logit less the prior's is the log-likelihood ratio."""
    low, high = np.percentile(sample.norm, 2), np.median(sample.norm[sample.severity == 0])
    scaled = replace(start, norm_low=round(float(low), 2), norm_high=round(float(high), 2))
    similarity, q, truth = pairs(sample, scaled.quality(sample.norm), 200_000, seed=1)
    features = np.stack([np.ones_like(q), q, similarity, q * similarity], axis=1)
    sign = np.where(truth, 1.0, -1.0)
    weight = np.where(truth, PRIOR / truth.sum(), (1 - PRIOR) / (~truth).sum())
    offset = np.log(PRIOR / (1 - PRIOR))

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (features @ w + offset)
        value = float((weight * np.logaddexp(0, -margin)).sum() + 1e-10 * w @ w)
        return value, -(features * (weight * sign * expit(-margin))[:, None]).sum(0) + 2e-10 * w

    bias, quality_bias, slope, quality_slope = minimize(
        loss, np.array([-5.0, 0.0, 20.0, 0.0]), jac=True, method="BFGS"
    ).x.round(2)
    return replace(
        scaled,
        bias=float(bias),
        slope=float(slope),
        quality_bias=float(quality_bias),
        quality_slope=float(quality_slope),
    )


def report(sample: Sample, calibration: Calibration) -> None:
    """Calibration error on people the fit has not seen, per band of quality."""
    quality = calibration.quality(sample.norm)
    similarity, q, truth = pairs(sample, quality, 200_000, seed=2)
    llr = calibration.llr(similarity, q, q)
    print("\n| lower quality | same | strangers | wrong side | cost (bits) | calibration error | similarity at LLR 0 |")
    print("|---|---|---|---|---|---|---|")
    for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.01), (0, 1.01)):
        band = (q >= low) & (q < high)
        same, other = llr[band & truth], llr[band & ~truth]
        if len(same) < 30:
            continue
        wrong = (np.mean(same <= 0) + np.mean(other > 0)) / 2
        cost = (np.mean(np.logaddexp(0, -same)) + np.mean(np.logaddexp(0, other))) / (2 * np.log(2))
        name = f"{low:.2f} to {min(high, 1):.2f}" if high - low < 1 else "all"
        middle = calibration.similarity_at(0, min((low + high) / 2, 1))
        error = calibration_error(same, other)
        print(f"| {name} | {len(same)} | {len(other)} | {wrong:.2%} | {cost:.4f} | {error:.4f} | {middle:.3f} |")
    print("\n| severity | photos | median norm | median quality |\n|---|---|---|---|")
    for low, high in ((0, 0.001), (0.001, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)):
        band = (sample.severity >= low) & (sample.severity < high)
        print(
            f"| {low:.2f} to {high:.2f} | {band.sum()} | {np.median(sample.norm[band]):.2f} | "
            f"{np.median(quality[band]):.2f} |"
        )


def calibration_error(same: np.ndarray, other: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of P(same person) with both classes counted equally."""
    probability = expit(np.concatenate([same, other]))
    truth = np.arange(len(probability)) < len(same)
    weight = np.where(truth, 0.5 / len(same), 0.5 / len(other))
    slot = np.minimum((probability * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        here = slot == b
        mass = weight[here].sum()
        if mass > 0:
            total += abs((weight[here] * truth[here]).sum() - (weight[here] * probability[here]).sum())
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedder", default="sface-2021dec")
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    print(f"photographs: {DATA}")
    sample = measure(options.embedder, options.model_dir, options.people, options.processes)
    fitting = sample.person % 2 == 0
    start = make_engine(options.embedder, options.model_dir).embedder.calibration
    found = fit(sample.where(fitting), replace(start, max_llr=MAX_LLR))
    print(f"{len(np.unique(sample.person))} people, {len(sample.norm)} faces; fitted on one half:\n{found}")
    report(sample.where(~fitting), found)
    if options.write:
        (file,) = backend(options.embedder).files
        if file.bundled:
            raise SystemExit(
                "a shipped embedder is not written: copy the numbers to iconface_core/faces/sface_facts.py"
            )
        target = calibration_path(locate(file, options.model_dir))
        found.write(target)
        print(f"\nwritten to {target}")


if __name__ == "__main__":
    main()
