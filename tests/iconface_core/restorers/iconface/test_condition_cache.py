"""The cache must equal the same masked attention without a cache, and an independent masked computation."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as functional
from diffusers.models.embeddings import apply_rotary_emb

from iconface_core.restorers.common.denoise import denoise, guided
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import condition_ids, pack, scene_ids, text_ids
from iconface_core.restorers.iconface.network import IconFaceNetwork

SIGMA = 0.6


@pytest.fixture
def cached_config(config):
    return replace(config, condition_attention="cached", condition_timestep=0.125)


def case(references=2):
    g = torch.Generator().manual_seed(5)
    degraded = torch.randn(2, 16, 4, 4, generator=g)
    refs = [torch.randn(2, 16, 4, 2 + 2 * (i % 2), generator=g) for i in range(references)]
    noise, text = torch.randn(2, 16, 16, generator=g), torch.randn(2, 5, 24, generator=g)
    anchor = functional.normalize(torch.randn(2, 8, generator=g), dim=-1)
    return degraded, refs, noise, text, anchor


def uncached(network, degraded, refs, noise, text, condition):
    """diffusers' masked attention over the whole sequence, nothing kept."""
    tokens = condition.tokens
    with network.applying(condition):
        return network.transformer(
            hidden_states=torch.cat([tokens, noise], dim=1),
            encoder_hidden_states=text,
            timestep=torch.full((2,), SIGMA),
            img_ids=torch.cat([condition.ids, scene_ids((4, 4))]),
            txt_ids=text_ids(5),
            kv_cache_mode="extract",
            num_ref_tokens=tokens.shape[1],
            ref_fixed_timestep=network.config.condition_timestep,
        ).sample


@pytest.mark.parametrize("references", [0, 1, 3])
@pytest.mark.parametrize("scope", ["image", "scene"])
@torch.no_grad()
def test_cached_equals_uncached_bit_for_bit(references, scope, cached_config, make_transformer, make_adapter):
    config = replace(cached_config, identity=replace(cached_config.identity, scope=scope))
    network = IconFaceNetwork(make_transformer(), make_adapter(config, trained=True), config)
    degraded, refs, noise, text, anchor = case(references)
    condition = network.prepare(degraded, refs, anchor)
    got = network.velocity(noise, torch.full((2,), SIGMA), text, condition)
    assert torch.equal(got, uncached(network, degraded, refs, noise, text, condition))


@pytest.mark.parametrize("scope", ["image", "scene"])
@torch.no_grad()
def test_cached_equals_an_explicit_boolean_mask(scope, cached_config, make_transformer, make_adapter):
    """Written from the definition: one sequence, one mask, per-token timesteps; no part of the cache path is used."""
    cached_config = replace(cached_config, identity=replace(cached_config.identity, scope=scope))
    adapter = make_adapter(cached_config, trained=True)
    degraded, refs, noise, text, anchor = case()
    network = IconFaceNetwork(make_transformer(), adapter, cached_config)
    got = network.velocity(noise, torch.full((2,), SIGMA), text, network.prepare(degraded, refs, anchor))
    network.detach()

    expected = explicit(make_transformer(), adapter, cached_config, degraded, refs, noise, text, anchor)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def explicit(model, adapter, config, degraded, refs, noise, text, anchor):
    n_text, n_scene = text.shape[1], noise.shape[1]
    signals = adapter(pack(degraded), (4, 4), (4, 4), anchor)
    tokens = torch.cat([noise, *(pack(x) for x in (degraded, *refs))], dim=1)
    n_image = tokens.shape[1]
    is_condition = torch.arange(n_text + n_image) >= n_text + n_scene
    mask = ~is_condition[:, None] | is_condition[None, :]  # condition rows see condition columns only
    ids = torch.cat([text_ids(n_text), scene_ids((4, 4)), condition_ids((4, 4), [r.shape[-2:] for r in refs])])
    rope = model.pos_embed(ids)
    times = [torch.full((2,), t * 1000.0) for t in (SIGMA, config.condition_timestep)]
    temb, cond_temb = (model.time_guidance_embed(t, None) for t in times)
    on_condition = is_condition[n_text:, None]

    def modulation(module, delta):
        scene = module(temb)[:, None] + delta[:, None]
        condition = module(cond_temb)[:, None] + (delta[:, None] if config.identity.scope == "image" else 0)
        return torch.where(on_condition, condition, scene)

    def attend(q, k, v):
        q, k = apply_rotary_emb(q, rope, sequence_dim=1), apply_rotary_emb(k, rope, sequence_dim=1)
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)

    def heads(x):
        return x.unflatten(-1, (4, 16))

    def norm(x, shift, scale):
        return (1 + scale) * functional.layer_norm(x, x.shape[-1:], eps=1e-6) + shift

    img = model.x_embedder(tokens)
    img = torch.cat([img[:, :n_scene] + signals.residual, img[:, n_scene:]], dim=1)
    txt = model.context_embedder(text)
    img_mod = modulation(model.double_stream_modulation_img, signals.delta_double).chunk(6, -1)
    txt_mod = model.double_stream_modulation_txt(temb)[:, None].chunk(6, -1)
    for block, read in zip(model.transformer_blocks, adapter.read_double, strict=True):
        a = block.attn
        x, y = norm(img, *img_mod[:2]), norm(txt, *txt_mod[:2])
        q = torch.cat([a.norm_added_q(heads(a.add_q_proj(y))), a.norm_q(heads(a.to_q(x)))], dim=1)
        k = torch.cat([a.norm_added_k(heads(a.add_k_proj(y))), a.norm_k(heads(a.to_k(x)))], dim=1)
        v = torch.cat([heads(a.add_v_proj(y)), heads(a.to_v(x))], dim=1)
        out_txt, out_img = attend(q, k, v).split([n_text, n_image], dim=1)
        img = img + img_mod[2] * a.to_out[0](out_img)
        img = img + img_mod[5] * block.ff(norm(img, *img_mod[3:5]))
        txt = txt + txt_mod[2] * a.to_add_out(out_txt)
        txt = txt + txt_mod[5] * block.ff_context(norm(txt, *txt_mod[3:5]))
        img = img + read(img, signals.memory)

    h = torch.cat([txt, img], dim=1)
    image_mod = modulation(model.single_stream_modulation, signals.delta_single)
    text_mod = model.single_stream_modulation(temb)[:, None].expand(-1, n_text, -1)
    mod = torch.cat([text_mod, image_mod], dim=1).chunk(3, -1)
    for block, read in zip(model.single_transformer_blocks, adapter.read_single, strict=True):
        a = block.attn
        qkv, mlp = a.to_qkv_mlp_proj(norm(h, *mod[:2])).split([192, 384], dim=-1)
        q, k, v = (heads(x) for x in qkv.chunk(3, -1))
        gate, value = mlp.chunk(2, -1)
        both = torch.cat([attend(a.norm_q(q), a.norm_k(k), v), functional.silu(gate) * value], dim=-1)
        h = h + mod[2] * a.to_out(both)
        h = torch.cat([h[:, :n_text], h[:, n_text:] + read(h[:, n_text:], signals.memory)], dim=1)
    return model.proj_out(model.norm_out(h[:, n_text : n_text + n_scene], temb))


@torch.no_grad()
def test_one_cache_serves_all_steps_and_both_guidance_branches(cached_config, make_transformer, make_adapter):
    network = IconFaceNetwork(make_transformer(), make_adapter(cached_config, trained=True), cached_config)
    degraded, refs, noise, text, anchor = case()
    calls = []
    network.transformer.register_forward_pre_hook(
        lambda _m, _a, kw: calls.append((kw["kv_cache_mode"], kw["hidden_states"].shape[1])), with_kwargs=True
    )
    condition = network.prepare(degraded, refs, anchor)
    predict = guided(network.predictor(text, condition), network.predictor(text.flip(0), condition), 4.0)
    denoise(predict, noise, sigmas(3, 16))
    assert calls == [("extract", 16 + 8 + 16)] + [("cached", 16)] * 6


def test_gradients_flow_through_the_cache(cached_config, make_transformer, make_adapter):
    """So a checkpoint can be trained in this mode with the same code; every part must be reached."""
    adapter = make_adapter(cached_config, trained=True)
    network = IconFaceNetwork(make_transformer(), adapter, cached_config)
    degraded, refs, noise, text, anchor = case()
    out = network.velocity(noise, torch.full((2,), SIGMA), text, network.prepare(degraded, refs, anchor))
    out.square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in adapter.parameters())


@torch.no_grad()
def test_detach_restores_the_attention_processors(cached_config, make_transformer, make_adapter):
    transformer = make_transformer()
    before = {n: type(p) for n, p in transformer.attn_processors.items()}
    network = IconFaceNetwork(transformer, make_adapter(cached_config), cached_config)
    assert {n: type(p) for n, p in transformer.attn_processors.items()} != before
    network.detach()
    assert {n: type(p) for n, p in transformer.attn_processors.items()} == before
