"""What damage hides of a face, and a first guess at what lies below, for the network to work on.

Scratches, dust, folds and tears look like structure: a network that restores fine structure keeps them, or draws them
clearer. So they are found first, by convolutions that see far along a line and know nothing of faces, and filled in
from their surroundings. What is not hidden is not touched.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_DILATIONS = (1, 2, 4, 8, 16, 1)
"""At half the image size: a line is seen over 66 px."""

_FROM, _TO = 0.3, 0.6
"""Probabilities between which a pixel goes from kept to filled in."""

_FEW, _MANY = 0.002, 0.004
"""Parts of a picture found with certainty between which it goes from clean to damaged. A clear photo has glints in
eyes and hair that look like dust, .14 % of its pixels at the median; of an old print 1 % is found."""

_LEVELS = 6


class HiddenNet(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1], H and W even -> logits (B, 1, H, W) of "hidden by local damage"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(12, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation) for dilation in _DILATIONS
        )
        self.last = nn.Conv2d(width, 4, 1)
        nn.init.normal_(self.last.weight, std=1e-2)
        assert self.last.bias is not None
        nn.init.constant_(self.last.bias, -4.0)  # one pixel in fifty is hidden, on old prints

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.first(functional.pixel_unshuffle(pictures, 2))
        for block in self.blocks:
            x = x + block(functional.leaky_relu(x, 0.1))
        return functional.pixel_shuffle(self.last(functional.leaky_relu(x, 0.1)), 2)


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
