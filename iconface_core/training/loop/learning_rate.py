"""The learning rate as a function of how far the run is; far is counted in samples or in seconds of training."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """`total` samples or seconds, over all sessions of a run. By seconds, a chain of sessions of any length ends with
    the schedule complete; only by samples can a run be repeated bit for bit."""

    by: Literal["samples", "seconds"] = "samples"
    total: float = 1e6
    shape: Literal["cosine", "constant"] = "cosine"
    warmup: float = 0.02  # part of the total in which the rate rises from 0
    final: float = 0.03  # the cosine's end, as a part of the rate

    def __post_init__(self) -> None:
        if self.total <= 0 or not 0 <= self.warmup < 1 or not 0 <= self.final <= 1:
            raise ValueError("total must be positive, warmup in 0..1 (below 1) and final in 0..1")

    def progress(self, samples: int, seconds: float) -> float:
        """How far the run is, 0..1."""
        return min(1.0, (samples if self.by == "samples" else seconds) / self.total)

    def factor(self, progress: float) -> float:
        """What the learning rate is multiplied by, 0..1; never quite 0, so that no step is wasted."""
        if progress < self.warmup:
            return max(progress / self.warmup, 1e-3)
        if self.shape == "constant":
            return 1.0
        through = (progress - self.warmup) / (1 - self.warmup)
        return max(self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * through)), 1e-3)
