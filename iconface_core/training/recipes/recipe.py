"""The seam between the trainer and what is trained: nano (`nano_recipe`) or the 4B model (`flow_recipe`)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from iconface_core.training.data.draw import Draw

Forward = Callable[..., Any]
"""The trained module as the trainer wrapped it (several GPUs, compiled, mixed precision); its answer in float32."""

Example = TypeVar("Example")


class Recipe(Protocol[Example]):
    """A network with its data and losses. The trainer owns the loop, the optimiser, the average and the files."""

    @property
    def module(self) -> nn.Module:
        """What is trained; parameters with `requires_grad` are optimised, averaged and saved."""

    def draw(self, draw: Draw, progress: float) -> Example:
        """One micro-batch on the training device; `progress` (0..1) is how far the run is. May run in a thread."""

    def losses(self, forward: Forward, example: Example) -> Mapping[str, Tensor]:
        """Scalars by name; "loss" is minimised, the others are logged."""

    def samples(self, draw: Draw, rows: int) -> Mapping[str, Tensor]:
        """Columns of a sample grid, (rows, 3, H, W) in [-1, 1] each, made with the module as it is now from faces that
        are not trained on. No gradients are needed."""

    def export(self, folder: Path, record: Mapping[str, Any]) -> Path:
        """Write the module as it is now as a checkpoint that restores photos; returns its path."""
