"""The paper's objective (Eq. 1 and 9-12 with the supplement's constants) as pure functions of tensors.

    L      = 0.75 L_fm + 0.30 omega(sigma) [(1 - lambda*) L_ref + lambda* L_hard]
    L_ref  = 1 - cos(A(I), e_ref)     L_hard = 1 - cos(A(I), e_gt)      I = decode(z_sigma - sigma u)
    lambda* = 0.25 (1 - cos(e_ref, e_gt))                               omega = max(1 - sigma, 0.25)^2

The identity part is for faces with references only. Nothing flows back into e_ref and e_gt.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class FlowLossConfig:
    """The paper's constants, and how noise levels are drawn (not stated there)."""

    flow: float = 0.75
    identity: float = 0.30
    hard: float = 0.25  # lambda* of a reference set that is orthogonal to the truth
    omega_floor: float = 0.25
    sigma: Literal["logit_normal", "uniform"] = "logit_normal"


def draw_sigma(count: int, kind: Literal["logit_normal", "uniform"], generator: torch.Generator) -> Tensor:
    """Noise levels (count,) in 0..1 on the generator's device."""
    if kind == "uniform":
        return torch.rand(count, generator=generator, device=generator.device)
    return torch.sigmoid(torch.randn(count, generator=generator, device=generator.device))


def at_noise_level(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """z_sigma = (1 - sigma) z_0 + sigma epsilon; sigma (B,)."""
    level = _like(sigma, clean)
    return (1 - level) * clean + level * noise


def one_step_estimate(noisy: Tensor, velocity: Tensor, sigma: Tensor) -> Tensor:
    """z_0 as the velocity at sigma (B,) sees it: z_sigma - sigma u."""
    return noisy - _like(sigma, noisy) * velocity


def flow_loss(velocity: Tensor, clean: Tensor, noise: Tensor) -> Tensor:
    """L_fm with w(sigma) = 1: mean squared error against epsilon - z_0."""
    return functional.mse_loss(velocity.float(), (noise - clean).float())


def omega(sigma: Tensor, floor: float) -> Tensor:
    """Weight of the identity loss: a one-step estimate from much noise says little about who it is."""
    return (1 - sigma).clamp(min=floor).square()


def hard_share(reference: Tensor, truth: Tensor, hard: float) -> Tensor:
    """lambda* (B,): the less the references resemble the truth, the more the truth counts; unit vectors (B, dim)."""
    return hard * (1 - (reference * truth).sum(1))


def identity_loss(restored: Tensor, reference: Tensor, truth: Tensor, sigma: Tensor, config: FlowLossConfig) -> Tensor:
    """The weighted identity part before its factor 0.30, mean over the batch; unit vectors (B, dim), sigma (B,)."""
    reference, truth = reference.detach(), truth.detach()
    share = hard_share(reference, truth, config.hard)
    to_reference = 1 - (restored * reference).sum(1)
    to_truth = 1 - (restored * truth).sum(1)
    return (omega(sigma, config.omega_floor) * ((1 - share) * to_reference + share * to_truth)).mean()


def _like(sigma: Tensor, x: Tensor) -> Tensor:
    return sigma.view(-1, *[1] * (x.ndim - 1)).to(x)
