"""The U-Net: shapes, what each switch turns off, and that references reach the picture from the very start."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from iconface_core.errors import UnsupportedCheckpointError
from iconface_core.restorers.nano.config import ConvConfig, NanoConfig, Variant
from iconface_core.restorers.nano.conv import ConvNet
from iconface_core.restorers.nano.reference_attention import ReferenceMatch, warp

SMALL = NanoConfig(size=32, conv=ConvConfig(widths=(8, 16, 24), blocks=(1, 1, 1), reference_widths=(0, 16), heads=2))


def faces(references: int = 2, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    degraded = torch.rand(batch, 3, 32, 32, generator=g) * 2 - 1
    pictures = torch.rand(batch, references, 3, 32, 32, generator=g) * 2 - 1
    return degraded, pictures, functional.normalize(torch.randn(batch, 128, generator=g), dim=1)


def network(config: NanoConfig = SMALL) -> ConvNet:
    torch.manual_seed(0)
    net = ConvNet(config).eval()
    torch.nn.init.normal_(net.head.weight, std=0.1)  # as if it had begun to speak
    return net


@pytest.mark.parametrize("references", [0, 1, 3])
def test_the_answer_has_the_size_of_the_question(references: int) -> None:
    degraded, pictures, anchor = faces(references)
    assert network()(degraded, pictures, anchor).shape == degraded.shape


def test_references_reach_the_picture_before_anything_is_learned() -> None:
    degraded, pictures, anchor = faces()
    net = network()
    with torch.no_grad():
        apart = (net(degraded, pictures, anchor) - net(degraded, pictures.flip(1, 4), anchor)).abs().mean()
    assert float(apart) > 1e-3


def test_the_order_of_references_does_not_matter() -> None:
    degraded, pictures, anchor = faces(3)
    net = network()
    torch.testing.assert_close(
        net(degraded, pictures, anchor), net(degraded, pictures[:, [2, 0, 1]], anchor), atol=1e-5, rtol=0
    )


def test_a_face_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    degraded, pictures, anchor = faces(2, batch=3)
    net = network()
    alone = net(degraded[1:2], pictures[1:2], anchor[1:2])
    torch.testing.assert_close(net(degraded, pictures, anchor)[1:2], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("variant", ["concat", "structure", "identity", "single_route", "full"])
def test_every_row_of_the_ablation_is_a_network(variant: Variant) -> None:
    config = SMALL.variant(variant)
    degraded, pictures, anchor = faces()
    net = network(config)
    out = net(degraded, pictures, anchor)
    assert torch.equal(net(degraded, pictures, -anchor), out) == (variant in ("concat", "structure"))
    assert not torch.equal(net(degraded, -pictures, anchor), out)


def test_without_reference_pictures_only_the_anchor_speaks() -> None:
    degraded, pictures, anchor = faces()
    net = network(replace(SMALL, references=False))
    assert torch.equal(net(degraded, pictures, anchor), net(degraded, -pictures, anchor))
    assert not torch.equal(net(degraded, pictures, anchor), net(degraded, pictures, -anchor))


def test_matching_a_face_with_itself_stays_in_place() -> None:
    torch.manual_seed(0)
    match = ReferenceMatch(16, 16, 2, (0.5, 1.0))
    features = torch.randn(1, 16, 8, 8)
    _, where = match(features, features[:, None])
    inside = where.detach()[:, :, :, 2:-2, 2:-2]
    assert float(inside.abs().mean()) < 0.5 * 2 / 8  # half a cell


def test_a_warp_by_one_cell_moves_by_one_cell() -> None:
    features = torch.rand(1, 1, 4, 8, 8)
    where = torch.zeros(1, 1, 2, 8, 8, 2)
    torch.testing.assert_close(warp(features, where), features, atol=1e-5, rtol=0)
    where[..., 0] = 2 / 8
    torch.testing.assert_close(warp(features, where)[..., :-1], features[..., 1:], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("conv", "said"),
    [
        (ConvConfig(blocks=(1,)), "conv.blocks"),
        (ConvConfig(reference_widths=(24, 0, 128)), "conv.reference_widths"),
        (ConvConfig(reference_widths=(24, 64, 128, 224)), "conv.reference_widths"),
    ],
)
def test_impossible_sizes_are_refused(conv: ConvConfig, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        NanoConfig(conv=conv)


def test_a_newer_configuration_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedCheckpointError, match="update iconface"):
        NanoConfig.from_dict({"version": 99}, source="some.safetensors")
    with pytest.raises(UnsupportedCheckpointError, match="sharpen"):
        NanoConfig.from_dict({"version": 1, "sharpen": True})
