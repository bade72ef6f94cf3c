"""Which of several restorations of one face is the best. Pure numbers.

Likeness to the person alone picks what overshoots: a face that is more like her photos than they are like each other is
not more hers. So four things count, each within bounds: what is expected of the restorer on such a face, likeness up to
what two of her photos have, whether the degraded face is explained, and sharpness.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEAST_USUAL, ASSUMED_USUAL = 2.3, 13.0
"""Natural-log evidence of two photos of one person: at least ten to one; and where there is only one photo, the median
of people of LFW and celeb256."""

EXPLAINED = 0.88
"""`consistency` that the clean truth itself has behind noise and JPEG blocks: more is only nearer to the damage."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part is worth, in cosines to the truth as a judge sees them that nothing was trained with."""

    likeness: float
    consistency: float
    sharpness: float
    blend: float


WEIGHTS = Weights(likeness=0.240, consistency=0.393, sharpness=0.005, blend=0.006)
"""Fitted by `benchmarks/choosing.py` on half of the people, but for sharpness, which said nothing there: of two results
that are as good otherwise the sharper is taken."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One candidate. `expected`: by how much its restorer brings such a face nearer to the truth, a cosine. `evidence`:
    natural log, that it is the person of the references; None without any. `consistency` and `sharpness` are 0..1.
    `blend`: it is the mean of several restorers' results, whose errors differ."""

    expected: float
    evidence: float | None
    consistency: float
    sharpness: float
    blend: bool = False


def parts(measured: Measured, usual: float, weights: Weights = WEIGHTS) -> dict[str, float]:
    """What each part adds to the score. `usual` is the natural-log evidence that two photos of the person have."""
    evidence = 0.0 if measured.evidence is None else measured.evidence / max(usual, LEAST_USUAL)
    return {
        "expected": float(np.clip(measured.expected, -1, 1)) + weights.blend * measured.blend,
        "likeness": weights.likeness * float(np.clip(evidence, -1, 1)),
        "consistency": weights.consistency * float(np.clip(measured.consistency, 0, EXPLAINED)),
        "sharpness": weights.sharpness * float(np.clip(measured.sharpness, 0, 1)),
    }


def score(measured: Measured, usual: float, weights: Weights = WEIGHTS) -> float:
    """How good a candidate is: higher is better, and no part of it ever lowers it by being more."""
    return sum(parts(measured, usual, weights).values())


def ranked(candidates: Mapping[str, Measured], usual: float, weights: Weights = WEIGHTS) -> list[str]:
    """The names of candidates, the best first; of equals the first by name, whatever their order."""
    return sorted(candidates, key=lambda name: (-score(candidates[name], usual, weights), name))


def advantages(best: Measured, others: list[Measured], usual: float, weights: Weights = WEIGHTS) -> list[str]:
    """The parts in which the chosen one is ahead of the mean of the others, most first; none where it is alone."""
    if not others:
        return []
    own, rest = parts(best, usual, weights), [parts(o, usual, weights) for o in others]
    ahead = {name: value - float(np.mean([r[name] for r in rest])) for name, value in own.items()}
    return sorted((name for name, gain in ahead.items() if gain > 1e-4), key=lambda name: (-ahead[name], name))
