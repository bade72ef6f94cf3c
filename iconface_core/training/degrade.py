"""Degraded copies of clean faces, made while training: batched, seeded, on any device.

Photos are planned one by one (`degrade_recipe.py`) and run together: whichever operator most photos wait for goes
next, on all of them at once. A 128 px face costs about 3 ms on one CPU core at batch 16.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from .degrade_operators import Operator
from .degrade_recipe import UNIFORMS, DegradeRecipe, Draws, Step, plan_damage, plan_tone

__all__ = ["LEVELS", "DegradeRecipe", "Degraded", "Degrader", "degrade_each"]


@dataclass(frozen=True, slots=True, eq=False)
class Degraded:
    """A degraded batch.

    images: (B, 3, S, S) in [-1, 1]. strength: (B,) 0..16. target: (B, 3, S, S), what a restorer should answer: the
    clean photo, without its colours where the print was black and white (see `DegradeRecipe.keep_tone`).
    """

    images: Tensor
    strength: Tensor
    target: Tensor


class Degrader:
    """Degrades batches by one recipe."""

    def __init__(self, recipe: DegradeRecipe) -> None:
        self.recipe = recipe

    def __call__(self, clean: Tensor, generator: torch.Generator, strength: Tensor | None = None) -> Degraded:
        """Degrade `clean` (B, 3, S, S) in [-1, 1] at `strength` (B,) 0..16, by default drawn from the recipe's buckets.

        All chance comes from `generator` (of any device): same state, same result on the same device. Images come out
        as 8-bit files would hold them. Raises ValueError when a strength is outside 0..16.
        """
        with torch.no_grad():
            return self._degrade(clean.float(), generator, strength)

    def _degrade(self, clean: Tensor, generator: torch.Generator, strength: Tensor | None) -> Degraded:
        count, size = len(clean), clean.shape[-1]
        rows = torch.rand((count, UNIFORMS), generator=generator, device=generator.device).tolist()
        draws = [Draws(row) for row in rows]
        drawn = [self.recipe.strength(d) for d in draws]
        levels = drawn if strength is None else strength.tolist()
        if not all(0 <= s <= 16 for s in levels):
            raise ValueError(f"strength must be within 0..16, got {min(levels)} .. {max(levels)}")
        tones = [plan_tone(self.recipe, d) for d in draws]
        damage = [plan_damage(self.recipe, s, size, d) for s, d in zip(levels, draws, strict=True)]
        toned = run_plans(clean, tones, generator)
        return Degraded(
            images=run_plans(toned, damage, generator),
            strength=torch.tensor(levels, device=clean.device),
            target=toned if self.recipe.keep_tone else clean,
        )


def run_plans(images: Tensor, plans: Sequence[Sequence[Step]], generator: torch.Generator) -> Tensor:
    """Run one plan per image of (B, 3, S, S) in [-1, 1]; images without steps come back as they were."""
    if not any(plans):
        return images
    state = {i: (images[i] + 1) / 2 for i, plan in enumerate(plans) if plan}
    done = dict.fromkeys(state, 0)
    while waiting := _waiting(plans, done, state):
        (operator, structure, _), group = max(waiting.items(), key=lambda item: len(item[1]))
        values = torch.tensor([plans[i][done[i]].values for i in group], device=images.device)
        results = operator(torch.stack([state[i] for i in group]), values, structure, generator)
        for i, result in zip(group, results.unbind(), strict=True):
            state[i] = result
            done[i] += 1
    out = images.clone()
    ready = list(state)
    out[ready] = torch.stack([state[i] for i in ready]).mul(255).round().mul(2 / 255).sub(1)
    return out


def _waiting(
    plans: Sequence[Sequence[Step]], done: Mapping[int, int], state: Mapping[int, Tensor]
) -> dict[tuple[Operator, Hashable, int], list[int]]:
    """Images by the step they need next; those of a group also have one size."""
    groups: dict[tuple[Operator, Hashable, int], list[int]] = defaultdict(list)
    for i, at in done.items():
        if at < len(plans[i]):
            step = plans[i][at]
            groups[step.operator, step.structure, state[i].shape[-1]].append(i)
    return groups


def _fixed(strength: float) -> DegradeRecipe:
    return DegradeRecipe(
        buckets=((strength, strength, 1.0),), toned=0, faded=0, halftone=0, dust=0, scratches=0, shrink=1, blur=1
    )


LEVELS: Mapping[str, DegradeRecipe] = MappingProxyType(
    {"mild": _fixed(1.15), "moderate": _fixed(5.0), "severe": _fixed(11.2)}
)
"""Evaluation levels: about 35, 27 and 22 dB on LFW faces at 128 px. Lens, sensor and file only, no print damage."""


def degrade_each(clean: Tensor, recipe: DegradeRecipe, seeds: Sequence[int]) -> Tensor:
    """Degrade `clean` (B, 3, S, S) in [-1, 1] so that each image depends on its own seed only, not on the batch."""
    degrader = Degrader(recipe)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return torch.cat([degrader(one[None], g).images for one, g in zip(clean, generators, strict=True)])
