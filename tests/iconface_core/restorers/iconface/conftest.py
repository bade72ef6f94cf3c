"""Tiny random models with the exact structure of the real ones."""

from collections.abc import Callable, Iterator

import pytest
import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

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

TINY = IconFaceConfig(
    backbone=BackboneConfig("tiny/random", 16, 2, 2, 16, 4, 24, (4, 4, 4, 4)),
    identity=IdentityConfig(encoder="fake-8", dim=8, width=12, rank=4),
    structure=StructureConfig(rank=4),
    memory=MemoryConfig(tokens=8, width=16, rank=4),
    lora=LoraSettings(rank=2, alpha=2),
    sampling=SamplingConfig(steps=3, image_size=64),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config() -> IconFaceConfig:
    return TINY


@pytest.fixture
def make_transformer() -> Callable[..., Flux2Transformer2DModel]:
    def make(config: IconFaceConfig = TINY, *, dtype: torch.dtype = torch.float32) -> Flux2Transformer2DModel:
        torch.manual_seed(0)
        b = config.backbone
        model = Flux2Transformer2DModel(
            in_channels=b.in_channels,
            num_layers=b.num_layers,
            num_single_layers=b.num_single_layers,
            attention_head_dim=b.attention_head_dim,
            num_attention_heads=b.num_attention_heads,
            joint_attention_dim=b.joint_attention_dim,
            axes_dims_rope=b.axes_dims_rope,
            guidance_embeds=False,
        )
        return (model if dtype == torch.float32 else model.to(dtype)).eval()

    return make


@pytest.fixture
def make_adapter() -> Callable[..., IconFaceAdapter]:
    def make(config: IconFaceConfig = TINY, *, trained: bool = False, seed: int = 1) -> IconFaceAdapter:
        """`trained` moves every parameter off its initial value, so each pathway has an effect."""
        torch.manual_seed(seed)
        adapter = IconFaceAdapter(config).eval()
        if trained:
            with torch.no_grad():
                for p in adapter.parameters():
                    p.add_(torch.randn_like(p) * 0.3)
        return adapter

    return make


@pytest.fixture
def make_vae() -> Callable[[], AutoencoderKLFlux2]:
    def make() -> AutoencoderKLFlux2:
        torch.manual_seed(2)
        vae = AutoencoderKLFlux2(
            block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=64
        ).eval()
        vae.bn.running_mean.normal_()
        vae.bn.running_var.uniform_(0.5, 2.0)
        return vae

    return make
