"""The critic of the texture: does this patch look like a photo, given what was restored faithfully?

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
    """Pictures and bases (B, 3, H, W) in [-1, 1] -> scores (B, 1, H/4, W/4), and the features on the way."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        sizes = [(24, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1)]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 3, stride=stride, padding=1)) for a, b, stride in sizes
        )
        self.last = spectral_norm(nn.Conv2d(2 * width, 1, 3, padding=1))

    def forward(self, pictures: Tensor, bases: Tensor) -> tuple[Tensor, list[Tensor]]:
        # the difference and the base: what was added, and to what
        x = functional.pixel_unshuffle(torch.cat([pictures - bases, bases], 1), 2)
        found = []
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            found.append(x)
        return self.last(x), found


def critic_loss(critic: Critic, real: Tensor, made: Tensor, bases: Tensor) -> Tensor:
    """Hinge loss of the critic; nothing of it reaches `made`."""
    good, bad = critic(real, bases)[0], critic(made.detach(), bases)[0]
    return functional.relu(1 - good).mean() + functional.relu(1 + bad).mean()


def maker_losses(critic: Critic, real: Tensor, made: Tensor, bases: Tensor) -> dict[str, Tensor]:
    """What the critic thinks of `made`, and how far its features are from those of `real` (relative, L1); nothing of
    either reaches the critic."""
    frozen = {name: p.detach() for name, p in critic.named_parameters()}
    score, ours = functional_call(critic, frozen, (made, bases))
    with torch.no_grad():
        _, theirs = functional_call(critic, frozen, (real, bases))
    apart = [(a - b).abs().mean() / (b.abs().mean() + 1e-6) for a, b in zip(ours, theirs, strict=True)]
    return {"fooled": -score.mean(), "matched": torch.stack(apart).mean()}
