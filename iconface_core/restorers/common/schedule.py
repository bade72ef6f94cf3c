"""The shifted flow-matching schedule of FLUX.2: pure functions of (steps, scene tokens)."""

import math


def empirical_mu(tokens: int, steps: int) -> float:
    """The shift that FLUX.2 fitted for a scene of `tokens` packed tokens and `steps` Euler steps.

    Two measured lines (200 and 10 steps), interpolated in steps; above 4300 tokens only the first is used.
    Source: black-forest-labs/flux2 and diffusers `compute_empirical_mu`.
    """
    at_200 = 0.00016927 * tokens + 0.45666666
    if tokens > 4300:
        return at_200
    at_10 = 8.73809524e-05 * tokens + 1.89833333
    return (at_200 - at_10) / 190.0 * (steps - 200) + at_200


def sigmas(steps: int, tokens: int) -> tuple[float, ...]:
    """Noise levels, `steps + 1` of them, falling from 1 to 0. Raises ValueError for fewer than one step or token."""
    if steps < 1 or tokens < 1:
        raise ValueError(f"a schedule needs at least one step and one token, not {steps} and {tokens}")
    shift = math.exp(empirical_mu(tokens, steps))
    levels = (1.0 - i / steps for i in range(steps))
    return (*(shift / (shift + 1.0 / t - 1.0) for t in levels), 0.0)
