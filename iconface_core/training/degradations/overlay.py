"""What lies on an old print and hides a part of it: scratches, fibres, specks, creases, cracks, stains, missing paper.

Operators as in `degrade_operators.py`, and every one also takes (G, 4, n, n) with a mask 0..1 as fourth channel: what
it covers is added to the mask, by its opacity and by how well that is seen. Lengths are in pixels of the image given,
colours 0..1.
"""

import math
from collections.abc import Hashable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

UNSEEN = 1 / 512
"""Opacity that no 8-bit picture shows."""

SEEN = 12 / 255
"""Change of a channel that everybody sees: white over white hides nothing that needs to be found."""


def overlay(images: Tensor, colour: Tensor, cover: Tensor) -> Tensor:
    """Lay `colour` over images (G, 3 or 4, n, n) at opacity `cover` (G, 1, n, n) 0..1; the mask keeps the largest of
    opacity times what is seen of it."""
    over = torch.lerp(images[:, :3], colour.expand_as(images[:, :3]), cover)
    if images.shape[1] == 3:
        return over
    seen = ((over - images[:, :3]).abs().amax(1, keepdim=True) / SEEN).clamp(max=1)
    return torch.cat([over, torch.maximum(images[:, 3:], cover * (cover > UNSEEN) * seen)], 1)


def grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """Pixel columns and rows, to broadcast against (G, C, n, n)."""
    axis = torch.arange(images.shape[-1], device=images.device, dtype=images.dtype)
    return axis[None, :], axis[:, None]


def uniform(images: Tensor, generator: torch.Generator, *shape: int) -> Tensor:
    """(G, *shape) in 0..1."""
    drawn = torch.rand((len(images), *shape), generator=generator, device=generator.device)
    return drawn.to(images.device)


def clouds(images: Tensor, generator: torch.Generator, channels: int, cells: int) -> Tensor:
    """Smooth chance (G, channels, n, n) in 0..1 with mean 0.5, whose humps are a `cells`-th of the side.

    Two products of matrices: a twentieth of the time of torch's bicubic interpolation.
    """
    coarse = uniform(images, generator, channels, cells + 1, cells + 1)
    at = torch.linspace(0, cells, images.shape[-1], device=images.device)
    near = (1 - (at[:, None] - torch.arange(cells + 1, device=images.device)).abs()).clamp(min=0)
    weights = near**2 * (3 - 2 * near)
    return weights @ coarse @ weights.T


def strokes(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """`structure` arcs: scratches when long and straight, fibres when short and curled.

    values: half width, cover, red, green, blue, length as a share of the side, turn (radians from end to end), wobble
    (pixels), gaps 0 none .. 1 all, direction 0 any .. 1 upright (film runs through its camera that way).
    """
    assert isinstance(structure, int)
    n = images.shape[-1]
    width, cover, *rgb, length, turn, wobble, gaps, upright = (v[:, None, None, None] for v in values.unbind(1))
    angle, left, top, scale, bend, curl, thick = uniform(images, generator, 7, structure, 1, 1).unbind(1)
    bent = (clouds(images, generator, 2, 5) - 0.5) * 2 * wobble
    x, y = grid(images)
    x, y = x + bent[:, :1] - left * n, y + bent[:, 1:] - top * n
    angle = (angle - 0.5) * math.pi * (1 - upright) + math.pi / 2
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    half = length * n * (0.2 + 0.3 * scale)
    curve = (bend - 0.5) * turn / half  # slope gained per pixel
    slope = curve * along
    far = across - slope * along / 2 - (curl - 0.5) * turn * half / 3 * (along / half).clamp(-1, 1) ** 3
    far = far.abs() / (1 + slope**2).sqrt()
    uneven = clouds(images, generator, 1, max(2, n // 10))
    line = (width * (0.3 + 0.7 * thick + 0.7 * uneven) - far + 0.5).clamp(0, 1)
    line = line * ((half - along.abs()) / 3).clamp(0, 1)
    patches = ((uneven - gaps) * 3 + 1).clamp(0, 1)
    return overlay(images, torch.cat(rgb, 1), (line.amax(1, keepdim=True) * patches * cover).clamp(0, 1))


def specks(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Grains of dust, holes of the emulsion or foxing, about `structure` pixels wide, in swarms.

    values: share of the picture hit, cover, red, green, blue, edge (1 crisp .. 0.1 soft).
    """
    assert isinstance(structure, int)
    n = images.shape[-1]
    share, cover, *rgb, edge = (v[:, None, None, None] for v in values.unbind(1))
    cells = max(4, n // structure)
    swarm = F.interpolate(uniform(images, generator, 1, 5, 5), (cells, cells), mode="bilinear", align_corners=True)
    hit = (uniform(images, generator, 1, cells, cells) < share * (2 * swarm) ** 2).float()
    hit = hit * (0.4 + 0.6 * uniform(images, generator, 1, cells, cells))
    soft = F.interpolate(hit, (n, n), mode="bilinear" if structure > 1 else "nearest")
    soft = soft * (0.7 + 0.6 * uniform(images, generator, 1, n, n))
    return overlay(images, torch.cat(rgb, 1), ((soft - 0.2) * (1 + 5 * edge)).clamp(0, 1) * cover)


def creases(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """A fold, or two that cross (`structure`): broken emulsion along a line, one side in light, the other in shade.

    values: half width, cover of the core, strength of light and shade, width of the flanks, wobble, gaps 0..1.
    """
    assert isinstance(structure, int)
    n = images.shape[-1]
    width, cover, shade, flank, wobble, gaps = (v[:, None, None, None] for v in values.unbind(1))
    angle, offset, _, bend = uniform(images, generator, 4, structure, 1, 1).unbind(1)
    angle = angle[:, :1] + torch.arange(structure, device=images.device)[None, :, None, None] * 0.5
    bent = (clouds(images, generator, 2, 9) - 0.5) * 2 * wobble
    x, y = grid(images)
    x, y = x + bent[:, :1] - n / 2, y + bent[:, 1:] - n / 2
    along = x * (angle * math.pi).sin() - y * (angle * math.pi).cos()
    far = x * (angle * math.pi).cos() + y * (angle * math.pi).sin() - (offset - 0.5) * n * 0.9
    far = far - (bend - 0.5) * along**2 / n * 0.3
    side = far.sign() * (1 - far.abs() / flank).clamp(0, 1) ** 2
    images = overlay(images, images.new_zeros(1, 3, 1, 1), side.clamp(min=0).amax(1, keepdim=True) * shade)
    images = overlay(images, images.new_ones(1, 3, 1, 1), (-side).clamp(min=0).amax(1, keepdim=True) * shade * 0.6)
    core = (width - far.abs() + 0.5).clamp(0, 1).amax(1, keepdim=True)
    patches = ((clouds(images, generator, 1, max(2, n // 10)) - gaps) * 4 + 1).clamp(0, 1)
    return overlay(images, images.new_tensor(PAPER_WHITE)[:, None, None], (core * patches * cover).clamp(0, 1))


def cracks(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Cracked emulsion: fine lines that wander and meet, the borders of `structure` cells.

    values: half width, cover, red, green, blue, share of the picture that is cracked.
    """
    assert isinstance(structure, int)
    width, cover, *rgb, share = (v[:, None, None, None] for v in values.unbind(1))
    n = images.shape[-1]
    left, top = (uniform(images, generator, 2, structure, 1, 1) * 1.4 - 0.2).unbind(1)
    bent = (clouds(images, generator, 2, 6) - 0.5) * n / 6 + (clouds(images, generator, 2, 24) - 0.5) * n / 24
    x, y = grid(images)
    away = (x + bent[:, :1] - left * n) ** 2 + (y + bent[:, 1:] - top * n) ** 2
    nearest = away.amin(1, keepdim=True)
    second = away.masked_fill(away == nearest, torch.inf).amin(1, keepdim=True)
    far = (second.sqrt() - nearest.sqrt()) / 2
    where = ((clouds(images, generator, 1, 4) - (1 - share)) * 4).clamp(0, 1)
    return overlay(images, torch.cat(rgb, 1), (width - far + 0.5).clamp(0, 1) * where * cover)


def stains(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """A blot: water that dried and left a rim, or brown all over. It tints what is below.

    values: radius as a share of the side, cover inside, cover of the rim, width of the rim, red, green, blue.
    """
    n = images.shape[-1]
    radius, inside, rim, edge, *rgb = (v[:, None, None, None] for v in values.unbind(1))
    left, top = uniform(images, generator, 2, 1, 1, 1).unbind(1)
    rough = clouds(images, generator, 1, 4) + 0.4 * clouds(images, generator, 1, 16) - 0.7
    x, y = grid(images)
    depth = radius * n * (1 + rough) - ((x - left * n) ** 2 + (y - top * n) ** 2).sqrt()
    uneven = 0.4 + 0.6 * clouds(images, generator, 1, 8).clamp(0, 1)
    cover = torch.maximum((depth / edge).clamp(0, 1) * inside * uneven, (1 - depth.abs() / edge).clamp(0, 1) * rim)
    return overlay(images, images[:, :3] * torch.cat(rgb, 1), cover)


def missing(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Paper or emulsion that is gone: a torn corner or a hole (`structure`), with a pale rim of fibres.

    values: size as a share of the side, raggedness 0..1, red, green, blue, width of the rim (0 none).
    """
    n = images.shape[-1]
    size, ragged, *rgb, rim = (v[:, None, None, None] for v in values.unbind(1))
    left, top, slant = uniform(images, generator, 3, 1, 1, 1).unbind(1)
    rough = clouds(images, generator, 1, 5) + 0.4 * clouds(images, generator, 1, 20) - 0.7
    rough = rough * size * n * ragged
    x, y = grid(images)
    if structure == "corner":
        x, y = torch.where(left < 0.5, x, n - 1 - x), torch.where(top < 0.5, y, n - 1 - y)
        depth = size * n - x * (0.4 + slant) - y * (1.4 - slant) + rough
    else:
        stretch = 0.6 + 0.8 * slant
        depth = size * n / 2 - ((x - left * n) ** 2 * stretch + (y - top * n) ** 2 / stretch).sqrt() + rough
    images = overlay(images, images.new_tensor(PAPER_WHITE)[:, None, None], (depth + rim + 0.5).clamp(0, 1) * (rim > 0))
    return overlay(images, torch.cat(rgb, 1), (depth + 0.5).clamp(0, 1))


PAPER_WHITE = (0.95, 0.93, 0.88)
