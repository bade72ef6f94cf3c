"""Real defects of film and prints, cut out by others: a folder of pictures with alpha, laid over faces while training.

Nothing of such a folder is part of the project. DustyNegatives-like collections fit: `KIND/*.png`, white with alpha.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everybody knows it by

from iconface_core.errors import TrainConfigError

from .overlay import overlay, uniform

SIDE = 256  # pixels that a defect is kept at: 64 KB each


class Defects:
    """Alpha masks by kind, (N, SIDE, SIDE) of 8 bits each, and the operator that stamps them.

    As an operator `structure` is the kind; values: size as a share of the picture's side, cover, red, green, blue.
    Each picture gets one defect of the kind, anywhere, turned and perhaps mirrored.
    """

    def __init__(self, kinds: Mapping[str, Tensor]) -> None:
        self._kinds = dict(kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names, sorted."""
        return tuple(sorted(self._kinds))

    def __call__(self, images: Tensor, values: Tensor, structure: Hashable, generator: torch.Generator) -> Tensor:
        masks = self._kinds[str(structure)]
        size, cover, *rgb = values.unbind(1)
        pick, left, top, angle, mirror = uniform(images, generator, 5).unbind(1)
        chosen = masks[(pick * len(masks)).long().cpu()].to(images.device)
        sin, cos = (angle * 2 * torch.pi).sin() / size, (angle * 2 * torch.pi).cos() / size
        flip = torch.where(mirror < 0.5, 1.0, -1.0)
        x, y = 2 * left - 1, 2 * top - 1  # of the defect's centre
        rows = [flip * cos, flip * -sin, flip * (sin * y - cos * x), sin, cos, -(sin * x + cos * y)]
        where = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), [*images[:, :1].shape], align_corners=False)
        alpha = F.grid_sample(chosen[:, None].float() / 255, where, align_corners=False)
        colour = torch.stack(rgb, 1)[:, :, None, None]
        return overlay(images, colour, (alpha * cover[:, None, None, None]).clamp(0, 1))


def load_defects(folder: Path) -> Defects:
    """Read `folder`/KIND/*.png, by alpha alone. Raises TrainConfigError, with the path, where nothing fits."""
    kinds: dict[str, list[npt.NDArray[np.uint8]]] = {}
    for path in sorted(folder.glob("*/*.png")):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if pixels is not None and pixels.ndim == 3 and pixels.shape[2] == 4 and pixels.dtype == np.uint8:
            alpha = cv2.resize(pixels[..., 3], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            kinds.setdefault(path.parent.name, []).append(alpha)
    if not kinds:
        raise TrainConfigError(f"no defects in {folder}: it should hold KIND/*.png with an alpha channel")
    return Defects({kind: torch.from_numpy(np.stack(masks)) for kind, masks in kinds.items()})
