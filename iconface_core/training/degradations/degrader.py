"""Degraded copies of clean faces, made while training: batched, seeded, on any device.

Photos are planned one by one (`degrade_recipe.py`) and run together: whichever operator most photos wait for goes
next, on all of them at once. A 128 px face costs about 3 ms on one CPU core at batch 16.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from .defects import Defects, load_defects
from .operators import Operator
from .overlay import cracks, creases, missing, specks, stains, strokes
from .prints import dust, scratches
from .recipe import UNIFORMS, DegradeRecipe, plan_damage, plan_print, plan_tone
from .steps import Draws, Step
from .wear import WEAR_UNIFORMS, PrintWear, plan_print_tone

__all__ = [
    "LEVELS",
    "OLD_PRINT",
    "DegradeRecipe",
    "Degraded",
    "Degrader",
    "PrintWear",
    "degrade_each",
    "degrade_print_each",
]


HIDING: frozenset[Operator] = frozenset((dust, scratches, strokes, specks, creases, cracks, stains, missing))
"""What covers a place of the picture and says so in the mask; so do `Defects`."""


@dataclass(frozen=True, slots=True, eq=False)
class Degraded:
    """A degraded batch.

    images: (B, 3, S, S) in [-1, 1]. strength: (B,) 0..16. target: (B, 3, S, S), what a restorer should answer: the
    clean photo, without its colours where the print was black and white (see `DegradeRecipe.keep_tone`). damage: (B, 1,
    S, S) in 0..1, how much of each pixel is hidden by scratches, dust, creases, stains or missing paper.
    """

    images: Tensor
    strength: Tensor
    target: Tensor
    damage: Tensor


class Degrader:
    """Degrades batches by one recipe. Raises TrainConfigError when the recipe's folder of defects has none."""

    def __init__(self, recipe: DegradeRecipe) -> None:
        self.recipe = recipe
        self._defects = load_defects(Path(recipe.defects)) if recipe.defects else None

    def __call__(self, clean: Tensor, generator: torch.Generator, strength: Tensor | None = None) -> Degraded:
        """Degrade `clean` (B, 3, S, S) in [-1, 1] at `strength` (B,) 0..16, by default drawn from the recipe's buckets.

        All chance comes from `generator` (of any device): same state, same result on the same device. Images come out
        as 8-bit files would hold them. Raises ValueError when a strength is outside 0..16.
        """
        with torch.no_grad():
            return self._degrade(clean.float(), generator, strength)

    def _degrade(self, clean: Tensor, generator: torch.Generator, strength: Tensor | None) -> Degraded:
        recipe, count, size = self.recipe, len(clean), clean.shape[-1]
        draws = [Draws(row) for row in _uniforms(count, UNIFORMS, generator)]
        drawn = [recipe.strength(d) for d in draws]
        levels = drawn if strength is None else strength.tolist()
        if not all(0 <= s <= 16 for s in levels):
            raise ValueError(f"strength must be within 0..16, got {min(levels)} .. {max(levels)}")
        tones = [plan_tone(recipe, d) for d in draws]
        damage: list[list[Step]] = []
        wear = _uniforms(count, WEAR_UNIFORMS, generator) if recipe.prints else []  # without prints, as without them
        for i, (level, d) in enumerate(zip(levels, draws, strict=True)):
            own = Draws(wear[i]) if wear else None
            if own and own.chance(recipe.prints):
                tones[i] = tones[i] or plan_print_tone(recipe.wear, own)
                damage.append(plan_print(recipe, level, size, d, own, bool(tones[i]), self._defects))
            else:
                damage.append(plan_damage(recipe, level, size, d))
        toned = run_plans(clean, tones, generator)
        images, hidden = run_hiding(toned, damage, generator)
        return Degraded(
            images=images,
            strength=torch.tensor(levels, device=clean.device),
            target=toned if recipe.keep_tone else clean,
            damage=hidden,
        )


def _uniforms(count: int, each: int, generator: torch.Generator) -> list[list[float]]:
    rows: list[list[float]] = torch.rand((count, each), generator=generator, device=generator.device).tolist()
    return rows


def run_plans(images: Tensor, plans: Sequence[Sequence[Step]], generator: torch.Generator) -> Tensor:
    """Run one plan per image of (B, 3, S, S) in [-1, 1]; images without steps come back as they were."""
    return run_hiding(images, plans, generator)[0]


def run_hiding(images: Tensor, plans: Sequence[Sequence[Step]], generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """As `run_plans`, with the mask (B, 1, S, S) in 0..1 of what the steps hid.

    Steps that hide come before those that shrink, as scratches before the scan: the mask is of the full size.
    """
    hidden = torch.zeros_like(images[:, :1])
    if not any(plans):
        return images, hidden
    state = {i: (images[i] + 1) / 2 for i, plan in enumerate(plans) if plan}
    done = dict.fromkeys(state, 0)
    while waiting := _waiting(plans, done, state):
        (operator, structure, _), group = max(waiting.items(), key=lambda item: len(item[1]))
        values = torch.tensor([plans[i][done[i]].values for i in group], device=images.device)
        batch = torch.stack([state[i] for i in group])
        if operator in HIDING or isinstance(operator, Defects):
            both = operator(torch.cat([batch, hidden[group]], 1), values, structure, generator)
            results, hidden[group] = both[:, :3], both[:, 3:]
        else:
            results = operator(batch, values, structure, generator)
        for i, result in zip(group, results.unbind(), strict=True):
            state[i] = result
            done[i] += 1
    out = images.clone()
    ready = list(state)
    out[ready] = torch.stack([state[i] for i in ready]).mul(255).round().mul(2 / 255).sub(1)
    return out, hidden


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

OLD_PRINT = DegradeRecipe(
    buckets=((2.0, 2.0, 1.0),), toned=0, faded=0, halftone=0, dust=0, scratches=0, prints=1, wear=PrintWear(
        toned=0.6, soft=1, grain=1, faded=1, specks=1, scratches=1, creases=0.35,
        transport=0, screen=0, texture=0, silver=0, stains=0, foxing=0, cracks=0, hair=0, missing=0, real=0,
    ),
)  # fmt: skip
"""The level of old prints, for 256 px: 60 % black and white or sepia, faded, 2 to 6 scratches, dust, sometimes a fold,
soft and grainy. It is compared with the print's unfaded tone: use `degrade_print_each`."""


def degrade_each(clean: Tensor, recipe: DegradeRecipe, seeds: Sequence[int]) -> Tensor:
    """Degrade `clean` (B, 3, S, S) in [-1, 1] so that each image depends on its own seed only, not on the batch."""
    degrader = Degrader(recipe)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return torch.cat([degrader(one[None], g).images for one, g in zip(clean, generators, strict=True)])


def degrade_print_each(clean: Tensor, seeds: Sequence[int], recipe: DegradeRecipe = OLD_PRINT) -> Degraded:
    """As `degrade_each`, with what each picture should become and where it is hidden."""
    degrader = Degrader(recipe)
    parts = [degrader(one[None], torch.Generator().manual_seed(s)) for one, s in zip(clean, seeds, strict=True)]
    return Degraded(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Degraded)))
