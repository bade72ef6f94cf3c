"""What time did to all of a print: uneven fading, silver mirroring, the paper's texture, the film's grain.

Operators as in `degrade_operators.py`; nothing here hides a place, so no mask is touched.
"""

import math
from collections.abc import Hashable

import torch
from kornia.color import rgb_to_grayscale
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

from .overlay import clouds, grid, uniform

SILVER = (0.60, 0.66, 0.74)


def bleach(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Fading that is not the same everywhere, towards any veil. values: share lost 0..1 in red, green, blue;
    unevenness 0..1; colour of the veil; gamma of what is left (above 1 darker)."""
    lost, veil = values[:, :3, None, None], values[:, 4:7, None, None]
    uneven, gamma = values[:, 3, None, None, None], values[:, 7, None, None, None]
    lost = (lost * (1 + uneven * (2 * clouds(images, generator, 1, 2) - 1))).clamp(0, 0.95)
    return torch.lerp(images**gamma, veil.expand_as(images), lost)


def silver(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Silver that came to the surface: a bluish shine over dark places, from one border inwards.

    values: strength 0..1, how far it reaches as a share of the side.
    """
    strength, reach = (v[:, None, None, None] for v in values.unbind(1))
    n = images.shape[-1]
    angle = uniform(images, generator, 1, 1, 1) * (2 * math.pi)
    x, y = (axis / n - 0.5 for axis in grid(images))
    inward = 0.6 - (x * angle.cos() + y * angle.sin()) + 0.4 * (clouds(images, generator, 1, 4) - 0.5)
    dark = (1 - rgb_to_grayscale(images)) ** 2
    shine = ((1 - inward / reach).clamp(0, 1) * dark * strength).clamp(0, 1)
    return torch.lerp(images, images.new_tensor(SILVER)[:, None, None].expand_as(images), shine)


def texture(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """The paper's surface as a scanner sees it: `structure` is "silk" (honeycomb), "linen" or "matte".

    values: period in pixels, angle (radians), strength 0..1.
    """
    period, angle, strength = (v[:, None, None, None] for v in values.unbind(1))
    if structure == "matte":
        n = images.shape[-1]
        rough = torch.randn((len(images), 1, n, n), generator=generator, device=generator.device).to(images.device)
        relief = rough - rough.roll((1, 1), (2, 3))  # light from one side
    else:
        x, y = grid(images)
        turns = (0.0, math.pi / 3, 2 * math.pi / 3) if structure == "silk" else (0.0, math.pi / 2)
        waves = [(x * (angle + t).cos() + y * (angle + t).sin()) * (2 * math.pi / period) for t in turns]
        relief = torch.stack([w.cos() for w in waves]).mean(0)
    return (images * (1 + strength * relief)).clamp(0, 1)


def grain(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Film grain: clumps larger than a pixel, most seen in the middle tones. values: sigma at middle grey; 0 fine .. 1
    coarse."""
    sigma, coarse = (v[:, None, None, None] for v in values.unbind(1))
    n = images.shape[-1]
    half = max(2, round(n / 2.2))
    fine = torch.randn((len(images), 1, n, n), generator=generator, device=generator.device)
    large = torch.randn((len(images), 1, half, half), generator=generator, device=generator.device)
    fine, large = fine.to(images.device), F.interpolate(large.to(images.device), (n, n), mode="bilinear")
    light = rgb_to_grayscale(images)
    clumps = torch.lerp(F.avg_pool2d(fine, 3, 1, 1) * 3, large * 1.5, coarse)  # both of deviation 1
    return (images + clumps * sigma * (0.3 + 2.8 * light * (1 - light))).clamp(0, 1)
