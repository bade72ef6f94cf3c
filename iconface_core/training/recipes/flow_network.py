"""The 4B model as a trainer sees it: one module with LoRA in a frozen backbone and the adapter beside it."""

from collections.abc import Sequence
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from iconface_core.restorers.iconface.adapter import IconFaceAdapter
from iconface_core.restorers.iconface.config import IconFaceConfig
from iconface_core.restorers.iconface.lora import add_lora
from iconface_core.restorers.iconface.network import IconFaceNetwork
from iconface_core.untyped import Transformer


class FlowNetwork(nn.Module):
    """Backbone, LoRA and adapter; only LoRA and adapter (float32) require gradients.

    Raises BackendUnavailableError when peft is not installed.
    """

    def __init__(self, transformer: Transformer, config: IconFaceConfig, *, gradient_checkpointing: bool) -> None:
        super().__init__()
        self.transformer = transformer.requires_grad_(False)
        if config.lora.rank:
            add_lora(transformer, config.lora)
        self.adapter = IconFaceAdapter(config)
        self.network = IconFaceNetwork(transformer, self.adapter, config)
        self._applied = ExitStack()
        if gradient_checkpointing:
            transformer.enable_gradient_checkpointing()

    def forward(
        self,
        scene: Tensor,
        sigma: Tensor,
        degraded: Tensor,
        references: Sequence[Tensor],
        anchor: Tensor | None,
        text: Tensor,
    ) -> Tensor:
        """Packed noisy scene (B, n, C), sigma (B,), normalised latents (B, C, h, w) of the degraded face and of each
        reference, anchors (B, dim), prompt (1, L, E) -> velocity (B, n, C)."""
        self._applied.close()
        condition = self.network.prepare(degraded, references, anchor)
        if torch.is_grad_enabled():
            # With gradient checkpointing the backward pass, still to come, runs the blocks again.
            self._applied.enter_context(self.network.applying(condition))
        return self.network.velocity(scene, sigma, text, condition)
