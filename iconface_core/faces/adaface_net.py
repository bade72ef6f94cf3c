"""The AdaFace backbone (Kim, Jain, Liu: "AdaFace: Quality Adaptive Margin for Face Recognition", CVPR 2022) in torch.

Module names and order are those of the authors' `net.py` (MIT), so that published checkpoints load with strict keys.
A plain differentiable `nn.Module`: it also serves, frozen, as an identity loss.
"""

import torch
from torch import Tensor, nn

DIM = 512
STAGES = {"ir_18": (2, 2, 2, 2), "ir_34": (3, 4, 6, 3), "ir_50": (3, 4, 14, 3), "ir_101": (3, 13, 30, 3)}
CHANNELS = (64, 128, 256, 512)


class ResidualBlock(nn.Module):
    """BN, conv, BN, PReLU, conv, BN beside a shortcut; (N, C_in, H, W) to (N, C_out, H / stride, W / stride)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer: nn.Module
        if channels_in == channels_out:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.PReLU(channels_out),
            nn.Conv2d(channels_out, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.res_layer(x) + self.shortcut_layer(x)
        return out


class AdaFaceNet(nn.Module):
    """`arch` is a key of STAGES ("ir_101" has the authors' 100-layer table).

    `forward` takes (N, 3, 112, 112) in the checkpoint's colour order, scaled by (x / 255 - 0.5) / 0.5, and returns the
    unit directions (N, 512) and the norms before scaling (N, 1), about 22 for a clean face, lower for a degraded one.
    """

    def __init__(self, arch: str) -> None:
        super().__init__()
        self.arch = arch
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        blocks: list[nn.Module] = []
        width = CHANNELS[0]
        for channels, count in zip(CHANNELS, STAGES[arch], strict=True):
            for i in range(count):
                blocks.append(ResidualBlock(width, channels, 2 if i == 0 else 1))
                width = channels
        self.body = nn.Sequential(*blocks)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(width),
            nn.Dropout(0.4),
            nn.Flatten(),
            nn.Linear(width * 7 * 7, DIM),
            nn.BatchNorm1d(DIM, affine=False),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.output_layer(self.body(self.input_layer(x)))
        norm = torch.linalg.vector_norm(features, dim=1, keepdim=True)
        return features / norm, norm
