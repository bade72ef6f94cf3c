"""How references enter the U-Net: match on a coarse grid by attention, then copy finer features from there.

Attention over all cells of a reference is cheap at 1/8 of the size only. Its weights also say *where* each cell found
what it looked for, so the finer levels need no attention of their own: their features are warped by that flow, which
keeps them sharp. All crops share one alignment, so a Gaussian of the distance favours the same place to begin with.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ReferenceEncoder(nn.Module):
    """References (B, R, 3, S, S) -> features (B, R, C, H, W) by level, from `first` (0 is S/2) on, of `widths`."""

    def __init__(self, widths: tuple[int, ...], first: int) -> None:
        super().__init__()
        self.first = first
        before = (3 * 4 ** (first + 1), *widths[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=1 if i == 0 else 2, padding=1),
                nn.LeakyReLU(0.1),
                nn.Conv2d(b, b, 3, padding=1),
                nn.LeakyReLU(0.1),
            )
            for i, (a, b) in enumerate(zip(before, widths, strict=True))
        )

    def forward(self, references: Tensor) -> dict[int, Tensor]:
        batch = references.shape[:2]
        x = functional.pixel_unshuffle(references.flatten(0, 1), 2 ** (self.first + 1)).contiguous(
            memory_format=torch.channels_last
        )
        found: dict[int, Tensor] = {}
        for number, level in enumerate(self.levels, self.first):
            x = level(x)
            found[number] = x.unflatten(0, batch)
        return found


class ReferenceMatch(nn.Module):
    """Attention of the face's cells over each reference's, on the coarsest level that references have."""

    def __init__(self, width: int, reference_width: int, heads: int, reach: tuple[float, float]) -> None:
        """`reach` is the standard deviation, in cells, of the Gaussian of the first and of the last head.

        Raises ValueError when the channels do not divide into heads.
        """
        super().__init__()
        if width % heads or reference_width % heads:
            raise ValueError(f"{width} and {reference_width} channels do not both divide into {heads} heads")
        self.heads = heads
        self.query = nn.Conv2d(width, width, 1)
        self.key = nn.Conv2d(reference_width, width, 1)
        self.register_buffer("reach", torch.linspace(*reach, heads), persistent=False)

    def forward(self, x: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, C, h, w), references (B, R, C', h, w) -> what each cell found in each reference (B, R, C', h, w), and
        where: (B, R, heads, h, w, 2), x then y, as offsets in the [-1, 1] coordinates of grid_sample."""
        b, r, c, h, w = references.shape
        query = self.query(x).reshape(b, 1, self.heads, -1, h * w).transpose(3, 4).expand(-1, r, -1, -1, -1)
        key = self.key(references.flatten(0, 1)).reshape(b, r, self.heads, -1, h * w).transpose(3, 4)
        places = _places(h, w, x.device)
        squared = (places[:, None] - places[None]).square()
        cells = (squared * torch.tensor([w / 2, h / 2], device=x.device).square()).sum(2)
        bias = (-cells / (2 * self.get_buffer("reach")[:, None, None].square())).to(query.dtype)
        value = references.reshape(b, r, self.heads, c // self.heads, h * w).transpose(3, 4)
        # two more channels of "value" that hold the place of each key: their average is the place that was found
        value = torch.cat([value, places.to(value.dtype).expand(b, r, self.heads, -1, -1)], 4)
        found = functional.scaled_dot_product_attention(
            query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1).to(query.dtype), attn_mask=bias[None]
        )
        where = found[..., -2:].float() - places
        seen = found[..., :-2].transpose(2, 3).reshape(b, r, c, h, w)
        return seen, where.reshape(b, r, self.heads, h, w, 2)


class ReferenceMerge(nn.Module):
    """Choose among the references cell by cell, and add what was chosen to the face.

    It starts at full strength: a pathway that starts closed was never opened (docs/training.md). One more choice,
    "none of them", lets a cell keep what it has.
    """

    def __init__(self, width: int, reference_width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Sequential(
            nn.Conv2d(width + reference_width, 32, 1), nn.LeakyReLU(0.1), nn.Conv2d(32, heads, 3, padding=1)
        )
        self.add = nn.Conv2d(width + reference_width, width, 3, padding=1)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """x (B, C, H, W) and what was seen in the references at the same places (B, R, C', H, W) -> (B, C, H, W)."""
        b, r, c, h, w = seen.shape
        pairs = torch.cat([x[:, None].expand(-1, r, -1, -1, -1), seen], 2).flatten(0, 1)
        scores = self.score(pairs.contiguous(memory_format=torch.channels_last)).reshape(b, r, self.heads, h, w)
        weights = torch.softmax(functional.pad(scores, (0, 0, 0, 0, 0, 0, 0, 1)), 1)[:, :r]
        groups = seen.reshape(b, r, self.heads, c // self.heads, h, w)
        chosen = (weights[:, :, :, None] * groups).sum(1).reshape(b, c, h, w)
        out: Tensor = x + self.add(torch.cat([x, chosen], 1).contiguous(memory_format=torch.channels_last))
        return out


Window = tuple[slice, slice]
"""Rows and columns of a part of a grid."""

WHOLE: Window = (slice(None), slice(None))


def warp(features: Tensor, where: Tensor, window: Window = WHOLE) -> Tensor:
    """Take reference features (B, R, C, H, W) from the places `where` (B, R, heads, h, w, 2) of a coarser grid; each
    head moves its own share of the channels. Only what lands in `window` of (H, W) is made."""
    b, r, c, h, w = features.shape
    heads = where.shape[2]
    flow = functional.interpolate(
        where.flatten(0, 2).permute(0, 3, 1, 2), size=(h, w), mode="bilinear", align_corners=False
    ).permute(0, 2, 3, 1)
    grid = (flow + _places(h, w, features.device).reshape(1, h, w, 2))[:, window[0], window[1]]
    shares = features.reshape(b * r * heads, c // heads, h, w).float()
    moved = functional.grid_sample(shares, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.reshape(b, r, c, *grid.shape[1:3])


def _places(h: int, w: int, device: torch.device) -> Tensor:
    """(h w, 2): x and y of the cell centres in [-1, 1], as grid_sample counts them."""
    y = (torch.arange(h, device=device) + 0.5) * (2 / h) - 1
    x = (torch.arange(w, device=device) + 0.5) * (2 / w) - 1
    return torch.stack([x.expand(h, w), y[:, None].expand(h, w)], 2).reshape(h * w, 2)
