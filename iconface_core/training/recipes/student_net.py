"""The student: SFace whose later blocks learn to see through damage. Its stem stays SFace's own, and so does its head;
but a second student, which answers in a space that is not SFace's, has one of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from iconface_core.faces.student_graph import HEAD
from iconface_core.types import F32

from .face_encoder import TorchSFace, to_arcface


class Student(nn.Module):
    """What the stem gave (B, C, H, W) -> raw embeddings (B, dim), not normalised. Starts as exactly SFace, with its 128
    numbers; given `dim`, with a fresh head of so many.

    Only the convolutions of the blocks from number `first` on are trained, and a head of its own, so a checkpoint holds
    only these.
    """

    def __init__(self, sface: TorchSFace, first: int, dim: int | None = None) -> None:
        super().__init__()
        self.body = nn.ModuleDict({str(i): block for i, block in enumerate(sface.body) if i >= first})
        self.head: nn.Sequential | Head = sface.head if dim is None else Head(sface.head[0], dim)
        for block in self.body.values():
            block[0].requires_grad_(True)  # type: ignore[index]  # a Sequential

    def train(self, mode: bool = True) -> Student:
        """Normalisation keeps the statistics of the clean faces SFace was trained on."""
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.body.values():
            x = block(x)
        raw: Tensor = self.head(x)
        return raw

    def tensors(self) -> dict[str, F32]:
        """What is trained, by the names of the checkpoint: `BLOCK.weight`, `BLOCK.bias`, and those of a head."""
        blocks = {
            f"{name}.{kind}": getattr(block[0], kind).detach().cpu().numpy()  # type: ignore[index]
            for name, block in self.body.items()
            for kind in ("weight", "bias")
        }
        return blocks | (self.head.tensors() if isinstance(self.head, Head) else {})

    @torch.no_grad()
    def load(self, tensors: Mapping[str, F32]) -> None:
        """The inverse of `tensors`; a head that is not among them stays as it is."""
        for name, block in self.body.items():
            for kind in ("weight", "bias"):
                getattr(block[0], kind).copy_(torch.from_numpy(tensors[f"{name}.{kind}"]))  # type: ignore[index]
        if isinstance(self.head, Head) and HEAD[0] in tensors:
            self.head.load(tensors)


class Head(nn.Module):
    """SFace's features (B, C, 7, 7) -> (B, dim): normalised as SFace's own head does it, pooled by weights that are
    learnt for each channel (a global depthwise convolution; Chen et al. 2018, MobileFaceNets), one linear layer."""

    def __init__(self, norm: nn.Module, dim: int) -> None:
        super().__init__()
        assert isinstance(norm, nn.BatchNorm2d)
        self.norm, channels = norm, norm.num_features
        self.pool = nn.Conv2d(channels, channels, 7, groups=channels)
        self.out = nn.Linear(channels, dim)
        nn.init.constant_(self.pool.weight, 1 / 49)  # as a mean, to begin with
        nn.init.zeros_(self.pool.bias)  # type: ignore[arg-type]  # it has one
        nn.init.normal_(self.out.weight, std=channels**-0.5)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        raw: Tensor = self.out(self.pool(self.norm(x)).flatten(1))
        return raw

    @torch.no_grad()
    def tensors(self) -> dict[str, F32]:
        """By the names of `student_graph.HEAD`, the normalisation folded in."""
        factor, shift = self._line()
        weight = self.pool.weight.double()
        bias = self._bias() + (weight * shift).sum((1, 2, 3))
        found = (weight * factor, bias, self.out.weight, self.out.bias)
        return {name: t.float().cpu().numpy() for name, t in zip(HEAD, found, strict=True)}

    @torch.no_grad()
    def load(self, tensors: Mapping[str, F32]) -> None:
        """The inverse of `tensors`. Raises RuntimeError for other shapes."""
        factor, shift = self._line()
        weight, bias, out, out_bias = (torch.from_numpy(tensors[name].astype(np.float64)) for name in HEAD)
        weight = weight / factor
        self.pool.weight.copy_(weight)
        self._bias().copy_(bias - (weight * shift).sum((1, 2, 3)))
        self.out.weight.copy_(out)
        self.out.bias.copy_(out_bias)

    def _bias(self) -> Tensor:
        assert self.pool.bias is not None
        return self.pool.bias

    def _line(self) -> tuple[Tensor, Tensor]:
        """What the normalisation multiplies each channel by and adds to it, (C, 1, 1, 1) each."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        shift = norm.bias.double() - norm.running_mean.double() * factor
        return factor[:, None, None, None], shift[:, None, None, None]


class Stem(nn.Module):
    """FFHQ_512 crops of any size (B, 3, S, S) in [-1, 1] -> what SFace's blocks before `first` see in them."""

    def __init__(self, sface: TorchSFace, first: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*list(sface.body)[:first])

    @torch.no_grad()
    def forward(self, images: Tensor, moved: Tensor | None = None) -> Tensor:
        x = (to_arcface(images, moved) * (127.5 * 0.0078125)).contiguous(memory_format=torch.channels_last)
        seen: Tensor = self.body(x)
        return seen


def stem_and_student(first: int, dim: int | None = None) -> tuple[Stem, Student]:
    """SFace in two parts, given `dim` with a fresh head. Raises ValueError when it has no block `first`."""
    sface = TorchSFace()
    if not 0 <= first < len(sface.body):
        raise ValueError(f"SFace has blocks 0..{len(sface.body) - 1}, so the first trained one cannot be {first}")
    return Stem(sface, first), Student(sface, first, dim)
