"""Randomness of a run: every draw follows from the number of its batch."""

from dataclasses import dataclass

import numpy as np
import torch


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
