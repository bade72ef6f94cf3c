"""An untrained or detached adapter is the backbone; a trained one touches image rows only."""

from dataclasses import replace

import pytest
import torch

from iconface_core.restorers.common.tokens import condition_ids, pack, scene_ids, text_ids
from iconface_core.restorers.iconface.adapter import AdapterSignals
from iconface_core.restorers.iconface.hooks import AdapterHooks
from iconface_core.restorers.iconface.network import IconFaceNetwork
from tests.support.narrow import present

SCENE = (4, 4)


def latents(count, size=(4, 4), dtype=torch.float32, seed=3, batch=2):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 16, *size, generator=generator).to(dtype) for _ in range(count)]


def inputs(references, dtype, batch=2):
    degraded, *refs = latents(1 + references, dtype=dtype, batch=batch)
    generator = torch.Generator().manual_seed(9)
    noise = torch.randn(batch, 16, 16, generator=generator).to(dtype)
    text = torch.randn(batch, 5, 24, generator=generator).to(dtype)
    anchor = torch.nn.functional.normalize(torch.randn(batch, 8, generator=generator), dim=-1)
    return degraded, refs, noise, text, anchor


def plain(transformer, degraded, refs, noise, text):
    tokens = torch.cat([noise, *(pack(x) for x in (degraded, *refs))], dim=1)
    ids = torch.cat([scene_ids(SCENE), condition_ids(SCENE, [r.shape[-2:] for r in refs])])
    return transformer(
        hidden_states=tokens,
        encoder_hidden_states=text,
        timestep=torch.full((len(noise),), 0.7),
        img_ids=ids,
        txt_ids=text_ids(text.shape[1]),
        return_dict=False,
    )[0][:, : noise.shape[1]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("references", [0, 1, 3])
@torch.no_grad()
def test_untrained_adapter_equals_the_backbone_and_a_trained_one_does_not(
    references, dtype, config, make_transformer, make_adapter
):
    transformer = make_transformer(dtype=dtype)
    degraded, refs, noise, text, anchor = inputs(references, dtype)
    expected = plain(transformer, degraded, refs, noise, text)
    sigma = torch.full((2,), 0.7)

    network = IconFaceNetwork(transformer, make_adapter().to(dtype), config)
    condition = network.prepare(degraded, refs, anchor)
    assert torch.equal(network.velocity(noise, sigma, text, condition), expected)
    network.detach()

    network = IconFaceNetwork(transformer, make_adapter(trained=True).to(dtype), config)
    condition = network.prepare(degraded, refs, anchor)
    assert not torch.equal(network.velocity(noise, sigma, text, condition), expected)
    assert torch.equal(plain(transformer, degraded, refs, noise, text), expected)  # outside `conditioned`
    network.detach()
    assert torch.equal(plain(transformer, degraded, refs, noise, text), expected)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in transformer.modules())


@pytest.mark.parametrize("scope", ["image", "scene"])
@torch.no_grad()
def test_text_rows_of_the_modulation_are_bit_identical_under_an_identity_delta(
    scope, config, make_transformer, make_adapter
):
    config = replace(config, identity=replace(config.identity, scope=scope))
    transformer = make_transformer()
    seen: dict[tuple[str, str], torch.Tensor] = {}
    names = ("double_stream_modulation_img", "double_stream_modulation_txt", "single_stream_modulation")
    degraded, refs, noise, text, anchor = inputs(2, torch.float32)

    def record(label):
        # Registered after the adapter's hooks, so this sees what the blocks see.
        return [
            getattr(transformer, n).register_forward_hook(lambda _m, _a, out, n=n: seen.__setitem__((label, n), out))
            for n in names
        ]

    handles = record("plain")
    plain(transformer, degraded, refs, noise, text)
    for h in handles:
        h.remove()
    network = IconFaceNetwork(transformer, make_adapter(config, trained=True), config)
    record("moved")
    network.velocity(noise, torch.full((2,), 0.7), text, network.prepare(degraded, refs, anchor))

    assert torch.equal(seen["plain", names[1]], seen["moved", names[1]])
    base, moved = seen["plain", names[2]], seen["moved", names[2]]
    n_text, n_scene, n_image = 5, 16, 64
    assert moved.shape == (2, n_text + n_image, 3 * 64)
    assert torch.equal(moved[:, :n_text], base[:, None].expand(-1, n_text, -1))
    changed = (moved != base[:, None]).any(-1)
    assert changed[:, n_text : n_text + n_scene].all()
    assert changed[:, n_text + n_scene :].all() == (scope == "image")
    double = seen["moved", names[0]]
    assert (double != seen["plain", names[0]][:, None]).any(-1)[:, -1].all() == (scope == "image")


@torch.no_grad()
def test_residual_touches_scene_rows_only(config, make_transformer, make_adapter):
    transformer, adapter = make_transformer(), make_adapter(trained=True)
    degraded, refs, noise, text, _ = inputs(1, torch.float32)
    rows = []
    hooks = AdapterHooks(transformer, adapter)
    transformer.x_embedder.register_forward_hook(lambda _m, _a, out: rows.append(out))
    plain(transformer, degraded, refs, noise, text)
    signals = adapter(pack(degraded), SCENE, SCENE)
    with hooks.conditioned(AdapterSignals(16, residual=signals.residual)):
        plain(transformer, degraded, refs, noise, text)
    assert torch.equal(rows[0][:, 16:], rows[1][:, 16:])
    assert torch.equal(rows[1][:, :16], rows[0][:, :16] + signals.residual)


def test_zero_references_shorten_the_sequence(config, make_transformer, make_adapter):
    network = IconFaceNetwork(make_transformer(), make_adapter(), config)
    lengths = [network.prepare(latents(1)[0], latents(n, size=(2, 4))).tokens.shape[1] for n in (0, 1, 3)]
    assert lengths == [16, 16 + 8, 16 + 24]


@pytest.mark.parametrize("name", ["concat", "structure", "identity", "single_route", "full"])
@torch.no_grad()
def test_every_row_of_the_ablation_runs_and_adds_to_the_one_before(name, config, make_transformer, make_adapter):
    config = config.variant(name)
    adapter = make_adapter(config, trained=True)
    network = IconFaceNetwork(make_transformer(), adapter, config)
    degraded, refs, noise, text, anchor = inputs(1, torch.float32)
    condition = network.prepare(degraded, refs, anchor)
    signals = condition.signals
    out = network.velocity(noise, torch.full((2,), 0.5), text, condition)
    assert torch.isfinite(out).all()
    order = ["concat", "structure", "identity", "single_route", "full"]
    at = order.index(name)
    assert (signals.residual is not None, signals.delta_double is not None, signals.memory is not None) == (
        at >= 1,
        at >= 2,
        at >= 3,
    )
    assert adapter.is_empty == (name == "concat")
    if signals.memory is not None:
        assert signals.memory.shape[1] == config.memory.tokens


@torch.no_grad()
def test_latent_residual_space_and_a_scene_larger_than_the_degraded_face(config, make_transformer, make_adapter):
    config = replace(config, structure=replace(config.structure, space="latent"))
    network = IconFaceNetwork(make_transformer(), make_adapter(config, trained=True), config)
    condition = network.prepare(latents(1, size=(2, 2))[0], scene=(4, 4))
    assert present(condition.signals.residual).shape == (2, 16, 16)
    assert network.velocity(torch.randn(2, 16, 16), torch.ones(2), torch.randn(1, 5, 24), condition).shape == (
        2,
        16,
        16,
    )


def test_a_call_with_too_few_tokens_is_refused(config, make_transformer, make_adapter):
    network = IconFaceNetwork(make_transformer(), make_adapter(), config)
    condition = network.prepare(latents(1)[0], scene=(8, 8))
    with (
        network.applying(condition),
        pytest.raises(ValueError, match="conditioned for a scene of 64"),
    ):
        plain(network.transformer, latents(1)[0], [], torch.randn(2, 16, 16), torch.randn(2, 5, 24))
