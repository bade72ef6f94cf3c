"""The head that tells apparent ages from stored vectors: how well it does, and how it is made.

    python -m benchmarks.ages [--write]

Faces are `ages` (one photo a person, their age in its name) and `lag` (people as children and as
adults, no age: they only teach that a child is at most 22 and an adult at least 18). People are in one of five folds by
the SHA-1 of their name (`age_faces.py`); every number is of a fold that its head never saw. `--write` fits one head on
everybody and puts it where it ships.

The network is one hidden layer, fitted as a whole by L-BFGS: no randomness but the seed of its start. Labels are soft,
because a face does not tell its age to the year. At the end the distribution is made as narrow as four of five faces in
its 80 % range allow, over all folds.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.age_faces import FOLDS, AgedFaces, faces_of
from iconface_core.ages import AGES, ApparentAge, child_and_adult
from iconface_core.faces.age_head import AgeHead, write_age_head
from iconface_core.identity.references import ReferencePolicy
from iconface_core.models.catalogue import AGE_FILE
from iconface_core.models.files import locate, sha256_of
from iconface_core.types import F32

HIDDEN = 48
PENALTY = 0.01
STEPS = 120
YOUNG, ADULT = 22, 18  # the oldest child, the youngest adult of `lag`
LAG = 0.3  # weight of what `lag` teaches
SCALE = 128**0.5  # unit vectors have numbers this much smaller than 1
POWER = 1.5  # of the head that ships, as `choose_power` found it
CHOICES = np.arange(0.8, 2.6, 0.05)  # how much narrower


def soft_labels(ages: np.ndarray) -> F32:
    spread = 1.0 + 0.08 * ages[:, None]
    weights = np.exp(-0.5 * ((AGES - ages[:, None]) / spread) ** 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def fit(ages: AgedFaces, years: np.ndarray, lag: AgedFaces, young: np.ndarray) -> AgeHead:
    """A head for the given faces. `years` (N,) belong to `ages`, `young` (M,) to `lag`."""
    dim, n, m = ages.vectors.shape[1], len(ages.vectors), len(lag.vectors)
    x = np.concatenate([ages.vectors, lag.vectors]) * np.float32(SCALE)
    wanted = soft_labels(years)
    possible = np.where(young[:, None], AGES <= YOUNG, AGES >= ADULT).astype(np.float32)
    sizes = dim * HIDDEN, HIDDEN, HIDDEN * len(AGES), len(AGES)
    cut = np.cumsum(sizes)[:-1]

    def parts(flat: np.ndarray) -> tuple[F32, ...]:
        w, b, u, c = np.split(flat.astype(np.float32), cut)
        return w.reshape(dim, HIDDEN), b, u.reshape(HIDDEN, len(AGES)), c

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w, b, u, c = parts(flat)
        inner = np.maximum(x @ w + b, 0)
        scores = inner @ u + c
        scores -= scores.max(1, keepdims=True)
        total = np.exp(scores).sum(1, keepdims=True)
        p = np.exp(scores) / total
        right = (p[n:] * possible).sum(1) + 1e-4
        value = -(wanted * (scores[:n] - np.log(total[:n]))).sum() / n - LAG * np.log(right).sum() / m
        slope = np.concatenate([(p[:n] - wanted) / n, LAG / m * p[n:] * (1 - possible / right[:, None])])
        below = (slope @ u.T) * (inner > 0)
        slopes = x.T @ below + PENALTY * w, below.sum(0), inner.T @ slope + PENALTY * u, slope.sum(0)
        value += PENALTY / 2 * float((w * w).sum() + (u * u).sum())
        return float(value), np.concatenate([s.ravel() for s in slopes]).astype(np.float64)

    rng = np.random.default_rng(0)
    start = [rng.standard_normal(sizes[0]) / dim**0.5, np.zeros(HIDDEN)]
    start += [rng.standard_normal(sizes[2]) * 0.05, np.zeros(len(AGES))]
    w, b, u, c = parts(minimize(loss, np.concatenate(start), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x)
    head = AgeHead(w * np.float32(SCALE), b, u, c, np.zeros((len(AGES), dim), np.float32))
    return replace(head, common=in_common(head, lag.vectors))


def in_common(head: AgeHead, vectors: F32) -> F32:
    """What faces of each age have in common: their mean, each face weighed by how probably it is of that age."""
    weights = head.distributions(vectors).T + 1e-6
    return (weights @ vectors / weights.sum(1, keepdims=True)).astype(np.float32)


def narrowed(head: AgeHead, power: float, vectors: F32) -> AgeHead:
    """The same network with its probabilities raised to `power`."""
    sharper = replace(head, output=head.output * np.float32(power), output_bias=head.output_bias * np.float32(power))
    return replace(sharper, common=in_common(sharper, vectors))


def held_out_heads(ages: AgedFaces, lag: AgedFaces) -> list[AgeHead]:
    """For each fold a head that never saw its people."""
    return [
        fit(_some(ages, a := ages.folds != f), ages.ages[a], _some(lag, b := lag.folds != f), lag.young[b])
        for f in range(FOLDS)
    ]


def _some(faces: AgedFaces, mask: np.ndarray) -> AgedFaces:
    return AgedFaces(faces.names[mask], faces.vectors[mask], faces.norms[mask])


def by_fold(heads: list[AgeHead], faces: AgedFaces) -> F32:
    """(N, 101): what the head that never saw the person says of each face."""
    out = np.zeros((len(faces.vectors), len(AGES)), np.float32)
    for fold, head in enumerate(heads):
        out[faces.folds == fold] = head.distributions(faces.vectors[faces.folds == fold])
    return out


def at(probabilities: F32, share: float) -> np.ndarray:
    return (np.cumsum(probabilities, 1) >= share).argmax(1)


def covered(probabilities: F32, years: np.ndarray) -> float:
    return float(((years >= at(probabilities, 0.1)) & (years <= at(probabilities, 0.9))).mean())


def choose_power(probabilities: F32, years: np.ndarray) -> float:
    """The power that brings the share of faces in their 80 % range nearest to .8."""
    powered = {float(p): probabilities**p for p in CHOICES}
    return min(powered, key=lambda p: abs(covered(powered[p] / powered[p].sum(1, keepdims=True), years) - 0.8))


def report(probabilities: F32, ages: AgedFaces) -> None:
    years, source = ages.ages, np.array([n.split("/")[1][:3] for n in ages.names])
    error, width = np.abs(at(probabilities, 0.5) - years), at(probabilities, 0.9) - at(probabilities, 0.1)
    groups = {"all": years >= 0, "aaf (mostly Asian)": source == "aaf", "utk (all groups)": source == "utk"}
    groups |= {f"{d} to {d + 9}": (years >= d) & (years < d + 10) for d in range(0, 90, 10)} | {"90 on": years >= 90}
    print("| who | faces | mean absolute error | in the 80 % range | its median width |\n|---|---|---|---|---|")
    for name, mask in groups.items():
        print(
            f"| {name} | {mask.sum()} | {error[mask].mean():.1f} years | "
            f"{100 * covered(probabilities[mask], years[mask]):.0f} % | {np.median(width[mask]):.0f} years |"
        )


def refused(probabilities: F32, years: np.ndarray) -> None:
    """How many pairs of two people would not serve as each other's reference for being a child and an adult."""
    looks = [ApparentAge(p) for p in probabilities]
    rng, least = np.random.default_rng(0), ReferencePolicy().other_age
    print("\n| one | the other | refused |\n|---|---|---|")
    for name, one, other in (
        ("up to 8", years <= 8, ("60 and more", years >= 60)),
        ("up to 12", years <= 12, ("25 to 39", (years >= 25) & (years < 40))),
        ("5 to 12", (years >= 5) & (years <= 12), ("13 to 20", (years >= 13) & (years <= 20))),
        ("13 and more", years >= 13, ("13 and more", years >= 13)),
    ):
        pairs = zip(rng.choice(np.flatnonzero(one), 2000), rng.choice(np.flatnonzero(other[1]), 2000), strict=True)
        share = np.mean([child_and_adult(looks[a], looks[b]) >= least for a, b in pairs])
        print(f"| {name} | {other[0]} | {100 * share:.1f} % |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, nargs="?", const=locate(AGE_FILE), metavar="FILE")
    options = parser.parse_args()
    ages, lag = faces_of("ages"), faces_of("lag")
    wide = by_fold(held_out_heads(ages, lag), ages)
    power = choose_power(wide, ages.ages)
    narrow = wide**power
    narrow /= narrow.sum(1, keepdims=True)
    report(narrow, ages)
    refused(narrow, ages.ages)
    print(f"\nprobabilities to the power of {power:.2f}")
    if options.write:
        head = narrowed(fit(ages, ages.ages, lag, lag.young), power, lag.vectors)
        card = {
            "base": head.embedder,
            "faces": {"AAF and UTKFace": len(ages.names), "LAG": len(lag.names)},
            "licence": "research only",
            "made_by": "python -m benchmarks.ages --write",
            "mean_absolute_error_years": round(float(np.abs(at(narrow, 0.5) - ages.ages).mean()), 2),
        }
        write_age_head(options.write, head, card)
        print(f"{options.write}: {options.write.stat().st_size} bytes, {sha256_of(options.write)}")


if __name__ == "__main__":
    main()
