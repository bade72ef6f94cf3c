"""How references enter the U-Net: their features at several scales, read by attention in local windows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ReferenceEncoder(nn.Module):
    """References (B, R, 3, S, S) -> features at S/2, S/4, ... of `widths`, (B, R, C, H, W) each."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        before = (12, *widths[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=1 if i == 0 else 2, padding=1),
                nn.GELU(approximate="tanh"),
                nn.Conv2d(b, b, 3, padding=1),
                nn.GELU(approximate="tanh"),
            )
            for i, (a, b) in enumerate(zip(before, widths, strict=True))
        )

    def forward(self, references: Tensor) -> list[Tensor]:
        batch = references.shape[:2]
        x = F.pixel_unshuffle(references.flatten(0, 1), 2)
        found: list[Tensor] = []
        for level in self.levels:
            x = level(x)
            found.append(x.unflatten(0, batch))
        return found


class ReferenceAttention(nn.Module):
    """Each cell of the face looks at the cells near the same place in every reference.

    The face is cut into windows of `window` cells; a window's keys are the same window of each reference with `halo`
    more cells on every side. A fixed Gaussian of the distance favours near cells, with another width for each head, so
    that before anything is learned a cell already looks at its own place. What was found is merged by a convolution;
    it starts at full strength, because a pathway that starts closed was never opened (docs/training.md).
    """

    def __init__(self, width: int, reference_width: int, heads: int, window: int, halo: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{width} channels do not divide into {heads} heads")
        self.heads, self.window, self.halo = heads, window, halo
        self.query = nn.Conv2d(width, width, 1)
        self.key_value = nn.Conv2d(reference_width, 2 * width, 1)
        self.merge = nn.Conv2d(2 * width, width, 3, padding=1)
        self.register_buffer("bias", _distance_bias(heads, window, halo), persistent=False)

    def forward(self, x: Tensor, references: Tensor) -> Tensor:
        """x (B, C, H, W) and reference features (B, R, C', H, W) -> (B, C, H, W)."""
        b, c, h, w = x.shape
        count, side = references.shape[1], self.window
        rows, columns = h // side, w // side
        query = self.query(x).reshape(b, self.heads, -1, rows, side, columns, side)
        query = query.permute(0, 3, 5, 1, 4, 6, 2).reshape(b * rows * columns, self.heads, side * side, -1)
        both = self.key_value(references.flatten(0, 1))
        # the border repeated, not zeros: then no key needs a mask
        both = F.pad(both, (self.halo,) * 4, mode="replicate")
        reach = side + 2 * self.halo
        both = both.unfold(2, reach, side).unfold(3, reach, side)  # (B R, 2C, rows, columns, reach, reach)
        both = both.reshape(b, count, 2, self.heads, c // self.heads, rows, columns, reach, reach)
        both = both.permute(2, 0, 5, 6, 3, 1, 7, 8, 4).reshape(
            2, b * rows * columns, self.heads, count * reach * reach, c // self.heads
        )
        bias = self.get_buffer("bias").to(query.dtype).repeat(1, 1, 1, count)
        found = F.scaled_dot_product_attention(query, both[0], both[1], attn_mask=bias)
        found = found.reshape(b, rows, columns, self.heads, side, side, -1).permute(0, 3, 6, 1, 4, 2, 5)
        out: Tensor = x + self.merge(torch.cat([x, found.reshape(b, c, h, w)], 1))
        return out


def _distance_bias(heads: int, window: int, halo: int) -> Tensor:
    """(1, heads, window^2, (window + 2 halo)^2), natural logarithms: -d^2 / (2 s^2), s from 1 cell to half a window."""
    face, reference = torch.arange(window), torch.arange(window + 2 * halo) - halo
    squared = (face[:, None] - reference[None, :]).float().square()
    distance = squared[:, None, :, None] + squared[None, :, None, :]
    widths = torch.logspace(0, 2, heads, base=window / 2).clamp(max=window / 2) if heads > 1 else torch.ones(1)
    bias = -distance.flatten(0, 1).flatten(1, 2)[None] / (2 * widths[:, None, None].square())
    return bias[None].float()
