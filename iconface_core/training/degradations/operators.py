"""What a lens, a sensor and a shrunken copy do to a photo, on batches.

Every operator has one shape: images (G, 3, n, n) in 0..1, one row of `values` (G, K) per image, a `structure` that all
images of the group share, and the generator for whatever is random per pixel. It returns new images in 0..1.
"""

import math
from collections.abc import Callable, Hashable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

Operator: TypeAlias = Callable[[Tensor, Tensor, Hashable, torch.Generator], Tensor]


def blur(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Gaussian and motion blur. values: sigma along, sigma across, direction (radians), length of motion; pixels.

    In the frequency domain, where round, elongated and motion blur are one formula: all blurs of a batch share two
    transforms, whatever their kinds and widths (kornia's kernels cost the same for one kind only).
    """
    n = images.shape[-1]
    pad = max(4, n // 8)
    padded = F.pad(images, (pad, pad, pad, pad), mode="reflect")
    side = n + 2 * pad
    fy = torch.fft.fftfreq(side, device=images.device)[:, None]
    fx = torch.fft.rfftfreq(side, device=images.device)[None, :]
    along, across, angle, length = (v[:, None, None] for v in values.unbind(1))
    u = fx * angle.cos() + fy * angle.sin()
    v = fy * angle.cos() - fx * angle.sin()
    response = torch.exp(-2 * math.pi**2 * ((along * u) ** 2 + (across * v) ** 2)) * torch.sinc(length * u)
    blurred: Tensor = torch.fft.irfft2(torch.fft.rfft2(padded) * response[:, None], s=(side, side))
    return blurred[..., pad:-pad, pad:-pad].clamp(0, 1)


def resize(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """To the size and by the mode (`area`, `bilinear`, `bicubic`) of `structure`.

    Without anti-aliasing, as in Real-ESRGAN and BSRGAN: careless shrinking is one of the faults to learn.
    """
    assert isinstance(structure, tuple)
    size, mode = structure
    return F.interpolate(images, (size, size), mode=mode).clamp(0, 1)


def noise(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Gaussian read noise and Poisson shot noise. values: read sigma, shot sigma at white, 1 for grey noise.

    Shot noise is drawn in its normal limit: from ten photons on nobody sees the difference, and drawing real Poisson
    counts costs fourteen times as much.
    """
    drawn = torch.randn(images.shape, generator=generator, device=generator.device).to(images.device)
    read, shot, grey = (v[:, None, None, None] for v in values.unbind(1))
    drawn = torch.where(grey > 0.5, drawn[:, :1], drawn)
    return (images + drawn * (read**2 + shot**2 * images).sqrt()).clamp(0, 1)
