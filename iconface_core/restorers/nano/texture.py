"""The texture of a fine network: what a face of this kind would have besides what pixels can say.

It sees the restored base and nothing else, pixel by pixel and never on a coarser grid. Convolutions that move with the
picture cannot weave: shuffled pixels, and features of a U-Net, repeat patterns of their own on any face, and those
have all the energy that a texture is asked for (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

_DILATIONS = (1, 2, 4)


class TextureNet(nn.Module):
    """`blocks` times three residual convolutions that see ever wider; brightness only, since fine colour is noise."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.first = _convolution(3, width)
        self.blocks = nn.ModuleList(_convolution(width, width, dilation) for dilation in _DILATIONS * blocks)
        self.last = _convolution(width, 1)
        nn.init.normal_(self.last.weight, std=1e-3)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, base: Tensor) -> Tensor:
        """base (B, 3, H, W) in about [-1, 1] -> what is added to each colour alike, (B, 3, H, W)."""
        x = self.first(base)
        for block in self.blocks:
            x = x + block(functional.leaky_relu(x, 0.1))
        texture: Tensor = self.last(functional.leaky_relu(x, 0.1))
        return texture.expand_as(base)


def _convolution(given: int, made: int, dilation: int = 1) -> nn.Conv2d:
    """3 x 3; beyond the border lies what is at the border, not a black frame that would be sharpened."""
    return nn.Conv2d(given, made, 3, padding=dilation, dilation=dilation, padding_mode="replicate")
