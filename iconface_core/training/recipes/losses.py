"""What iconface-nano is trained for: the right pixels, and the right person. All take pictures in [-1, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .face_encoder import TorchSFace

_NEGLIGIBLE = 0.02  # an error of about two grey values


@dataclass(frozen=True, slots=True)
class NanoLossWeights:
    """`identity` and `features` hold at strength 16; at strength 0 `floor` of them is left, because a mildly degraded
    face already shows who it is and pixels say best what is missing. Mind the sizes: at the same weight the gradient of
    `identity` is 140 times as long as that of the pixels, and drowns it (docs/training.md). `evenness` 0..1: see
    by_damage. `small` holds for the pixel terms of a fine network's half-size picture."""

    pixels: float = 1.0
    gradient: float = 0.25
    spectrum: float = 0.05
    identity: float = 0.006
    features: float = 0.0
    floor: float = 0.2
    evenness: float = 0.0
    small: float = 0.5

    def pixel_sum(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of `pixel_losses`."""
        return self.pixels * terms["pixels"] + self.gradient * terms["gradient"] + self.spectrum * terms["spectrum"]


@dataclass(frozen=True, slots=True)
class TextureLossWeights:
    """`fooled`: the critic's score; `pixels`: distance of the whole to the truth, small, or
    nothing would be invented; `lowest`: what the texture changes at an eighth of the size, where the base knows best;
    `energy`: the local strength of fine structure against the truth's, octave by octave."""

    fooled: float = 0.01
    pixels: float = 1.0
    lowest: float = 2.0
    energy: float = 0.1


def by_damage(degraded: Tensor, target: Tensor, evenness: float) -> Tensor:
    """Weights (B,), mean 1, for the pixels of pictures (B, 3, S, S): at 0 all alike, so that hopeless faces, with ten
    times the error, say most; at 1 a tenth less error counts the same on any face, as decibels do."""
    error = (degraded - target).abs().mean((1, 2, 3)) + _NEGLIGIBLE
    weights = error**-evenness
    return weights / weights.mean()


def pixel_losses(restored: Tensor, target: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """Mean absolute differences: of pixels, of neighbours' differences, and of the spectrum (B, 3, S, S each), every
    picture by its weight (B,)."""
    difference = (restored - target) * weights[:, None, None, None]
    # differences are linear, so those of the error are the error of the differences
    vertical, horizontal = difference.diff(dim=2), difference.diff(dim=3)
    spectrum = torch.view_as_real(torch.fft.rfft2(difference, norm="ortho"))
    return {
        "pixels": difference.abs().mean(),
        "gradient": vertical.abs().mean() + horizontal.abs().mean(),
        "spectrum": spectrum.abs().mean(),
    }


def by_strength(strength: Tensor, floor: float) -> Tensor:
    """Weights (B,) that grow linearly from `floor` at strength 0 to 1 at strength 16."""
    return floor + (1 - floor) * (strength / 16).clamp(0, 1)


def identity_losses(
    encoder: TorchSFace, restored: Tensor, target: Tensor, vectors: Tensor, weights: Tensor, *, features: bool
) -> dict[str, Tensor]:
    """1 - cos between the encoder's embedding of `restored` (B, 3, S, S) and the true photo's unit `vectors` (B, dim),
    and, when asked for, the relative difference of its inner features; both weighted by `weights` (B,)."""
    raw, inner = encoder.features(restored)
    apart = 1 - (functional.normalize(raw.float(), dim=1) * vectors).sum(1)
    found = {"identity": (weights * apart).mean()}
    if features:
        with torch.no_grad():
            _, truth = encoder.features(target)
        layers = [
            (a.float() - b.float()).abs().mean((1, 2, 3)) / (b.float().abs().mean((1, 2, 3)) + 1e-6)
            for a, b in zip(inner, truth, strict=True)
        ]
        found["features"] = (weights * torch.stack(layers).mean(0)).mean()
    return found
