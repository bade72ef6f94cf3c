"""The seam between the trainer and what is trained: nano (`nano_recipe`) or the 4B model (`flow_recipe`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Forward = Callable[..., Any]
"""The trained module as the trainer wrapped it (several GPUs, compiled, mixed precision); its answer in float32."""

Example = TypeVar("Example")


@dataclass(frozen=True, slots=True)
class Draw:
    """Which micro-batch of a run this is. Everything random in it follows from these numbers alone, so a resumed run
    needs no generator states and may prepare batches ahead of time."""

    seed: int
    index: int  # micro-batches since the start of the run
    rank: int = 0

    def generator(self, stream: str, device: torch.device | None = None) -> torch.Generator:
        """A fresh generator for one purpose ("faces", "degrade", ...) on `device`, the CPU by default."""
        generator = torch.Generator(device or "cpu")
        generator.manual_seed(self.number(stream))
        return generator

    def number(self, stream: str) -> int:
        """A seed of 63 bits of this process's own."""
        return self._number(stream, self.rank)

    def shared(self, stream: str) -> float:
        """A number in 0..1 that all processes of the run agree on."""
        return self._number(stream, -1) / 2**63

    def _number(self, stream: str, rank: int) -> int:
        key = (self.seed, self.index, rank + 1, *stream.encode())
        return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Recipe(Protocol[Example]):
    """A network with its data and losses. The trainer owns the loop, the optimiser, the average and the files."""

    @property
    def module(self) -> nn.Module:
        """What is trained; parameters with `requires_grad` are optimised, averaged and saved."""

    def draw(self, draw: Draw, progress: float) -> Example:
        """One micro-batch on the training device; `progress` (0..1) is how far the run is. May run in a thread."""

    def losses(self, forward: Forward, example: Example) -> Mapping[str, Tensor]:
        """Scalars by name; "loss" is minimised, the others are logged."""

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """Columns of a sample grid, (rows, 3, H, W) in [-1, 1] each, made with the module as it is now from faces that
        are not trained on. No gradients are needed."""

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """Write the module as it is now as a checkpoint that restores photos; returns its path."""
