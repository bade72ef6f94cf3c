"""The sampling loop: tensors in, tensors out. No I/O, no configuration, no device choice."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]


def guided(conditional: Velocity, unconditional: Velocity, guidance: float) -> Velocity:
    """Classifier-free guidance `u0 + g (u - u0)` as two real passes; at g = 1 the second pass would cancel, so it is
    not made."""
    if guidance == 1.0:
        return conditional

    def predict(x: Tensor, sigma: float) -> Tensor:
        u, u0 = conditional(x, sigma), unconditional(x, sigma)
        return u0 + guidance * (u - u0)

    return predict


def denoise(
    velocity: Velocity,
    noise: Tensor,
    sigmas: Sequence[float],
    *,
    stop_after: int | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Integrate from `noise` (at sigmas[0]) down to sigma 0 with Euler steps; the state is kept in float32.

    `stop_after` ends after that many network evaluations (one per pair of sigmas) and returns the one-step estimate
    `x - sigma u` made from the last of them: an early stop is closer to the posterior mean, hence smoother and less
    distorted. `on_step(done, total)` may raise to cancel. Raises ValueError when `stop_after` is not in 1..steps.
    """
    steps = len(sigmas) - 1
    last = steps if stop_after is None else stop_after
    if not 1 <= last <= steps:
        raise ValueError(f"stop_after must be between 1 and {steps}, not {last}")
    x, dtype = noise.float(), noise.dtype
    for i, (sigma, following) in enumerate(pairwise(sigmas[: last + 1])):
        target = following if i + 1 < last else 0.0
        x = x + (target - sigma) * velocity(x.to(dtype), sigma).float()
        if on_step is not None:
            on_step(i + 1, last)
    return x


def seeded_noise(seeds: Sequence[int], shape: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """(len(seeds), *shape): each sample's noise depends on its own seed only, not on the batch it is in.

    Drawn on the CPU, so a seed gives the same noise on every device.
    """
    draws = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.stack(draws).to(device, dtype)
