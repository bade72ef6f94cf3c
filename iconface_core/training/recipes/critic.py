"""The critic of the texture: does this patch look like a photo?

It is not shown the base: a texture that begins as nothing would be told by that alone, from the first step to the last.

Patches as in Isola et al. 2017 (pix2pix), hinge loss (Lim & Ye 2017), spectral normalisation (Miyato et al. 2018). It
is used while training only.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class Critic(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> scores (B, 1, H/4, W/4)."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        sizes = [(12, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1)]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 3, stride=stride, padding=1)) for a, b, stride in sizes
        )
        self.last = spectral_norm(nn.Conv2d(2 * width, 1, 3, padding=1))

    def forward(self, pictures: Tensor) -> Tensor:
        x = functional.pixel_unshuffle(pictures, 2)
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
        scores: Tensor = self.last(x)
        return scores


def critic_loss(critic: Critic, real: Tensor, made: Tensor) -> Tensor:
    """Hinge loss of the critic; nothing of it reaches `made`."""
    good, bad = critic(real), critic(made.detach())
    return functional.relu(1 - good).mean() + functional.relu(1 + bad).mean()


def fooled_loss(critic: Critic, made: Tensor) -> Tensor:
    """How little the critic believes `made`; nothing of it reaches the critic."""
    frozen = {name: p.detach() for name, p in critic.named_parameters()}
    score: Tensor = functional_call(critic, frozen, (made,))
    return -score.mean()
