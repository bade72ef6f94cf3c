"""The transformer backbone of iconface-nano: FLUX.2's transformer on pixel patches (method 6.1, 6.2).

The sequence, the position ids and the adapter classes are those of the 4B model; there is no autoencoder and no text
encoder (a few learned prompt tokens instead). The output is read as an estimate of the clean image. sigma = 1 is often
drawn in training, so one step is a regression (closest to the truth) and several steps are a sampler (sharper).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import torch
from torch import Tensor, nn
from torch.nn import functional

from iconface_core.restorers.common.denoise import denoise, seeded_noise
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import pack, unpack
from iconface_core.restorers.iconface.adapter import IconFaceAdapter
from iconface_core.restorers.iconface.config import (
    BackboneConfig,
    IconFaceConfig,
    IdentityConfig,
    LoraSettings,
    MemoryConfig,
    SamplingConfig,
    StructureConfig,
)
from iconface_core.restorers.iconface.network import Condition, IconFaceNetwork
from iconface_core.untyped import lazy

from .config import NanoConfig

SIGMA_FLOOR = 0.05
"""Below this noise level a velocity is no longer divided by sigma: (z - x0) / sigma would only magnify errors."""


class TransformerNet(nn.Module):
    """Same interface as ConvNet, and `sample` for several steps. Untrained it returns the degraded image."""

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        shape, sizes = adapter_config(config), config.transformer
        self.config = config
        self.transformer = lazy("diffusers", "Flux2Transformer2DModel")(
            in_channels=shape.backbone.in_channels,
            num_layers=sizes.double_blocks,
            num_single_layers=sizes.single_blocks,
            attention_head_dim=sizes.head_dim,
            num_attention_heads=sizes.heads,
            joint_attention_dim=sizes.prompt_dim,
            axes_dims_rope=shape.backbone.axes_dims_rope,
            guidance_embeds=False,
        )
        nn.init.zeros_(self.transformer.proj_out.weight)
        self.adapter = IconFaceAdapter(shape)
        self.prompt = nn.Parameter(torch.randn(1, sizes.prompt_tokens, sizes.prompt_dim) * 0.02)
        self.head = SeamHead(sizes.head_width)
        self._network = IconFaceNetwork(self.transformer, self.adapter, shape)
        self._applied = ExitStack()

    def forward(
        self,
        degraded: Tensor,
        references: Tensor,
        anchor: Tensor,
        *,
        noisy: Tensor | None = None,
        sigma: Tensor | None = None,
    ) -> Tensor:
        """degraded (B, 3, S, S), references (B, R, 3, S, S), anchor (B, dim), and the noisy image with its sigma (B,)
        in 0..1 -> estimate of the clean image (B, 3, S, S). Without `noisy`: one step from seeded noise."""
        if noisy is None or sigma is None:
            noisy = _noise(degraded, seed=SamplingConfig().seed)
            sigma = torch.ones(len(degraded), device=degraded.device)
        condition = self._prepare(degraded, references, anchor)
        self._applied.close()
        if self.transformer.gradient_checkpointing and torch.is_grad_enabled():
            # The backward pass, which is still to come, runs the blocks again: the condition must still be there.
            self._applied.enter_context(self._network.applying(condition))
        return self._estimate(degraded, noisy, sigma, condition)

    @torch.no_grad()
    def sample(
        self, degraded: Tensor, references: Tensor, anchor: Tensor, steps: int = 1, seed: int = SamplingConfig().seed
    ) -> Tensor:
        """Restore in `steps` steps from noise of this seed, the same for every face of the batch."""
        noise = _noise(degraded, seed=seed)
        condition = self._prepare(degraded, references, anchor)

        def velocity(x: Tensor, sigma: float) -> Tensor:
            level = torch.full((len(x),), sigma, device=x.device)
            return to_velocity(x, self._estimate(degraded, x, level, condition), level)

        return denoise(velocity, noise, sigmas(steps, condition.scene[0] * condition.scene[1]))

    def enable_gradient_checkpointing(self) -> None:
        """Store less in the forward pass and compute it again in the backward pass."""
        self.transformer.enable_gradient_checkpointing()

    def _prepare(self, degraded: Tensor, references: Tensor, anchor: Tensor) -> Condition:
        seen: Sequence[Tensor] = references.unbind(1) if self.config.references else ()
        identity = anchor if self.config.identity.enabled else None
        return self._network.prepare(self._patches(degraded), [self._patches(r) for r in seen], identity)

    def _estimate(self, degraded: Tensor, noisy: Tensor, sigma: Tensor, condition: Condition) -> Tensor:
        tokens = pack(self._patches(noisy))
        change = self._network.velocity(tokens, sigma, self.prompt, condition)
        image = degraded + functional.pixel_shuffle(unpack(change, condition.scene), self.config.transformer.patch)
        out: Tensor = self.head(image)
        return out

    def _patches(self, images: Tensor) -> Tensor:
        return functional.pixel_unshuffle(images, self.config.transformer.patch)


class SeamHead(nn.Module):
    """Removes the seams between patches: residual convolutions at half resolution, no effect at first."""

    def __init__(self, width: int, blocks: int = 3) -> None:
        super().__init__()
        self.enter = nn.Conv2d(12, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(blocks)
        )
        self.leave = nn.Conv2d(width, 12, 3, padding=1)
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, S, S) -> the same shape."""
        x = self.enter(functional.pixel_unshuffle(image, 2))
        for block in self.blocks:
            x = x + block(x)
        return image + functional.pixel_shuffle(self.leave(x), 2)


def to_velocity(noisy: Tensor, clean: Tensor, sigma: Tensor) -> Tensor:
    """The flow velocity that leads from `noisy` to the estimate `clean`; sigma (B,)."""
    return (noisy - clean) / sigma.clamp(min=SIGMA_FLOOR).view(-1, 1, 1, 1)


def adapter_config(config: NanoConfig) -> IconFaceConfig:
    """The 4B model's configuration at nano's sizes: what its adapter and its sequence are built from."""
    sizes = config.transformer
    return IconFaceConfig(
        backbone=BackboneConfig(
            repo_id=config.name,
            in_channels=3 * sizes.patch**2,
            num_layers=sizes.double_blocks,
            num_single_layers=sizes.single_blocks,
            attention_head_dim=sizes.head_dim,
            num_attention_heads=sizes.heads,
            joint_attention_dim=sizes.prompt_dim,
            axes_dims_rope=(sizes.head_dim // 4,) * 4,
        ),
        identity=IdentityConfig(
            enabled=config.identity.enabled,
            encoder=config.identity.encoder,
            dim=config.identity.dim,
            temperature=config.identity.temperature,
            width=config.identity.width,
            rank=sizes.identity_rank,
        ),
        structure=StructureConfig(enabled=config.memory_routes > 0, rank=sizes.adapter_rank),
        memory=MemoryConfig(
            routes=config.memory_routes,
            tokens=sizes.memory_tokens,
            width=sizes.memory_width,
            rank=sizes.adapter_rank,
        ),
        lora=LoraSettings(rank=0),
        sampling=SamplingConfig(steps=8, guidance=1.0, image_size=config.size),
    )


def _noise(like: Tensor, *, seed: int) -> Tensor:
    return seeded_noise([seed] * len(like), tuple(like.shape[1:]), like.device, torch.float32)
