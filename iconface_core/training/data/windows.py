"""Losses that look at a part of the picture: the fine level learns from more faces when each costs less."""

from dataclasses import dataclass

import torch
from torch import Tensor

from iconface_core.restorers.nano.reference_attention import Window

_MARGIN = 8
"""Pixels at the border of a window that no loss looks at: there convolutions see the window's edge, not the face."""


@dataclass(frozen=True, slots=True)
class WindowView:
    """What the losses of a fine network look at: all, or `window` (at half the image size) without its margin."""

    window: Window | None

    def __call__(self, images: Tensor, *, cut: bool = False) -> Tensor:
        """`cut`: images (B, C, S, S) are whole pictures, else they are of the window's size already."""
        if self.window is None:
            return images
        if cut:
            images = cut_out(images, self.window)
        return images[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def cut_out(images: Tensor, window: Window) -> Tensor:
    """The part of whole pictures (B, C, S, S) that `window` (at half the image size) means."""
    rows, columns = (slice(2 * part.start, 2 * part.stop) for part in window)
    return images[..., rows, columns]


def draw_window(side: int, size: int, generator: torch.Generator) -> Window | None:
    """A window of `side` somewhere in a grid of `size`, at even places; None when there is nothing to leave out."""
    if side in (0, size):
        return None
    top, left = (2 * torch.randint((size - side) // 2 + 1, (2,), generator=generator)).tolist()
    return slice(top, top + side), slice(left, left + side)
