"""The token sequence `[scene; degraded; references]` and its position ids (t, h, w, l).

Ids follow the paper and the authors' released concat model: scene t = 0, degraded t = 2, reference r: t = 10 + r;
text is (0, 0, 0, l). Absent references are absent from the sequence; nothing is padded.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

SCENE_T = 0
DEGRADED_T = 2
REFERENCE_T = 10
MAX_REFERENCES = 8

Grid = tuple[int, int]  # rows, columns of packed latents: an image of 512 x 512 is 32 x 32


def pack(latents: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, H*W, C), row by row."""
    return latents.flatten(2).transpose(1, 2)


def unpack(tokens: Tensor, grid: Grid) -> Tensor:
    """(B, H*W, C) -> (B, C, H, W): the inverse of `pack`. Raises ValueError when the grid does not fit."""
    rows, columns = grid
    if tokens.shape[1] != rows * columns:
        raise ValueError(f"{tokens.shape[1]} tokens do not fill a {rows} x {columns} grid")
    return tokens.transpose(1, 2).reshape(len(tokens), -1, rows, columns)


def grid_ids(grid: Grid, t: int) -> Tensor:
    """(H*W, 4) int64 ids of one image."""
    rows, columns = grid
    return torch.cartesian_prod(torch.tensor([t]), torch.arange(rows), torch.arange(columns), torch.tensor([0]))


def scene_ids(grid: Grid) -> Tensor:
    """(H*W, 4) ids of the image that is being made."""
    return grid_ids(grid, SCENE_T)


def condition_ids(degraded: Grid, references: Sequence[Grid] = ()) -> Tensor:
    """(N, 4) ids of `[degraded; reference 0; reference 1; ...]`; references may differ in size.

    Raises ValueError for more than MAX_REFERENCES.
    """
    if len(references) > MAX_REFERENCES:
        raise ValueError(f"{len(references)} references: at most {MAX_REFERENCES} fit the position ids")
    parts = [grid_ids(degraded, DEGRADED_T)]
    parts += [grid_ids(grid, REFERENCE_T + r) for r, grid in enumerate(references)]
    return torch.cat(parts)


def text_ids(length: int) -> Tensor:
    """(L, 4) ids of the prompt."""
    ids = torch.zeros(length, 4, dtype=torch.int64)
    ids[:, 3] = torch.arange(length)
    return ids
