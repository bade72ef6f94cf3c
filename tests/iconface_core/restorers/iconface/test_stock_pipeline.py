"""The adapter under diffusers' own Flux2KleinPipeline: its loop, its guidance, its pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from iconface_core.restorers.common.denoise import denoise, guided
from iconface_core.restorers.common.schedule import sigmas
from iconface_core.restorers.common.tokens import pack, unpack
from iconface_core.restorers.iconface.hooks import AdapterHooks
from iconface_core.restorers.iconface.latents import decode, encode, to_pixels, to_tensor
from iconface_core.restorers.iconface.network import IconFaceNetwork

pytest.importorskip("transformers")


@pytest.fixture
def pipeline(make_transformer, make_vae):
    from diffusers import FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline

    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    pipe = Flux2KleinPipeline(scheduler, make_vae(), None, None, make_transformer(), is_distilled=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.fixture
def text():
    g = torch.Generator().manual_seed(1)
    return torch.randn(2, 5, 24, generator=g)


def run(pipe, text, images, steps=12):
    return pipe(
        image=images,
        height=64,
        width=64,
        num_inference_steps=steps,
        guidance_scale=4.0,
        prompt_embeds=text[:1],
        negative_prompt_embeds=text[1:],
        generator=torch.Generator().manual_seed(42),
        output_type="np",
    ).images


@pytest.mark.parametrize("references", [0, 1, 3])
def test_untrained_adapter_leaves_the_stock_pipeline_s_pixels(references, pipeline, picture, text, make_adapter):
    images = [Image.fromarray(np.roll(picture, 5 * i, 0)) for i in range(1 + references)]
    calls = []
    pipeline.transformer.register_forward_pre_hook(lambda *_: calls.append(1))
    expected = run(pipeline, text, images)
    assert len(calls) == 24
    degraded = pack(encode(pipeline.vae, to_tensor(picture)))
    anchor = torch.nn.functional.normalize(torch.randn(1, 8), dim=-1)
    hooks = AdapterHooks(pipeline.transformer, make_adapter())
    with torch.no_grad(), hooks.conditioned(make_adapter()(degraded, (4, 4), (4, 4), anchor)):
        assert np.array_equal(run(pipeline, text, images), expected)
    hooks.detach()
    trained = make_adapter(trained=True)
    hooks = AdapterHooks(pipeline.transformer, trained)
    with torch.no_grad(), hooks.conditioned(trained(degraded, (4, 4), (4, 4), anchor)):
        assert not np.array_equal(run(pipeline, text, images), expected)
    assert np.array_equal(run(pipeline, text, images), expected)


@torch.no_grad()
def test_our_loop_gives_the_stock_pipeline_s_picture(pipeline, picture, text, config, make_adapter, monkeypatch):
    """Same noise, our ids injected into the pipeline: schedule, guidance, packing, autoencoder must all agree."""
    from iconface_core.restorers.common.tokens import condition_ids

    images = [Image.fromarray(picture), Image.fromarray(picture[::-1])]
    ids = condition_ids((4, 4), [(4, 4)])[None]
    monkeypatch.setattr(type(pipeline), "_prepare_image_ids", staticmethod(lambda latents, scale=10: ids))
    expected = run(pipeline, text, images)[0]

    network = IconFaceNetwork(pipeline.transformer, make_adapter(), config)
    degraded, reference = (encode(pipeline.vae, to_tensor(np.array(i))) for i in images)
    condition = network.prepare(degraded, [reference])
    noise = torch.randn(1, 16, 4, 4, generator=torch.Generator().manual_seed(42))
    predict = guided(network.predictor(text[:1], condition), network.predictor(text[1:], condition), 4.0)
    z = denoise(predict, pack(noise), sigmas(12, 16))
    ours = to_pixels(decode(pipeline.vae, unpack(z, (4, 4)))[0])
    assert np.abs(ours / 255.0 - expected).max() < 3 / 255


def test_latents_round_trip_through_the_normalisation(make_vae):
    vae = make_vae()
    x = torch.rand(2, 3, 32, 64) * 2 - 1
    z = encode(vae, x)
    assert z.shape == (2, 16, 2, 4)
    with torch.no_grad():
        direct = vae.decode(vae.encode(x).latent_dist.mode()).sample
        torch.testing.assert_close(decode(vae, z), direct, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="multiples of 16"):
        encode(vae, x[..., :60])


def test_normalisation_is_the_stock_pipeline_s(pipeline, picture):
    """With a variance near the batch norm's epsilon, so that leaving it out would show."""
    pipeline.vae.bn.running_var.uniform_(1e-4, 1e-3)
    image = to_tensor(picture)
    with torch.no_grad():
        expected = pipeline._encode_vae_image(image, generator=None)
        torch.testing.assert_close(encode(pipeline.vae, image), expected, rtol=1e-5, atol=1e-6)


def test_pixels_survive_the_tensor_form(picture):
    assert np.array_equal(to_pixels(to_tensor(picture)[0]), picture)
