"""Another photo of the same person, made from the only one there is: turned a little, another light, another camera.

For `batch.load_batch(make_references=...)`. It cannot show a new expression or the other cheek; how much it helps is a
question for an experiment, not for this file.
"""

import math

import torch
from kornia.enhance import adjust_gamma
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by


def another_photo(images: Tensor, generator: torch.Generator) -> Tensor:
    """Vary photos (N, 3, S, S) in [-1, 1], each in its own way; all chance comes from `generator`.

    Half are mirrored. All are turned up to 10 degrees, scaled up to 10 %, moved up to 5 % of the side and bent by up to
    about 3 %, lit from another side by up to half an f-stop, with another gamma and white balance.
    """
    count = len(images)

    def uniform(*shape: int) -> Tensor:
        drawn = torch.rand((count, *shape), generator=generator, device=generator.device)
        return drawn.to(images.device) * 2 - 1

    angle, scale = uniform() * math.radians(10), 1 + 0.1 * uniform()
    mirror = torch.where(uniform() < 0, -1.0, 1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    shift = uniform(2) * 0.1
    rows = [torch.stack([cos * mirror, -sin, shift[:, 0]], 1), torch.stack([sin * mirror, cos, shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    bend = F.interpolate(uniform(2, 4, 4) * 0.06, images.shape[-2:], mode="bicubic")
    moved = F.grid_sample(images, grid + bend.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
    light = F.interpolate(uniform(1, 3, 3) * 0.5, images.shape[-2:], mode="bicubic") * math.log(2)
    balance = uniform(3, 1, 1) * 0.1
    lit = ((moved + 1) / 2 * (light + balance).exp()).clamp(0, 1)
    varied: Tensor = adjust_gamma(lit, 1 + 0.25 * uniform())
    return varied * 2 - 1
