"""What a trainer relies on: gradients reach everything, checkpointing and compilation change nothing."""

from dataclasses import replace

import pytest
import torch
from torch._dynamo.utils import counters

from iconface_core.restorers.iconface.adapter import meta_adapter
from iconface_core.restorers.iconface.backbone import empty_transformer
from iconface_core.restorers.iconface.config import IconFaceConfig
from iconface_core.restorers.iconface.lora import add_lora
from iconface_core.restorers.iconface.network import IconFaceNetwork
from tests.support.narrow import present


def batch():
    g = torch.Generator().manual_seed(6)
    degraded, reference = torch.randn(2, 2, 16, 4, 4, generator=g)
    anchor = torch.nn.functional.normalize(torch.randn(2, 8, generator=g), dim=-1)
    noise, text = torch.randn(2, 16, 16, generator=g), torch.randn(2, 5, 24, generator=g)
    return degraded, reference, anchor, noise, text


def backward(network, *, keep=True):
    degraded, reference, anchor, noise, text = batch()
    condition = network.prepare(degraded, [reference], anchor)
    with network.applying(condition):
        loss = network.velocity(noise, torch.full((2,), 0.5), text, condition).square().mean()
        loss.backward()
    return loss.detach()


def test_step_zero_moves_exactly_the_zero_factors_and_step_one_moves_everything(config, make_transformer, make_adapter):
    transformer = make_transformer().requires_grad_(False)
    add_lora(transformer, config.lora)
    adapter = make_adapter()
    network = IconFaceNetwork(transformer, adapter, config)
    trained = dict(adapter.named_parameters())
    trained |= {n: p for n, p in transformer.named_parameters() if "lora_" in n}
    optimizer = torch.optim.SGD(trained.values(), lr=0.5)
    backward(network)

    def moved():
        return {n for n, p in trained.items() if p.grad is not None and bool(p.grad.abs().sum() > 0)}

    zero = {n for n, p in trained.items() if not p.detach().abs().sum() and not n.endswith("norm.bias")}
    assert all(n.endswith((".gate", ".up.weight", "lora_B.default.weight")) for n in zero)
    assert moved() == zero
    optimizer.step()
    optimizer.zero_grad()
    backward(network)
    assert moved() == set(trained)
    assert all(p.grad is None for n, p in transformer.named_parameters() if "lora_" not in n)


def test_gradient_checkpointing_gives_the_same_gradients(config, make_transformer, make_adapter):
    grads = []
    for checkpointing in (False, True):
        transformer, adapter = make_transformer().requires_grad_(False), make_adapter(trained=True)
        if checkpointing:
            transformer.enable_gradient_checkpointing()
        transformer.train()
        network = IconFaceNetwork(transformer, adapter, config)
        loss = backward(network)
        grads.append((loss, {n: p.grad for n, p in adapter.named_parameters()}))
    assert torch.equal(grads[0][0], grads[1][0])
    for name, grad in grads[0][1].items():
        assert torch.equal(grad, grads[1][1][name]), name


@pytest.mark.parametrize("mode", ["joint", "cached"])
@torch.no_grad()
def test_compiled_equals_eager(mode, config, make_transformer, make_adapter):
    # One block of each kind: compilation time is what this test costs.
    config = replace(
        config, condition_attention=mode, backbone=replace(config.backbone, num_layers=1, num_single_layers=1)
    )
    degraded, reference, anchor, noise, text = batch()
    network = IconFaceNetwork(make_transformer(config), make_adapter(config, trained=True), config)
    first, second = (
        network.prepare(degraded, [reference], anchor),
        network.prepare(reference, [degraded], anchor.flip(0)),
    )
    sigma = torch.full((2,), 0.5)
    eager = [network.velocity(noise, sigma, text, c) for c in (first, second)]
    torch._dynamo.reset()
    counters.clear()
    network.transformer.compile(backend="aot_eager")
    # The second image must not be answered with the first one's signals.
    for condition, expected in zip((first, second), eager, strict=True):
        torch.testing.assert_close(network.velocity(noise, sigma, text, condition), expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(eager[0], eager[1])
    # One whole graph, and no second compilation for the second image.
    assert not counters["graph_break"]
    assert counters["stats"]["unique_graphs"] == 1


def test_parameter_counts_at_true_size():
    transformer = empty_transformer(IconFaceConfig().backbone)
    assert sum(p.numel() for p in transformer.parameters()) == 3_875_544_576
    counts = meta_adapter(IconFaceConfig()).count_parameters()
    assert counts == {
        "identity": 4_001_280,
        "residual": 51_200,
        "memory": 2_362_368,
        "cross_attention": 5_324_825,
        "total": 11_739_673,
    }
    assert meta_adapter(IconFaceConfig().variant("concat")).count_parameters()["total"] == 0


@pytest.mark.parametrize(("mode", "rows"), [("joint", 5120), ("cached", 1024)])
@torch.no_grad()
def test_true_size_shapes_through_the_whole_network(mode, rows):
    """A 512 x 512 face with three references on the meta device: every shape of the 4B path, at no cost."""
    config = replace(IconFaceConfig(), condition_attention=mode)
    network = IconFaceNetwork(empty_transformer(config.backbone), meta_adapter(config), config)
    seen = []
    network.transformer.x_embedder.register_forward_hook(lambda _m, _a, out: seen.append(tuple(out.shape)))
    with torch.device("meta"):
        latents = torch.empty(1, 128, 32, 32)
        condition = network.prepare(latents, [latents] * 3, torch.empty(1, 512))
        out = network.velocity(torch.empty(1, 1024, 128), torch.empty(1), torch.empty(1, 512, 7680), condition)
    assert out.shape == (1, 1024, 128)
    assert seen[-1] == (1, rows, 3072)
    assert present(condition.signals.delta_double).shape == (1, 18432)
    assert present(condition.signals.delta_single).shape == (1, 9216)
    assert present(condition.signals.residual).shape == (1, 1024, 3072)
    assert present(condition.signals.memory).shape == (1, 256, 512)
