"""What damage hides of a face, and a first guess at what lies below, for the network to work on.

Scratches, dust, folds and tears look like structure: a network that restores fine structure keeps them, or draws them
clearer. So they are found first, by a network that sees lines and whole faces and does nothing else, and filled in
from their surroundings. What is not hidden is not touched.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

_WIDTHS = (1, 1.5, 3, 4)
"""Channels of each level over those of the first, at half the image size; every next level is half as large. The
coarsest sees the whole face: a glint in an eye looks like dust to whoever does not see the eye."""

_BLOCKS = (1, 1, 2, 2)

_FROM, _TO = 0.2, 0.5
"""Probabilities between which a pixel goes from kept to filled in."""

_FEW, _MANY = 0.0008, 0.0016
"""Parts of a picture found with certainty between which it goes from clean to damaged. Glints in eyes and hair look
like dust: of a clear photo .025 % is found in the mean and less than .07 % in 19 of 20; of an old print 1 %."""

_LEVELS = 6


class HiddenNet(nn.Module):
    """A small U-Net: pictures (B, 3, H, W) in [-1, 1], H and W multiples of 16 -> logits (B, 1, H, W) of "hidden by
    local damage"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [round(width * w) for w in _WIDTHS]
        steps = list(itertools.pairwise(widths))
        self.first = nn.Conv2d(12, width, 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(above, below, 2, stride=2) for above, below in steps)
        self.up = nn.ModuleList(nn.Conv2d(below, above, 1) for above, below in steps)
        levels = list(zip(widths, _BLOCKS, strict=True))
        self.seen = nn.ModuleList(nn.Sequential(*(_Block(w) for _ in range(n))) for w, n in levels)
        self.found = nn.ModuleList(nn.Sequential(*(_Block(w) for _ in range(n))) for w, n in levels[:-1])
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.normal_(self.last.weight, std=1e-2)
        assert self.last.bias is not None
        nn.init.constant_(self.last.bias, -4.0)  # one pixel in fifty is hidden, on old prints

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.seen[0](self.first(functional.pixel_unshuffle(pictures, 2)))
        finer = []
        for down, block in zip(self.down, self.seen[1:], strict=True):
            finer.append(x)
            x = block(down(x))
        for level in reversed(range(len(finer))):
            coarse = functional.interpolate(self.up[level](x), scale_factor=2.0)
            x = self.found[level](finer[level] + coarse)
        return functional.pixel_shuffle(self.last(functional.leaky_relu(x, 0.1)), 2)


class _Block(nn.Module):
    """Residual, without normalisation, and the identity at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        change = self.second(functional.leaky_relu(self.first(functional.leaky_relu(x, 0.1)), 0.1))
        out: Tensor = x + change
        return out


def hidden_share(logits: Tensor) -> Tensor:
    """Logits (B, 1, H, W) -> how much of each pixel is not believed, 0..1. The rim of a scratch is half scratch; where
    next to nothing is found, nothing is hidden."""
    found = torch.sigmoid(logits)
    part = (found > 0.5).to(found.dtype).mean((1, 2, 3), keepdim=True)
    damaged = ((part - _FEW) / (_MANY - _FEW)).clamp(0, 1)
    sure = ((found - _FROM) / (_TO - _FROM)).clamp(0, 1)
    return damaged * functional.max_pool2d(sure, 3, 1, 1)


def filled(pictures: Tensor, hidden: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) with what is hidden (B, 1, H, W), 0..1, guessed from what lies around it: means over ever
    larger squares, as far as needed (pull-push, Gortler et al. 1996). H and W are multiples of 64."""
    known = 1 - hidden
    levels = [(pictures * known, known)]
    for _ in range(_LEVELS):
        colour, weight = (functional.avg_pool2d(t, 2) for t in levels[-1])
        full = (weight * 4).clamp(max=1)  # one known pixel of four says enough
        levels.append((colour / weight.clamp(min=1e-6) * full, full))
    guess = levels[-1][0] / levels[-1][1].clamp(min=1e-6)
    for colour, weight in reversed(levels[:-1]):
        enlarged = functional.interpolate(guess, scale_factor=2.0, mode="bilinear", align_corners=False)
        guess = colour + (1 - weight) * enlarged
    return guess
