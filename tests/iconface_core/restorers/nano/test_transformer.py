"""The transformer backbone: the 4B model's sequence and adapter at toy size, and what the two uses of it promise."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from iconface_core.restorers.nano.config import NanoConfig, NanoIdentity, TransformerConfig
from iconface_core.restorers.nano.network import build_network
from iconface_core.restorers.nano.transformer import SIGMA_FLOOR, TransformerNet, adapter_config, to_velocity
from tests.support.narrow import of_type

pytest.importorskip("diffusers")

TINY = NanoConfig(
    backbone="transformer",
    size=32,
    identity=NanoIdentity(dim=8, width=12),
    transformer=TransformerConfig(
        heads=2,
        head_dim=16,
        double_blocks=1,
        single_blocks=2,
        prompt_tokens=2,
        prompt_dim=16,
        adapter_rank=2,
        identity_rank=4,
        memory_tokens=8,
        memory_width=16,
        head_width=4,
    ),
)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(config: NanoConfig = TINY, *, trained: bool = False) -> TransformerNet:
    torch.manual_seed(0)
    network = build_network(config)
    assert isinstance(network, TransformerNet)
    if trained:
        with torch.no_grad():
            for p in network.parameters():
                p.add_(torch.randn_like(p) * 0.1)
    return network.eval()


def faces(count: int = 2, references: int = 2, seed: int = 1):
    g = torch.Generator().manual_seed(seed)
    degraded = torch.rand(count, 3, 32, 32, generator=g) * 2 - 1
    pictures = torch.rand(count, references, 3, 32, 32, generator=g) * 2 - 1
    return degraded, pictures, functional.normalize(torch.randn(count, 8, generator=g), dim=1)


@pytest.mark.parametrize("references", [0, 1, 3])
@torch.no_grad()
def test_untrained_it_returns_the_degraded_face(references):
    degraded, pictures, anchor = faces(references=references)
    network = make()
    assert torch.equal(network(degraded, pictures, anchor), degraded)
    torch.testing.assert_close(network.sample(degraded, pictures, anchor, steps=8), degraded)


@torch.no_grad()
def test_one_step_is_one_forward_pass_and_more_steps_are_something_else():
    network = make(trained=True)
    degraded, pictures, anchor = faces()
    once = network(degraded, pictures, anchor)
    torch.testing.assert_close(network.sample(degraded, pictures, anchor, steps=1), once, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(network.sample(degraded, pictures, anchor, steps=8), once, atol=1e-3)
    assert torch.equal(network.sample(degraded, pictures, anchor, 2), network.sample(degraded, pictures, anchor, 2))


@torch.no_grad()
def test_a_face_does_not_depend_on_its_neighbours():
    network = make(trained=True)
    degraded, pictures, anchor = faces(count=3)
    alone = network.sample(degraded[1:2], pictures[1:2], anchor[1:2], steps=3)
    torch.testing.assert_close(network.sample(degraded, pictures, anchor, steps=3)[1:2], alone, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_references_and_anchor_matter_only_where_they_are_switched_on():
    degraded, pictures, anchor = faces()
    _, others, stranger = faces(seed=2)
    network = make(trained=True)
    restored = network(degraded, pictures, anchor)
    assert not torch.equal(network(degraded, others, anchor), restored)
    assert not torch.equal(network(degraded, pictures, stranger), restored)
    blind = make(replace(TINY, references=False), trained=True)
    assert torch.equal(blind(degraded, others, anchor), blind(degraded, pictures, anchor))
    concat = make(TINY.variant("concat"), trained=True)
    assert torch.equal(concat(degraded, pictures, stranger), concat(degraded, pictures, anchor))
    assert concat.adapter.is_empty


def test_the_sequence_is_the_4b_model_s():
    """Scene t = 0, degraded t = 2, references t = 10 + r; a patch is one token."""
    network, seen = make(), []
    network.transformer.pos_embed.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    degraded, pictures, anchor = faces(references=3)
    network(degraded, pictures, anchor)
    ids = seen[0]
    assert ids.shape == (5 * 16, 4)
    assert ids[:, 0].unique_consecutive().tolist() == [0, 2, 10, 11, 12]


def test_every_parameter_learns_after_the_first_step():
    network = make().train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    degraded, pictures, anchor = faces()
    target, sigma = torch.zeros_like(degraded), torch.tensor([1.0, 0.4])
    for _ in range(3):
        optimizer.zero_grad()
        noise = torch.randn(degraded.shape, generator=torch.Generator().manual_seed(3))
        (network(degraded, pictures, anchor, noisy=noise, sigma=sigma) - target).square().mean().backward()
        optimizer.step()
    # The last block's text rows go nowhere: diffusers' own architecture.
    idle = {n for n, p in network.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)}
    assert not idle, idle


def test_gradient_checkpointing_gives_the_same_gradients():
    grads = []
    for checkpointing in (False, True):
        network = make(trained=True).train()
        if checkpointing:
            network.enable_gradient_checkpointing()
        network(*faces()).square().mean().backward()
        grads.append({n: p.grad for n, p in network.named_parameters()})
    for name, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][name], msg=name)


def test_velocity_is_not_magnified_at_little_noise():
    noisy, clean = torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    velocity = to_velocity(noisy, clean, torch.tensor([0.5, 0.0]))
    assert torch.equal(velocity[0], torch.full((3, 4, 4), 2.0))
    torch.testing.assert_close(velocity[1], torch.full((3, 4, 4), 1 / SIGMA_FLOOR))


@pytest.mark.parametrize(
    ("heads", "single", "backbone", "adapter"), [(4, 6, 9_880_832, 463_624), (5, 8, 18_044_416, 544_074)]
)
def test_sizes_xs_and_s(heads, single, backbone, adapter):
    config = NanoConfig(backbone="transformer", transformer=TransformerConfig(heads=heads, single_blocks=single))
    with torch.device("meta"):
        network = of_type(TransformerNet, build_network(config))
    assert sum(p.numel() for p in network.transformer.parameters()) == backbone
    assert network.adapter.count_parameters()["total"] == adapter
    assert adapter_config(config).backbone.hidden_size == heads * 64
