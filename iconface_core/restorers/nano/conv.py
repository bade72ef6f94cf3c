"""iconface-nano for the CPU: a compact U-Net that restores a face in one step, with or without references.

The degraded face is the carrier: it enters by two routes (its smooth base and its detail) and the network adds what is
missing. Identity enters as FiLM on image features only. References enter the decoder at several scales
(`reference_attention`).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import NanoConfig
from .reference_attention import ReferenceEncoder, ReferenceMatch, ReferenceMerge, warp


class ConvNet(nn.Module):
    """See `forward`. Raises ValueError for a configuration of another backbone."""

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        if config.backbone != "conv":
            raise ValueError(f"{config.name} is a {config.backbone} network, not a conv one")
        self.config = config
        sizes = config.conv
        widths = sizes.widths
        pictures = 1 + (config.max_references if config.concat else 0) + (config.memory_routes == 2)
        self.stem = nn.Conv2d(12 * pictures, widths[0], 3, padding=1)
        wide = config.identity.width
        self.identity = (
            nn.Sequential(nn.Linear(config.identity.dim, wide), nn.SiLU(), nn.Linear(wide, wide), nn.SiLU())
            if config.identity.enabled
            else None
        )
        known = wide if config.identity.enabled else 0
        self.encoder = nn.ModuleList(_Stage(w, n, 0) for w, n in zip(widths[:-1], sizes.blocks[:-1], strict=True))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.bottom = _Stage(widths[-1], sizes.blocks[-1], known)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.merge = nn.ModuleList(nn.Conv2d(2 * w, w, 1) for w in widths[:-1])
        self.decoder = nn.ModuleList(_Stage(w, n, known) for w, n in zip(widths[:-1], sizes.blocks[:-1], strict=True))
        self.head = nn.Conv2d(widths[0], 12, 3, padding=1)
        # starts at the degraded face itself: else the first lesson is to be silent, and features die of it
        for parameter in self.head.parameters():
            nn.init.normal_(parameter, std=1e-3)
        self.looks = config.references and not config.concat
        if self.looks:
            given = tuple(w for w in sizes.reference_widths if w)
            first = len(sizes.reference_widths) - len(given)
            self.reference_encoder = ReferenceEncoder(given, first)
            last = widths[len(sizes.reference_widths) - 1]
            self.match = ReferenceMatch(last, given[-1], sizes.heads, sizes.reach)
            self.take = nn.ModuleDict(
                {str(i): ReferenceMerge(widths[i], width, sizes.heads) for i, width in enumerate(given, first)}
            )

    def forward(
        self,
        degraded: Tensor,
        references: Tensor,
        anchor: Tensor,
        *,
        noisy: Tensor | None = None,
        sigma: Tensor | None = None,
    ) -> Tensor:
        """degraded (B, 3, S, S) and references (B, R, 3, S, S), R >= 0, in [-1, 1]; anchor (B, dim), unit length
        -> the restored face (B, 3, S, S), about [-1, 1]. One step: `noisy` and `sigma` are the transformer's."""
        x, _ = self.features(degraded, references, anchor)
        return degraded + self.change(x)

    def change(self, features: Tensor) -> Tensor:
        """The decoder's last `features` (B, C, S/2, S/2) -> what is to be added to the degraded face (B, 3, S, S)."""
        return functional.pixel_shuffle(self.head(features), 2)

    def features(
        self, degraded: Tensor, references: Tensor, anchor: Tensor, hint: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """As `forward`, up to the decoder's last features (B, C, S/2, S/2), and where the references were looked at
        (see ReferenceMatch; None without any). `hint` (B, C, S/2, S/2) is added to what the stem sees."""
        x = self.stem(functional.pixel_unshuffle(self._pictures(degraded, references), 2))
        if hint is not None:
            x = x + hint
        # unit vectors have tiny components; at their own size this pathway would start almost closed
        identity = None if self.identity is None else self.identity(anchor * anchor.shape[1] ** 0.5)
        seen = self.reference_encoder(references) if self.looks and references.shape[1] else {}
        where: Tensor | None = None
        skips: list[Tensor] = []
        for stage, down in zip(self.encoder, self.down, strict=True):
            x = stage(x, None)
            skips.append(x)
            x = down(x)
        x = self.bottom(x, identity)
        for level in reversed(range(len(self.decoder))):
            # nearest keeps channels_last, which a pixel shuffle does not; the merge and the blocks smooth it
            x = functional.interpolate(self.up[level](x), scale_factor=2.0, mode="nearest")
            x = self.merge[level](torch.cat([x, skips[level]], 1))
            if level in seen:
                if where is None:
                    found, where = self.match(x, seen[level])
                else:
                    found = warp(seen[level], where)
                x = self.take[str(level)](x, found)
            x = self.decoder[level](x, identity)
        return x, where

    def _pictures(self, degraded: Tensor, references: Tensor) -> Tensor:
        if self.config.concat:
            missing = self.config.max_references - references.shape[1]
            return functional.pad(torch.cat([degraded, references.flatten(1, 2)], 1), (0, 0, 0, 0, 0, 3 * missing))
        if self.config.memory_routes == 1:
            return degraded
        small = functional.avg_pool2d(degraded, 4)
        base = functional.interpolate(small, scale_factor=4.0, mode="bilinear", align_corners=False)
        return torch.cat([base, degraded - base], 1)


class _Stage(nn.Module):
    def __init__(self, width: int, blocks: int, identity: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(width, identity) for _ in range(blocks))

    def forward(self, x: Tensor, identity: Tensor | None) -> Tensor:
        for block in self.blocks:
            x = block(x, identity)
        return x


class _Block(nn.Module):
    """A residual block with one normalisation, over all channels and places; FiLM (Perez et al. 2018) acts on what was
    normalised: without that, about one face in a hundred met a vector that blew it up."""

    def __init__(self, width: int, identity: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(identity, 2 * width) if identity else None
        if self.film is not None:
            nn.init.normal_(self.film.weight, std=0.02)
            nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, identity: Tensor | None) -> Tensor:
        y = functional.group_norm(self.first(x), 1)
        if self.film is not None and identity is not None:
            scale, shift = self.film(identity)[:, :, None, None].chunk(2, 1)
            y = y * (1 + scale) + shift
        out: Tensor = x + self.second(functional.leaky_relu(y, 0.1))
        return out
