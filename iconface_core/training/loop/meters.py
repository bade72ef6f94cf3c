"""Means of the loss terms and the speed since the last log line."""

from collections.abc import Mapping

import torch
from torch import Tensor

from .processes import Processes


class Meters:
    """Sums stay on the device until they are read, so that a GPU is not made to wait every step."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._reset()

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Count one step; a term may be absent from some steps and then has its own mean."""
        self.steps += 1
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self, now: float, processes: Processes) -> dict[str, float]:
        """Means over the steps and over all processes, with `samples_per_s`; starts again."""
        faces = float(self._sums.pop("faces"))
        names = list(self._sums)
        means = torch.stack([self._sums[name].to(processes.device) / self._counts[name] for name in names])
        values = processes.mean(means).tolist()
        speed = faces / max(now - self._since, 1e-9)
        self._since = now
        self._reset()
        return {"samples_per_s": speed, **dict(zip(names, values, strict=True))}

    def _reset(self) -> None:
        self.steps = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
