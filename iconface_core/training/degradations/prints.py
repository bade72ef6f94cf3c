"""What happened to old prints: toning, fading, the printer's screen, dust and scratches.

Operators as in `degrade_operators.py`, dust and scratches also with a mask (`degrade_overlay.py`); lengths in pixels
of the image given.
"""

import math
from collections.abc import Hashable

import torch
from kornia.color import rgb_to_grayscale
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

from .overlay import grid, overlay

SEPIA = (1.07, 0.98, 0.80)  # of mean luminance 1
PAPER = (0.92, 0.86, 0.72)
SCREEN_ANGLES = (math.radians(15), math.radians(75), 0.0)  # colour printing turns the screen of each ink
SCRATCHES = 3


def tone(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Black and white. values: 0 neutral .. 1 sepia."""
    tint = 1 + (images.new_tensor(SEPIA) - 1) * values
    grey: Tensor = rgb_to_grayscale(images)
    return (grey * tint[:, :, None, None]).clamp(0, 1)


def fade(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Dyes bleach, each at its own pace, and the paper yellows. values: share lost 0..1 in red, green, blue."""
    lost = values[:, :, None, None]
    paper = images.new_tensor(PAPER)[:, None, None]
    return images * (1 - lost) + paper * lost


def halftone(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Printed in dots, each ink at its own angle, or all alike where `structure` is "grey". values: period in pixels,
    angle (radians), share of the screened image 0..1."""
    x, y = grid(images)
    period, angle, share = (v[:, None, None, None] for v in values.unbind(1))
    turned = angle + images.new_tensor(SCREEN_ANGLES if structure != "grey" else (0.0,))[:, None, None]
    u = (x * turned.cos() + y * turned.sin()) * (2 * math.pi / period)
    v = (y * turned.cos() - x * turned.sin()) * (2 * math.pi / period)
    dots = torch.sigmoid((images - 0.5 + (u.cos() + v.cos()) / 4) * 8)
    return torch.lerp(images, dots, share)


def dust(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Specks of one to three pixels. values: specks per pixel, cover 0..1, brightness 0 dark .. 1 light."""
    g, _, n, _ = images.shape
    density, cover, brightness = (v[:, None, None, None] for v in values.unbind(1))
    drawn = torch.rand((g, 2, n, n), generator=generator, device=generator.device).to(images.device)
    small, large = drawn[:, :1] < density, drawn[:, 1:] < density / 3
    specks = torch.maximum(small.float(), F.max_pool2d(large.float(), 3, 1, 1))
    return overlay(images, brightness, specks * cover)


def scratches(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Up to three slightly bent lines. values: half width in pixels, cover 0..1, brightness 0 dark .. 1 light."""
    g, _, n, _ = images.shape
    width, cover, brightness = (v[:, None, None, None] for v in values.unbind(1))
    drawn = torch.rand((g, 5, SCRATCHES, 1, 1), generator=generator, device=generator.device).to(images.device)
    angle, offset, start, length, bend = drawn.unbind(1)
    x, y = (axis - n / 2 for axis in grid(images))
    across = x * (angle * math.pi).cos() + y * (angle * math.pi).sin()
    along = y * (angle * math.pi).cos() - x * (angle * math.pi).sin()
    far = across - (offset - 0.5) * n - torch.sin(along * (6 / n)) * (bend - 0.5) * n / 10
    first = (start - 0.75) * n
    inside = (along > first) & (along < first + length * n)
    line = torch.sigmoid((width - far.abs()) * 4) * inside
    return overlay(images, brightness, line.amax(1, keepdim=True) * cover)
