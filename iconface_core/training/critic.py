"""The critic of the texture: does this patch look like a photo?

It is not shown the base: a texture that begins as nothing would be told by that alone, from the first step to the last.

Patches as in Isola et al. 2017 (pix2pix), hinge loss (Lim & Ye 2017), spectral normalisation (Miyato et al. 2018),
feature matching (Wang et al. 2018, pix2pixHD). It is used while training only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class Critic(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> scores (B, 1, H/4, W/4), and the features on the way."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        sizes = [(12, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1)]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 3, stride=stride, padding=1)) for a, b, stride in sizes
        )
        self.last = spectral_norm(nn.Conv2d(2 * width, 1, 3, padding=1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = functional.pixel_unshuffle(pictures, 2)
        found = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            found.append(x)
        return self.last(x), found


def critic_loss(critic: Critic, real: Tensor, made: Tensor) -> Tensor:
    """Hinge loss of the critic; nothing of it reaches `made`."""
    good, bad = critic(real)[0], critic(made.detach())[0]
    return functional.relu(1 - good).mean() + functional.relu(1 + bad).mean()


def maker_losses(critic: Critic, real: Tensor, made: Tensor) -> dict[str, Tensor]:
    """What the critic thinks of `made`, and how far its features are from those of `real` (relative, L1); nothing of
    either reaches the critic."""
    frozen = {name: p.detach() for name, p in critic.named_parameters()}
    score, ours = functional_call(critic, frozen, (made,))
    with torch.no_grad():
        _, theirs = functional_call(critic, frozen, (real,))
    apart = [(a - b).abs().mean() / (b.abs().mean() + 1e-6) for a, b in zip(ours, theirs, strict=True)]
    return {"fooled": -score.mean(), "matched": torch.stack(apart).mean()}
