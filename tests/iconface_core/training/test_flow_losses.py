"""The paper's objective: identities that must hold for any tensors, and the constants as printed."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from iconface_core.training.recipes.flow_losses import (
    FlowLossConfig,
    at_noise_level,
    draw_sigma,
    flow_loss,
    hard_share,
    identity_loss,
    omega,
    one_step_estimate,
)

PAPER = FlowLossConfig()
seeds = st.integers(0, 2**31)


def unit(seed, count=3, dim=8):
    return functional.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_the_constants_are_the_paper_s():
    assert (PAPER.flow, PAPER.identity, PAPER.hard, PAPER.omega_floor) == (0.75, 0.30, 0.25, 0.25)


@given(seeds)
def test_the_true_velocity_has_no_loss_and_leads_back_to_the_clean_latents(seed):
    g = torch.Generator().manual_seed(seed)
    clean, noise, sigma = (
        torch.randn(2, 4, 3, 3, generator=g),
        torch.randn(2, 4, 3, 3, generator=g),
        torch.rand(2, generator=g),
    )
    truth = noise - clean
    assert flow_loss(truth, clean, noise) == 0
    assert flow_loss(truth + 1, clean, noise) == pytest.approx(1, abs=1e-5)
    estimate = one_step_estimate(at_noise_level(clean, noise, sigma), truth, sigma)
    torch.testing.assert_close(estimate, clean, rtol=1e-4, atol=1e-5)


@given(st.floats(0, 1))
def test_omega_falls_with_noise_to_its_floor(sigma):
    value = omega(torch.tensor(sigma), 0.25).item()
    assert value == pytest.approx(max(1 - sigma, 0.25) ** 2, abs=1e-6)
    assert 0.0625 - 1e-7 <= value <= 1


@given(seeds, seeds)
def test_the_truth_s_share_grows_as_the_references_differ_from_it(a, b):
    reference, truth = unit(a), unit(b)
    share = hard_share(reference, truth, 0.25)
    assert ((share >= -1e-6) & (share <= 0.5 + 1e-6)).all()
    assert hard_share(truth, truth, 0.25).abs().max() < 1e-6
    assert hard_share(-truth, truth, 0.25).sub(0.5).abs().max() < 1e-6


def test_identity_loss_by_hand():
    """cos(restored, ref) = .6, cos(restored, truth) = .8, cos(ref, truth) = 0, sigma = .5."""
    reference, truth = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    restored = torch.tensor([[0.6, 0.8]])
    expected = 0.5**2 * (0.75 * 0.4 + 0.25 * 0.2)
    assert identity_loss(restored, reference, truth, torch.tensor([0.5]), PAPER).item() == pytest.approx(expected)


def test_nothing_flows_back_into_the_targets():
    restored, reference, truth = (unit(seed).requires_grad_() for seed in (1, 2, 3))
    identity_loss(restored, reference, truth, torch.rand(3), PAPER).backward()
    assert restored.grad is not None
    assert reference.grad is None
    assert truth.grad is None


def test_noise_levels_are_seeded_and_distributed_as_named():
    def draw(kind, seed=0):
        return draw_sigma(20_000, kind, torch.Generator().manual_seed(seed))

    assert torch.equal(draw("uniform"), draw("uniform"))
    assert not torch.equal(draw("uniform"), draw("uniform", 1))
    logit = torch.logit(draw("logit_normal").double())
    assert logit.mean().abs() < 0.03
    assert logit.std().sub(1).abs() < 0.03
    assert draw("uniform").std().sub(math.sqrt(1 / 12)).abs() < 0.01
