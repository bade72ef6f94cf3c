"""JPEG as an operator on batches: 4:2:0, the standard tables, a quality per image.

kornia has a codec too (`kornia.enhance.jpeg_codec_differentiable`), made to pass gradients: it rounds softly, and what
is left of each coefficient tells a network what no real file tells. It is also five times slower on a CPU.
"""

import math
from collections.abc import Hashable

import torch
from kornia.color import rgb_to_ycbcr, ycbcr_to_rgb
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
"""Quantisation tables of ITU-T T.81, annex K, which libjpeg scales by quality."""
MCU = 16  # pixels of one 4:2:0 unit


def jpeg(images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
    """Encode and decode. values: quality 1..100. The block grid starts anywhere, as on a face cut out of a photo."""
    n = images.shape[-1]
    left, top = torch.randint(0, MCU, (2,), generator=generator, device=generator.device).tolist()
    padding = (left, -(n + left) % MCU, top, -(n + top) % MCU)
    ycc = rgb_to_ycbcr(F.pad(images, padding, mode="replicate"))
    quality = values[:, 0]
    luma = _through(ycc[:, :1], LUMA, quality)
    chroma = _through(F.avg_pool2d(ycc[:, 1:], 2), CHROMA, quality)
    chroma = F.interpolate(chroma, luma.shape[-2:], mode="bilinear")  # libjpeg's triangle filter
    decoded: Tensor = ycbcr_to_rgb(torch.cat([luma, chroma], 1))
    return decoded[..., top : top + n, left : left + n].clamp(0, 1)


def _through(planes: Tensor, table: tuple[int, ...], quality: Tensor) -> Tensor:
    """The planes (G, C, H, W) after their DCT coefficients were rounded to the table's steps."""
    g, c, h, w = planes.shape
    q = quality.clamp(1, 100)
    percent = torch.where(q < 50, 5000 / q, 200 - 2 * q)[:, None]
    steps = ((planes.new_tensor(table) * percent + 50) / 100).floor().clamp(1, 255)[:, None] / 255
    basis = _dct(planes)
    blocks = planes.reshape(g, c, h // 8, 8, w // 8, 8).transpose(3, 4).reshape(g, -1, 64)
    kept = ((blocks - 0.5) @ basis.T / steps).round() * steps
    return (kept @ basis + 0.5).reshape(g, c, h // 8, w // 8, 8, 8).transpose(3, 4).reshape(g, c, h, w)


def _dct(like: Tensor) -> Tensor:
    """The orthonormal 8x8 DCT of a flattened block as one matrix (64, 64)."""
    i = torch.arange(8, device=like.device, dtype=like.dtype)
    line = torch.cos((2 * i[None] + 1) * i[:, None] * math.pi / 16) / 2
    line[0] /= math.sqrt(2)
    return torch.kron(line, line)
