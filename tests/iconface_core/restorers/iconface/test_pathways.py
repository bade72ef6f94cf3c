"""Laws of the single modules (method Eq. 4-7)."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.restorers.common.tokens import pack
from iconface_core.restorers.iconface.pathways import (
    DegradedMemory,
    DegradedResidual,
    IdentityPathway,
    MemoryAttention,
    smooth,
)


def test_smooth_is_the_local_mean_and_repeats_the_border():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 9.0
    out = smooth(pack(image), (5, 5), 3).reshape(5, 5)
    expected = torch.zeros(5, 5)
    expected[1:4, 1:4] = 1.0
    torch.testing.assert_close(out, expected)
    corner = torch.zeros(1, 1, 3, 4)
    corner[0, 0, 0, 0] = 9.0  # repeated outwards: four of the nine cells of its own window
    assert float(smooth(pack(corner), (3, 4), 3)[0, 0, 0]) == pytest.approx(4.0)


@settings(max_examples=20)
@given(st.floats(-5, 5), st.sampled_from([1, 3, 5]))
def test_smooth_keeps_a_constant(value, kernel):
    tokens = torch.full((2, 12, 3), value)
    torch.testing.assert_close(smooth(tokens, (3, 4), kernel), tokens)


@torch.no_grad()
def test_the_detail_route_sees_only_what_smoothing_removes():
    torch.manual_seed(0)
    memory = DegradedMemory(4, tokens=6, width=64, routes=2, kernel=3)
    texture = torch.randn(1, 4, 8, 8)
    flat = pack(texture), pack(texture + torch.tensor([3.0, -1, 2, 5])[None, :, None, None])
    a, b = (memory(x, (8, 8)) for x in flat)
    assert a.shape == (1, 6, 64)
    torch.testing.assert_close(a[:, 3:], b[:, 3:], rtol=1e-4, atol=1e-5)  # a constant offset is not detail
    assert not torch.allclose(a[:, :3], b[:, :3])
    detail_of_a_constant = memory(torch.ones(1, 64, 4), (8, 8))[:, 3:]
    torch.testing.assert_close(detail_of_a_constant, memory(torch.zeros(1, 64, 4), (8, 8))[:, 3:])
    assert not torch.allclose(a[:, 3:], detail_of_a_constant)


@torch.no_grad()
def test_one_route_is_the_base_route_with_all_tokens():
    torch.manual_seed(0)
    memory = DegradedMemory(4, tokens=6, width=64, routes=1, kernel=3)
    assert memory.detail is None
    x = torch.randn(2, 64, 4)
    assert torch.equal(memory(x, (8, 8)), memory.base(x))
    assert memory(x, (8, 8)).shape == (2, 6, 64)


@torch.no_grad()
def test_pooling_ignores_token_order_and_accepts_any_length():
    torch.manual_seed(0)
    base = DegradedMemory(4, tokens=6, width=64, routes=1, kernel=3).base
    x = torch.randn(1, 30, 4)
    torch.testing.assert_close(base(x[:, torch.randperm(30)]), base(x), rtol=1e-4, atol=1e-5)
    assert base(x[:, :7]).shape == (1, 6, 64)


@torch.no_grad()
def test_memory_attention_equals_the_formula_written_out():
    torch.manual_seed(0)
    read = MemoryAttention(32, 24, rank=4, heads=2)
    h, memory = torch.randn(2, 5, 32) * 3 + 1, torch.randn(2, 7, 24)
    assert not read(h, memory).any()  # the gate starts at zero
    read.gate.fill_(0.7)
    x = (h - h.mean(-1, keepdim=True)) / torch.sqrt(h.var(-1, unbiased=False, keepdim=True) + 1e-6)
    q = x @ read.to_q.down.weight.T @ read.to_q.up.weight.T
    k, v = (memory @ m.down.weight.T @ m.up.weight.T for m in (read.to_k, read.to_v))
    heads = []
    for i in (slice(0, 16), slice(16, 32)):
        weights = torch.softmax(q[..., i] @ k[..., i].transpose(1, 2) / 16**0.5, dim=-1)
        heads.append(weights @ v[..., i])
    torch.testing.assert_close(read(h, memory), 0.7 * torch.cat(heads, dim=-1), rtol=1e-4, atol=1e-5)
    order = torch.randperm(7)
    torch.testing.assert_close(read(h, memory[:, order]), read(h, memory), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_residual_is_low_rank_scaled_and_resized():
    torch.manual_seed(0)
    residual = DegradedResidual(4, 32, rank=2, scale=0.5)
    tokens = torch.randn(1, 16, 4)
    assert not residual(tokens, (4, 4), (4, 4)).any()
    torch.nn.init.normal_(residual.project.up.weight)
    out = residual(tokens, (4, 4), (4, 4))
    torch.testing.assert_close(out, 0.5 * residual.project(tokens))
    assert torch.linalg.matrix_rank(out[0]) == 2
    constant = torch.ones(1, 16, 4)
    resized = residual(constant, (4, 4), (2, 8))
    torch.testing.assert_close(resized, out.new_ones(1, 16, 1) * residual(constant, (4, 4), (4, 4))[:, :1])


@torch.no_grad()
def test_identity_deltas_start_at_zero_with_the_modulation_s_sizes():
    pathway = IdentityPathway(8, 32, width=12, rank=4)
    double, single = pathway(torch.randn(3, 8))
    assert (double.shape, single.shape) == ((3, 192), (3, 96))
    assert not double.any()
    assert not single.any()


@torch.no_grad()
def test_switching_a_part_off_removes_exactly_its_signal(config, make_adapter):
    full = make_adapter(config, trained=True)
    degraded, anchor = torch.randn(1, 16, 16), torch.randn(1, 8)
    for part, field in (("identity", "delta_double"), ("structure", "residual")):
        without = replace(config, **{part: replace(getattr(config, part), enabled=False)})
        adapter = make_adapter(without)
        adapter.load_state_dict({k: v for k, v in full.state_dict().items() if k in adapter.state_dict()})
        a, b = (m(degraded, (4, 4), (4, 4), anchor) for m in (full, adapter))
        assert torch.equal(a.residual, full.residual(degraded, (4, 4), (4, 4)))
        for name in ("delta_double", "delta_single", "residual", "memory"):
            if name == field or (part == "identity" and name == "delta_single"):
                assert getattr(b, name) is None
            else:
                assert torch.equal(getattr(a, name), getattr(b, name))
