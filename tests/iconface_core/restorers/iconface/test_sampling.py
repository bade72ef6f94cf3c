"""Tokens, schedule, loop: fixed numbers of the method, laws, and diffusers as an independent witness."""

import itertools

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline, compute_empirical_mu
from hypothesis import given
from hypothesis import strategies as st

from iconface_core.restorers.common.denoise import denoise, guided, seeded_noise
from iconface_core.restorers.common.schedule import empirical_mu, sigmas
from iconface_core.restorers.common.tokens import MAX_REFERENCES, condition_ids, pack, scene_ids, text_ids, unpack

TWELVE = (1, 0.9875, 0.973, 0.9557, 0.935, 0.9097, 0.878, 0.8371, 0.7825, 0.7058, 0.59, 0.3955, 0)


def test_the_twelve_sigmas_of_the_method():
    assert sigmas(12, 1024) == pytest.approx(TWELVE, abs=6e-5)
    assert empirical_mu(1024, 12) == pytest.approx(1.97352, abs=5e-6)


@given(steps=st.integers(1, 60), tokens=st.integers(16, 6000))
def test_schedule_is_the_one_of_diffusers(steps, tokens):
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    mu = compute_empirical_mu(tokens, steps)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu)
    ours = sigmas(steps, tokens)
    np.testing.assert_allclose(ours, scheduler.sigmas.numpy(), atol=1e-6)
    assert all(a > b for a, b in itertools.pairwise(ours))


@pytest.mark.parametrize(("steps", "tokens"), [(0, 16), (4, 0)])
def test_schedule_refuses_nothing_to_do(steps, tokens):
    with pytest.raises(ValueError, match="at least one step"):
        sigmas(steps, tokens)


def test_position_ids():
    ids = condition_ids((2, 3), [(1, 2), (2, 1), (3, 3)])
    assert ids.shape == (6 + 2 + 2 + 9, 4)
    assert ids[:, 0].unique_consecutive().tolist() == [2, 10, 11, 12]
    assert scene_ids((2, 2)).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 0]]
    assert text_ids(3).tolist() == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 2]]
    assert condition_ids((1, 1), [(1, 1)] * MAX_REFERENCES)[-1, 0] == 17
    with pytest.raises(ValueError, match="at most 8"):
        condition_ids((1, 1), [(1, 1)] * 9)


def test_ids_and_packing_agree_with_the_stock_pipeline():
    x = torch.randn(2, 8, 3, 5)
    assert torch.equal(pack(x), Flux2KleinPipeline._pack_latents(x))
    assert torch.equal(unpack(pack(x), (3, 5)), x)
    assert torch.equal(scene_ids((3, 5)), Flux2KleinPipeline._prepare_latent_ids(x)[0])
    assert torch.equal(text_ids(7), Flux2KleinPipeline._prepare_text_ids(torch.zeros(1, 7, 4))[0])
    with pytest.raises(ValueError, match="15 tokens"):
        unpack(pack(x), (4, 4))


def test_an_exact_velocity_reaches_the_target_for_any_number_of_steps():
    target, noise = torch.randn(2, 6, 4), torch.randn(2, 6, 4)
    for steps in (1, 3, 12):
        out = denoise(lambda x, s: (x - target) / s, noise, sigmas(steps, 16))
        torch.testing.assert_close(out, target, atol=1e-5, rtol=1e-5)


@given(g=st.floats(-2, 8))
def test_guidance_algebra(g):
    x = torch.ones(1, 1, 1)
    out = guided(lambda x, s: 3 * x, lambda x, s: 2 * x, g)(x, 0.5)
    assert float(out) == pytest.approx(2 + g, abs=1e-4)


def test_guidance_one_makes_a_single_pass():
    calls = []

    def unconditional(x: torch.Tensor, s: float) -> torch.Tensor:
        calls.append("unconditional")
        return x

    predict = guided(lambda x, s: x, unconditional, 1.0)
    predict(torch.ones(1), 0.5)
    assert calls == []


def test_progress_cancel_and_early_stop():
    seen = []
    denoise(lambda x, s: x, torch.randn(1, 4, 4), sigmas(5, 16), on_step=lambda i, n: seen.append((i, n)))
    assert seen == [(i, 5) for i in range(1, 6)]

    levels = []

    def velocity(x, sigma):
        levels.append(sigma)
        return x

    def cancel(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        denoise(velocity, torch.randn(1, 4, 4), sigmas(5, 16), on_step=cancel)
    assert levels == list(sigmas(5, 16)[:2])

    noise = torch.randn(1, 4, 4)
    one = denoise(lambda x, s: 0.25 * x, noise, sigmas(5, 16), stop_after=1)
    torch.testing.assert_close(one, noise - 0.25 * noise)
    with pytest.raises(ValueError, match="between 1 and 5"):
        denoise(velocity, noise, sigmas(5, 16), stop_after=6)


def test_noise_depends_on_the_seed_and_not_on_the_batch():
    args = ((4, 8), torch.device("cpu"), torch.float32)
    both = seeded_noise([7, 8], *args)
    assert torch.equal(both[1], seeded_noise([8], *args)[0])
    assert not torch.equal(both[0], both[1])
