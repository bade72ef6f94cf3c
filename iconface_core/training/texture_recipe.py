"""Recipe for the texture of a fine network: what a face of this kind would have besides what pixels can say.

The base stays as it is. A critic learns together with the texture (one optimiser, one backward pass: its loss sees the
texture detached, the texture's loss sees the critic detached), and is left out of what is exported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.errors import TrainConfigError
from iconface_core.nano.fine import FineNet, FineOutput

from .critic import Critic, critic_loss, maker_losses
from .losses import TextureLossWeights
from .nano_recipe import NanoExample, NanoRecipe
from .recipe import Draw, Forward
from .windows import Seen


class WithCritic(nn.Module):
    """The network, and who judges its texture."""

    def __init__(self, network: FineNet) -> None:
        super().__init__()
        self.network, self.critic = network, Critic()

    def forward(self, *args: Any, **kwargs: Any) -> FineOutput:
        out: FineOutput = self.network(*args, **kwargs)
        return out


class TextureRecipe:
    """See Recipe. `base` draws the batches and owns the network."""

    def __init__(self, base: NanoRecipe, weights: TextureLossWeights) -> None:
        if not isinstance(base.module, FineNet):
            raise TrainConfigError("a texture needs a network with [nano.model.fine]")
        self._base, self._weights = base, weights
        self.module = WithCritic(base.module)

    def draw(self, draw: Draw, progress: float) -> NanoExample:
        """See Recipe."""
        return self._base.draw(draw, progress)

    def losses(self, forward: Forward, example: NanoExample) -> Mapping[str, Tensor]:
        """See Recipe. "critic" is the critic's own."""
        out = FineOutput(*forward(example.degraded, example.references, example.anchor, window=example.window))
        seen = Seen(example.window)
        real, base, texture = seen(example.target, cut=True), seen(out.base).detach(), seen(out.texture)
        made = base + texture
        terms = {
            **maker_losses(self.module.critic, real, made, base),
            "pixels": (made - real).abs().mean(),
            "lowest": functional.avg_pool2d(texture, 8).abs().mean(),
            "energy": (energy(made) - energy(real)).abs().mean(),
        }
        critic = critic_loss(self.module.critic, real, made, base)
        total = torch.stack([getattr(self._weights, name) * value for name, value in terms.items()]).sum() + critic
        return {"loss": total, **terms, "critic": critic}

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe: also with the texture."""
        columns = dict(self._base.samples(draw, rows))
        example = self._base.example(draw, "validation", rows, 1.0, 2)
        out = self.module(example.degraded, example.references, example.anchor)
        return {**columns, "with texture": (out.base + out.texture).clamp(-1, 1)}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: the network without its critic."""
        return self._base.export(folder, record)


def energy(images: Tensor) -> Tensor:
    """Local root mean square of fine structure, (B, 1, H/8, W/8): pictures (B, 3, H, W) less their blur, in
    brightness."""
    grey = images.mean(1, keepdim=True)
    fine = grey - functional.avg_pool2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return (functional.avg_pool2d(fine.square(), 8) + 1e-6).sqrt()
