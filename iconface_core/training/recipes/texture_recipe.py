"""Recipe for the texture of a fine network: what a face of this kind would have besides what pixels can say.

The base stays as it is. A critic learns together with the texture (one optimiser, one backward pass: its loss sees the
texture detached, the texture's loss sees the critic detached), and is left out of what is exported.
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
from iconface_core.restorers.nano.reference_attention import Window
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.windows import WindowView, cut_out

from .critic import Critic, critic_loss, fooled_loss
from .losses import TextureLossWeights
from .nano_recipe import NanoRecipe
from .recipe import Forward


class WithCritic(nn.Module):
    """The texture alone over given bases (B, 3, H, W), and who judges it."""

    def __init__(self, network: FineNet) -> None:
        super().__init__()
        self.network, self.critic = network, Critic()

    def forward(self, base: Tensor) -> Tensor:
        return self.network.texture_over(base)


@dataclass(frozen=True, slots=True, eq=False)
class TextureExample:
    """What the texture sees and what it should look like, (B, 3, S, S) each, in about [-1, 1]."""

    base: Tensor
    target: Tensor
    window: Window | None


class TextureRecipe:
    """See Recipe. `base` draws the batches and owns the network."""

    def __init__(self, base: NanoRecipe, weights: TextureLossWeights, share: float = 1.0) -> None:
        if not isinstance(base.module, FineNet):
            raise TrainConfigError("a texture needs a network with [nano.model.fine]")
        self._base, self._weights, self._share = base, weights, share
        self.module = WithCritic(base.module)
        self._restored: tuple[Tensor, Tensor] | None = None  # the degraded faces of the last batch, and their base

    @torch.no_grad()
    def draw(self, draw: Draw, progress: float) -> TextureExample:
        """See Recipe. The base never changes, so echoed faces are restored once."""
        example = self._base.draw(draw, progress)
        if self._restored is None or self._restored[0] is not example.degraded:
            out = self.module.network(example.degraded, example.references, example.anchor)
            self._restored = example.degraded, out.base
        return TextureExample(self._restored[1], example.target, example.window)

    def losses(self, forward: Forward, example: TextureExample) -> Mapping[str, Tensor]:
        """See Recipe. "critic" is the critic's own."""
        seen = WindowView(example.window)
        cut = example.base if example.window is None else cut_out(example.base, example.window)
        texture = seen(forward(cut))
        real, made = seen(example.target, cut=True), seen(example.base, cut=True) + texture
        terms = {
            "fooled": fooled_loss(self.module.critic, made),
            "pixels": (made - real).abs().mean(),
            "lowest": functional.avg_pool2d(texture, 8).abs().mean(),
            "energy": energy_loss(made, real),
        }
        critic = critic_loss(self.module.critic, real, made)
        total = torch.stack([getattr(self._weights, name) * value for name, value in terms.items()]).sum() + critic
        return {"loss": total, **terms, "critic": critic}

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """See Recipe: also with the texture."""
        columns = dict(self._base.samples(draw, rows))
        example = self._base.example(draw, "validation", rows, 1.0, 2)
        base = self.module.network(example.degraded, example.references, example.anchor).base
        return {**columns, "with texture": (base + self.module(base)).clamp(-1, 1)}

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """See Recipe: the network without its critic, with `share` of its texture."""
        texture = self.module.network.texture
        assert texture is not None
        whole = [p.detach().clone() for p in texture.last.parameters()]
        with torch.no_grad():
            for p in texture.last.parameters():
                p.mul_(self._share)
            try:
                return self._base.export(folder, record)
            finally:
                for p, value in zip(texture.last.parameters(), whole, strict=True):
                    p.copy_(value)


def energies(images: Tensor, octaves: int = 3) -> list[Tensor]:
    """Local root mean square of the brightness of pictures (B, 3, H, W) in each octave of fine structure, finest first,
    (B, 1, H/8, W/8) each."""
    grey, found = images.mean(1, keepdim=True), []
    for octave in range(octaves):
        blurred = functional.avg_pool2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), 3, 1)
        found.append((functional.avg_pool2d((grey - blurred).square(), 8 >> octave) + 1e-6).sqrt())
        grey = functional.avg_pool2d(blurred, 2)
    return found


def energy_loss(made: Tensor, real: Tensor) -> Tensor:
    """How far the energies are apart, as part of what is there in the octave: 1 where nothing is made of it. The median
    is learnt, not the mean of pictures that may be: this is what keeps a texture from fading away."""
    pairs = zip(energies(made), energies(real), strict=True)
    return torch.stack([(m - r).abs().mean() / r.mean() for m, r in pairs]).mean()
