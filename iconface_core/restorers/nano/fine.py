"""iconface-nano at twice the U-Net's size: today's function, and a light level that learns what it leaves out.

The face is reduced to half its size and restored there by the U-Net (`conv.py`), which knows the person. Its change,
enlarged, is added to the face; what the small picture cannot hold is added by a few convolutions at half the image
size, which see the full picture, the U-Net's picture and its last features, and the references, fetched by the very
flow that the U-Net found. Every new output starts near zero, so a fresh network does exactly what its U-Net does.

The answer has two parts. The *base* is what pixels say: as near to the truth as can be known, and a little smooth for
it. The *texture* is what a face of this kind would have besides; added in full or in part it moves the result along the
distortion-perception line (Blau & Michaeli 2018), and the base stays what it is. What scratches, dust and tears hide
(`hidden.py`) is filled in before anything else looks. `small` is the U-Net's own picture, which training looks at.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import NanoConfig
from .conv import ConvNet
from .hidden import HiddenNet, filled, hidden_share
from .reference_attention import WHOLE, ReferenceMerge, Window, warp
from .texture import TextureNet

_QUIET = 1e-3


class FineOutput(NamedTuple):
    """base (B, 3, H, W): the restored face, about [-1, 1]. damage (B, 1, H, W): 0..1, what local damage hid and was
    filled in. small (B, 3, S/2, S/2): the U-Net's picture. H = W = S, or the window's size."""

    base: Tensor
    damage: Tensor
    small: Tensor


class FineNet(nn.Module):
    """See `forward`. Raises ValueError for a configuration without fine levels."""

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        if config.fine is None:
            raise ValueError(f"{config.name} has no fine levels")
        self.config, fine = config, config.fine
        self.trunk = ConvNet(config.trunk)
        below = config.conv.widths[0]
        # the U-Net's picture is at the fine grid already; the face is folded onto it
        self.stem = nn.Conv2d(12 + 3, fine.width, 3, padding=1)
        self.carry = nn.Conv2d(below, fine.width, 1)
        self.blocks = nn.ModuleList(_Block(fine.width) for _ in range(fine.blocks))
        self.head = _quiet(nn.Conv2d(fine.width, 12, 3, padding=1))
        self.hidden = HiddenNet(fine.hidden_width)
        self.texture = TextureNet(fine.texture_width, fine.texture_blocks) if fine.texture_blocks else None
        # what reducing loses, for the U-Net: how noisy and how blurred the face was
        self.hint = _quiet(nn.Conv2d(48, below, 3, padding=1))
        if self.trunk.looks:
            self.reference = nn.Conv2d(12, fine.reference_width, 3, padding=1)
            self.take = ReferenceMerge(fine.width, fine.reference_width, config.conv.heads)

    def train_only(self, stage: Literal["all", "base", "fine", "texture", "hidden"]) -> None:
        """What learns: all, what restores, its fine level over a U-Net as it is, the texture, or what finds damage."""
        apart = {"texture", "hidden"}
        frozen = {"all": set(), "base": apart, "fine": {*apart, "trunk", "hint"}}
        for name, parameter in self.named_parameters():
            part = name.partition(".")[0]
            parameter.requires_grad_(part == stage if stage in apart else part not in frozen[stage])

    def forward(
        self, degraded: Tensor, references: Tensor, anchor: Tensor, *, window: Window | None = None
    ) -> FineOutput:
        """degraded (B, 3, S, S) and references (B, R, 3, S, S), R >= 0, in [-1, 1]; anchor (B, dim), unit length.

        `window`: rows and columns, at half the image size and even, of the only part of the fine level that is
        computed; training saves most of its time with it. The U-Net always sees all.
        """
        rows, columns = part = window or WHOLE
        hidden = hidden_share(self.hidden(degraded).detach())
        degraded = filled(degraded, hidden)
        reduced = functional.avg_pool2d(degraded, 2)
        detail = functional.pixel_unshuffle(degraded - _doubled(reduced), 4)
        smaller = functional.avg_pool2d(references.flatten(0, 1), 2).reshape(*references.shape[:3], *reduced.shape[2:])
        last, where = self.trunk.features(reduced, smaller, anchor, self.hint(detail))
        change = self.trunk.change(last)
        small = reduced + change
        x = torch.cat([functional.pixel_unshuffle(degraded, 2), small], 1)[..., rows, columns]
        carried = functional.interpolate(self.carry(last[..., _half(rows), _half(columns)]), scale_factor=2.0)
        x = self.stem(x) + carried
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == 0 and where is not None:
                x = self.take(x, self._seen(references, where, part))
        kept = (degraded + _doubled(change))[..., _double(rows), _double(columns)]
        base = kept + functional.pixel_shuffle(self.head(x), 2)
        return FineOutput(base, hidden[..., _double(rows), _double(columns)], small)

    def texture_over(self, base: Tensor) -> Tensor:
        """What may be added to a base (B, 3, H, W); zeros where the network has none. The base is what it is: nothing
        of the texture's lessons reaches it."""
        return torch.zeros_like(base) if self.texture is None else self.texture(base.detach())

    def _seen(self, references: Tensor, where: Tensor, window: Window) -> Tensor:
        folded = functional.pixel_unshuffle(references.flatten(0, 1), 2)
        features = functional.leaky_relu(self.reference(folded), 0.1)
        return warp(features.reshape(*references.shape[:2], *features.shape[1:]), where, window)


class _Block(nn.Module):
    """A residual block without normalisation (Lim et al. 2017, EDSR): its answer may not depend on the window."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(functional.leaky_relu(self.first(x), 0.1))
        return out


def _quiet(layer: nn.Conv2d) -> nn.Conv2d:
    """An output that begins near zero."""
    nn.init.normal_(layer.weight, std=_QUIET)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _doubled(images: Tensor) -> Tensor:
    return functional.interpolate(images, scale_factor=2.0, mode="bilinear", align_corners=False)


def _half(part: slice) -> slice:
    return slice(part.start // 2, part.stop // 2) if part.stop else part


def _double(part: slice) -> slice:
    return slice(part.start * 2, part.stop * 2) if part.stop else part
