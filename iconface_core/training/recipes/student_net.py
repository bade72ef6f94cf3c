"""The student: SFace whose later blocks learn to see through damage. Its stem and its head stay SFace's own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .face_encoder import TorchSFace, to_arcface


class Student(nn.Module):
    """What the stem gave (B, C, H, W) -> raw embeddings (B, 128), not normalised. Starts as exactly SFace.

    Only the convolutions of the blocks from number `first` on are trained, so a checkpoint holds only these.
    """

    def __init__(self, sface: TorchSFace, first: int) -> None:
        super().__init__()
        self.body = nn.ModuleDict({str(i): block for i, block in enumerate(sface.body) if i >= first})
        self.head = sface.head
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

    def tensors(self) -> dict[str, Tensor]:
        """What is trained, by the names of the checkpoint: `BLOCK.weight`, `BLOCK.bias`."""
        return {
            f"{name}.{kind}": getattr(block[0], kind)  # type: ignore[index]
            for name, block in self.body.items()
            for kind in ("weight", "bias")
        }


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


def stem_and_student(first: int) -> tuple[Stem, Student]:
    """SFace in two parts. Raises ValueError when it has no block `first`."""
    sface = TorchSFace()
    if not 0 <= first < len(sface.body):
        raise ValueError(f"SFace has blocks 0..{len(sface.body) - 1}, so the first trained one cannot be {first}")
    return Stem(sface, first), Student(sface, first)
