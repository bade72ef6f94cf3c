"""Recipe for what finds the local damage of old prints (`restorers.nano.hidden`). The masks are known: they are made.

Binary cross-entropy, and the Dice coefficient (Milletari et al. 2016): one pixel in fifty is hidden, and cross-entropy
alone is content to find none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.errors import TrainConfigError
from iconface_core.restorers.nano.fine import FineNet
from iconface_core.restorers.nano.hidden import filled, hidden_share
from iconface_core.training.data.draw import Draw

from .nano_recipe import NanoRecipe
from .recipe import Forward

_DICE = 0.3


class HiddenOnly(nn.Module):
    """Of a whole network only what finds damage: degraded faces (B, 3, S, S) -> logits (B, 1, S, S)."""

    def __init__(self, network: FineNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, degraded: Tensor) -> Tensor:
        logits: Tensor = self.network.hidden(degraded)
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class HiddenExample:
    """Degraded faces (B, 3, S, S) in [-1, 1], and what is hidden of each pixel (B, 1, S, S), 0..1."""

    degraded: Tensor
    hidden: Tensor


class HiddenRecipe:
    """See Recipe. `base` draws the faces and owns the network."""

    def __init__(self, base: NanoRecipe, batch: int) -> None:
        if not isinstance(base.module, FineNet):
            raise TrainConfigError("local damage is found by a network with [nano.model.fine]")
        self._base, self._batch = base, batch
        self.module = HiddenOnly(base.module)

    def draw(self, draw: Draw, progress: float) -> HiddenExample:
        """See Recipe."""
        degraded = self._base.degraded(draw, "train", self._batch)
        return HiddenExample(degraded.images, degraded.damage)

    def losses(self, forward: Forward, example: HiddenExample) -> Mapping[str, Tensor]:
        """See Recipe. "found" is the part of what is hidden that is found, "right" the part of what is found that is
        hidden, both at one half."""
        logits = forward(example.degraded)
        guess, true = torch.sigmoid(logits), example.hidden
        entropy = functional.binary_cross_entropy_with_logits(logits, true)
        dice = 1 - (2 * (guess * true).sum() + 1) / (guess.square().sum() + true.square().sum() + 1)
        marked, there = guess.detach() > 0.5, true > 0.5
        both = (marked & there).sum()
        return {
            "loss": entropy + _DICE * dice,
            "entropy": entropy,
            "dice": dice,
            "found": both / there.sum().clamp(min=1),
            "right": both / marked.sum().clamp(min=1),
        }

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe."""
        degraded = self._base.degraded(draw, "validation", rows)
        hidden = hidden_share(self.module(degraded.images))
        shown = {"hidden": degraded.damage, "found": hidden}
        pictures = {name: (2 * mask - 1).expand(-1, 3, -1, -1) for name, mask in shown.items()}
        return {"degraded": degraded.images, **pictures, "filled": filled(degraded.images, hidden)}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: the whole network."""
        return self._base.export(folder, record)
