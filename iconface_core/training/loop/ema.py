"""The moving average of the weights, which is what ships: it restores better than the last step does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class WeightAverage:
    """Float32 averages of named parameters. Early on the decay is lower, min(decay, (1 + n) / (10 + n)) after n
    updates, so that the random start is soon forgotten. Decay 0 follows the weights exactly."""

    def __init__(self, parameters: Mapping[str, Tensor], decay: float) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"the decay must be at least 0 and below 1, not {decay}")
        self._parameters = dict(parameters)
        self._decay = decay
        self.updates = 0
        self.tensors = {name: p.detach().to(torch.float32, copy=True) for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take one step towards the present weights."""
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        now = [p.detach().float() for p in self._parameters.values()]
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        average(list(self.tensors.values()), now, self.updates)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters hold the averages inside the block, and exactly what they held before after it."""
        kept = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._assign(self.tensors)
        try:
            yield
        finally:
            self._assign(kept)

    @torch.no_grad()
    def _assign(self, tensors: Mapping[str, Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(tensors[name])
