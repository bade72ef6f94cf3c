"""Faces that only references can restore: trained on first and most, so that the network learns to look at them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from iconface_core.training.degradations.recipe import STRONGEST, DegradeRecipe
from iconface_core.training.degradations.steps import Draws

_ZONES = ((44, 66), (70, 100), (40, 100))  # rows of a 128 px FFHQ crop: eyes, mouth and nose tip, both
_COLUMNS = (28, 100)


@dataclass(frozen=True, slots=True)
class CurriculumConfig:
    """In batches with references: `hopeless` is the part of the faces degraded at `lowest`..16, `masked` the part
    whose eyes or mouth are covered besides. Each pair is (at the start, at the end of the run), in between a line."""

    hopeless: tuple[float, ...] = (0.0, 0.0)
    masked: tuple[float, ...] = (0.0, 0.0)
    lowest: float = 9.0

    def __post_init__(self) -> None:
        for name, pair in (("hopeless", self.hopeless), ("masked", self.masked)):
            if len(pair) != 2 or not all(0 <= part <= 1 for part in pair):
                raise ValueError(f"{name} must be two parts in 0..1: at the start and at the end")


def draw_strengths(
    config: CurriculumConfig, recipe: DegradeRecipe, count: int, generator: torch.Generator, progress: float | None
) -> Tensor:
    """(count,) 0..16: the recipe's, hopeless for the part that is due at this progress; None: without references."""
    usual = torch.tensor([recipe.strength(Draws(row)) for row in torch.rand(count, 2, generator=generator).tolist()])
    worst = config.lowest + (STRONGEST - config.lowest) * torch.rand(count, generator=generator)
    due = 0.0 if progress is None else _at(config.hopeless, progress)
    return torch.where(torch.rand(count, generator=generator) < due, worst, usual)


def cover(
    config: CurriculumConfig, images: Tensor, generator: torch.Generator, progress: float
) -> tuple[Tensor, Tensor]:
    """Cover eyes, mouth or both of some of `images` (B, 3, S, S) with their mean colour and a little noise.

    Returns new images and which were covered (B,) bool.
    """
    count, size = len(images), images.shape[-1]
    covered = torch.rand(count, generator=generator) < _at(config.masked, progress)
    zones = torch.randint(len(_ZONES), (count,), generator=generator).tolist()
    if not bool(covered.any()):
        return images, covered
    images = images.clone()
    left, right = (c * size // 128 for c in _COLUMNS)
    for row in torch.nonzero(covered)[:, 0].tolist():
        top, bottom = (y * size // 128 for y in _ZONES[zones[row]])
        zone = images[row, :, top:bottom, left:right]
        noise = torch.randn(zone.shape, generator=generator).to(zone)
        zone.copy_(zone.mean((1, 2), keepdim=True).expand_as(zone) + 0.1 * noise)
    return images, covered


def _at(pair: tuple[float, ...], progress: float) -> float:
    return pair[0] + (pair[1] - pair[0]) * progress
