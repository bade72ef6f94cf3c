"""Pictures of what the network does now: one PNG, a row per face, the columns as the recipe names them."""

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from iconface_core.types import RgbU8


def write_grid(path: Path, columns: Mapping[str, Tensor]) -> None:
    """Write columns of (B, 3, H, W) in [-1, 1]; the names are kept in the file's text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_suffix(".part")
    with staging.open("wb") as f:
        Image.fromarray(to_grid(columns)).save(f, format="PNG", pnginfo=_names(columns))
    staging.replace(path)


def to_grid(columns: Mapping[str, Tensor]) -> RgbU8:
    """(B * H, columns * W, 3)."""
    strips = [
        ((image.detach().float().clamp(-1, 1) + 1) * 127.5).round().to("cpu", torch.uint8) for image in columns.values()
    ]
    grid: RgbU8 = torch.cat([s.permute(0, 2, 3, 1).flatten(0, 1) for s in strips], dim=1).numpy()
    return grid


def _names(columns: Mapping[str, Tensor]) -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("columns", ", ".join(columns))
    return info
