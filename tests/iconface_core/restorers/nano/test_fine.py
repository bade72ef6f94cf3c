"""The fine level: it begins as its U-Net, a window of it is a part of the whole, and references reach it."""

from dataclasses import replace
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from iconface_core.restorers.nano.checkpoint import load_nano, save_nano
from iconface_core.restorers.nano.config import ConvConfig, FineConfig, NanoConfig
from iconface_core.restorers.nano.fine import FineNet
from iconface_core.restorers.nano.texture import TextureNet

CONFIG = NanoConfig(
    size=64,
    conv=ConvConfig(widths=(8, 16, 24), blocks=(1, 1, 1), reference_widths=(0, 16), heads=2),
    fine=FineConfig(width=8, blocks=2, reference_width=8, texture_blocks=1),
)


def faces(references: int = 2, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    degraded = torch.rand(batch, 3, 64, 64, generator=g) * 2 - 1
    pictures = torch.rand(batch, references, 3, 64, 64, generator=g) * 2 - 1
    return degraded, pictures, functional.normalize(torch.randn(batch, 128, generator=g), dim=1)


def network(*, speaking: bool = True) -> FineNet:
    torch.manual_seed(0)
    net = FineNet(CONFIG).eval()
    torch.nn.init.normal_(net.trunk.head.weight, std=0.1)
    for layer in (net.head, net.hint):
        torch.nn.init.normal_(layer.weight, std=0.1 if speaking else 0.0)
    return net


@pytest.mark.parametrize("references", [0, 3])
def test_a_silent_level_adds_the_enlarged_change_of_its_u_net(references: int) -> None:
    degraded, pictures, anchor = faces(references)
    net = network(speaking=False)
    out = net(degraded, pictures, anchor)
    reduced = functional.avg_pool2d(degraded, 2)
    small = net.trunk(
        reduced, functional.avg_pool2d(pictures.flatten(0, 1), 2).reshape(2, references, 3, 32, 32), anchor
    )
    torch.testing.assert_close(out.small, small)
    change = functional.interpolate(small - reduced, scale_factor=2.0, mode="bilinear", align_corners=False)
    torch.testing.assert_close(out.base, degraded + change)
    assert out.damage.shape == (2, 1, 64, 64)


@given(top=st.integers(0, 8), left=st.integers(0, 8))
@settings(max_examples=8)
def test_a_window_is_a_part_of_the_whole(top: int, left: int) -> None:
    degraded, pictures, anchor = faces()
    net = network()
    rows, columns = slice(2 * top, 2 * top + 16), slice(2 * left, 2 * left + 16)
    with torch.no_grad():
        whole, part = net(degraded, pictures, anchor), net(degraded, pictures, anchor, window=(rows, columns))
    assert part.base.shape[2:] == (32, 32)
    torch.testing.assert_close(part.small, whole.small)
    margin = 14  # pixels: how far two blocks, the references' choice, stem and head see beyond the window's edge
    for cut, full in ((part.base, whole.base), (part.damage, whole.damage)):
        full = full[..., 4 * top : 4 * top + 32, 4 * left : 4 * left + 32]
        inside = (..., slice(margin, -margin), slice(margin, -margin))
        torch.testing.assert_close(cut[inside], full[inside], atol=1e-5, rtol=0)


def test_references_reach_the_fine_level_and_their_order_does_not_matter() -> None:
    degraded, pictures, anchor = faces(3)
    net = network()
    with torch.no_grad():
        before = net(degraded, pictures, anchor).base
        shuffled = net(degraded, pictures[:, [2, 0, 1]], anchor).base
        for parameter in net.reference.parameters():
            parameter.zero_()
        without = net(degraded, pictures, anchor).base
    torch.testing.assert_close(before, shuffled, atol=1e-5, rtol=0)
    assert float((before - without).abs().mean()) > 1e-4


FINE = {"stem", "carry", "blocks", "head", "reference", "take"}


@pytest.mark.parametrize(
    ("stage", "learns"),
    [
        ("all", {*FINE, "trunk", "hint", "texture", "hidden"}),
        ("base", {*FINE, "trunk", "hint"}),
        ("fine", FINE),
        ("texture", {"texture"}),
        ("hidden", {"hidden"}),
    ],
)
def test_each_stage_trains_its_part(
    stage: Literal["all", "base", "fine", "texture", "hidden"], learns: set[str]
) -> None:
    net = network()
    net.train_only(stage)
    assert {name.split(".")[0] for name, p in net.named_parameters() if p.requires_grad} == learns


def test_the_texture_teaches_the_base_nothing() -> None:
    net = network()
    net.train_only("all")
    net.texture_over(net(*faces()).base).square().mean().backward()
    assert {name.split(".")[0] for name, p in net.named_parameters() if p.grad is not None} == {"texture"}


@given(grey=st.floats(-1, 1), shift=st.integers(1, 5))
@settings(max_examples=10)
def test_the_texture_weaves_no_pattern_of_its_own(grey: float, shift: int) -> None:
    """What repeats in it comes from the face, not from a grid: it moves with the picture, and flat stays flat."""
    torch.manual_seed(0)
    net = TextureNet(8, 1)
    nn.init.normal_(net.last.weight)
    inside = slice(9, 48 - 9)  # the border is seen nine pixels far
    with torch.no_grad():
        flat = net(torch.full((1, 3, 48, 48), grey))
        picture = torch.rand(1, 3, 48, 48 + shift) * 2 - 1
        one, other = net(picture[..., :48]), net(picture[..., shift:])
    torch.testing.assert_close(flat, flat.mean().expand_as(flat), atol=1e-5, rtol=0)
    inner = slice(9 + shift, 48 - 9)
    torch.testing.assert_close(one[..., inside, inner], other[..., inside, 9 : 48 - 9 - shift], atol=1e-5, rtol=0)


def test_a_checkpoint_brings_the_fine_level_back(tmp_path: Path) -> None:
    net = network()
    save_nano(tmp_path / "fine.safetensors", net, CONFIG, {"licence": "none"})
    again, config, _ = load_nano(tmp_path / "fine.safetensors")
    assert config == CONFIG
    stored = {name: value.half().float() for name, value in net.state_dict().items()}
    torch.testing.assert_close(dict(again.state_dict()), stored)


def test_fine_levels_need_the_u_net() -> None:
    with pytest.raises(ValueError, match="fine levels"):
        replace(CONFIG, backbone="transformer")
    with pytest.raises(ValueError, match="no fine levels"):
        FineNet(CONFIG.trunk)
    with pytest.raises(ValueError, match="cannot be halved 4 times"):
        replace(CONFIG, size=72)


def test_what_is_hidden_is_filled_in_before_anything_looks() -> None:
    degraded, pictures, anchor = faces()
    net = network()
    marks = torch.full((2, 1, 64, 64), -9.0)
    marks[..., 20:24, :] = 9.0
    with patch.object(net.hidden, "forward", return_value=marks), torch.no_grad():
        one = net(degraded, pictures, anchor)
        scratched = degraded.clone()
        scratched[..., 20:24, :] = 1.0
        other = net(scratched, pictures, anchor)
    torch.testing.assert_close(one.base, other.base)
    assert float(one.damage[..., 20:24, :].min()) == 1.0
    assert float(one.damage[..., :18, :].max()) == 0.0
