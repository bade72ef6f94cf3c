"""Every method on the same degraded faces, judged by the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iconface_core.types import F32, RgbU8

from .cases import Case, degraded
from .judge import DlibJudge
from .metrics import Lpips, psnr, sharpness, ssim

Method = Callable[[Sequence[RgbU8], Sequence[Case]], Sequence[RgbU8]]
"""Degraded crops and their cases (for the references; the truth is not to be looked at) -> restored crops, in order."""

OnMethod = Callable[[str, str], None]
INPUT = "input"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One number per case, (N,) each.

    psnr: dB to the truth. ssim, sharpness: see `metrics`. lpips: NaN where it is not available. truth, reference,
    stranger: the judge's cosine to the truth, to the person's first reference and to the stranger's. kept: PSNR, dB,
    between the degraded face and the result degraded again in the same way: does it still explain the input?
    """

    psnr: F32
    ssim: F32
    sharpness: F32
    lpips: F32
    truth: F32
    reference: F32
    stranger: F32
    kept: F32


@dataclass(frozen=True, slots=True, eq=False)
class LevelResult:
    """One level: the degraded faces, the judge's `Scorer.yardstick`, and per method its pictures and scores; the input
    is a method too."""

    level: str
    degraded: tuple[RgbU8, ...]
    yardstick: Mapping[str, float]
    pictures: Mapping[str, tuple[RgbU8, ...]]
    scores: Mapping[str, Scores]


class Scorer:
    """Scores restored faces against their truths (S, S, 3), the first references and, if given, strangers' photos,
    in one order. Those are described once."""

    def __init__(
        self,
        judge: DlibJudge,
        truths: Sequence[RgbU8],
        references: Sequence[RgbU8],
        strangers: Sequence[RgbU8] | None = None,
        *,
        lpips: Lpips | None = None,
    ) -> None:
        self._judge, self._lpips, self._truths = judge, lpips, truths
        self._truth, self._reference = judge.describe(truths), judge.describe(references)
        self._stranger = np.full_like(self._truth, np.nan) if strangers is None else judge.describe(strangers)

    def yardstick(self) -> dict[str, float]:
        """What the judge says of clean photos: a person's reference against the truth, and truths of different faces
        against each other. Likeness is to be read between the two."""
        others = self._truth @ self._truth.T
        return {
            "reference": float((self._truth * self._reference).sum(1).mean()),
            "others": float(others[~np.eye(len(others), dtype=bool)].mean()),
        }

    def score(self, pictures: Sequence[RgbU8]) -> Scores:
        """`kept` is NaN. Raises ValueError when there is not one picture of the truth's size for each truth."""
        if [p.shape for p in pictures] != [t.shape for t in self._truths]:
            raise ValueError(f"need one picture of the same size for each of {len(self._truths)} faces")
        pairs = list(zip(pictures, self._truths, strict=True))
        vectors = self._judge.describe(pictures)
        return Scores(
            psnr=_each(psnr(p, t) for p, t in pairs),
            ssim=_each(ssim(p, t) for p, t in pairs),
            sharpness=_each(sharpness(p, t) for p, t in pairs),
            lpips=_each(np.nan if self._lpips is None else self._lpips(p, t) for p, t in pairs),
            truth=(vectors * self._truth).sum(1),
            reference=(vectors * self._reference).sum(1),
            stranger=(vectors * self._stranger).sum(1),
            kept=np.full(len(pairs), np.nan, np.float32),
        )


def evaluate(
    cases: Sequence[Case],
    methods: Mapping[str, Method],
    levels: Sequence[str],
    judge: DlibJudge,
    *,
    lpips: Lpips | None = None,
    on_method: OnMethod | None = None,
) -> list[LevelResult]:
    """Run all methods on all cases at all levels, the degraded input itself first. `on_method(level, name)` is called
    before each and may raise to cancel. Raises ValueError as `Scorer.score`, or for an unknown level."""
    truths, seeds = [c.truth for c in cases], [c.seed for c in cases]
    first = [[c.references[0] for c in cases], [c.strangers[0] for c in cases]]
    scorer = Scorer(judge, truths, *first, lpips=lpips)
    results = []
    for level in levels:
        inputs = degraded(truths, level, seeds)
        pictures: dict[str, tuple[RgbU8, ...]] = {}
        scores: dict[str, Scores] = {}
        for name, method in {INPUT: _unchanged, **methods}.items():
            if on_method is not None:
                on_method(level, name)
            pictures[name] = tuple(method(inputs, cases))
            found = scorer.score(pictures[name])
            again = degraded(pictures[name], level, seeds)
            kept = _each(psnr(a, i) for a, i in zip(again, inputs, strict=True))
            scores[name] = replace(found, kept=kept)
        results.append(LevelResult(level, tuple(inputs), scorer.yardstick(), pictures, scores))
    return results


def _unchanged(inputs: Sequence[RgbU8], cases: Sequence[Case]) -> Sequence[RgbU8]:
    return inputs


def _each(values: Iterable[float]) -> F32:
    return np.fromiter(values, np.float32)
