"""Both layouts of the backbone, written here in exactly the published names, give the same model."""

import json
from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderKLFlux2
from safetensors.torch import save_file

from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError, WeightsError
from iconface_core.restorers.iconface.backbone import find_backbone, load_transformer, load_vae
from iconface_core.restorers.iconface.placement import (
    DeviceMemoryError,
    Placement,
    estimated_bytes,
    memory_advice,
    place,
)

F32 = torch.float32

BLOCK_NAMES = {
    "attn.to_out.0": "img_attn.proj",
    "attn.to_add_out": "txt_attn.proj",
    "attn.norm_q": "img_attn.norm.query_norm",
    "attn.norm_k": "img_attn.norm.key_norm",
    "attn.norm_added_q": "txt_attn.norm.query_norm",
    "attn.norm_added_k": "txt_attn.norm.key_norm",
    "ff.linear_in": "img_mlp.0",
    "ff.linear_out": "img_mlp.2",
    "ff_context.linear_in": "txt_mlp.0",
    "ff_context.linear_out": "txt_mlp.2",
}
SINGLE_NAMES = {
    "attn.to_qkv_mlp_proj": "linear1",
    "attn.to_out": "linear2",
    "attn.norm_q": "norm.query_norm",
    "attn.norm_k": "norm.key_norm",
}
TOP_NAMES = {
    "x_embedder": "img_in",
    "context_embedder": "txt_in",
    "time_guidance_embed.timestep_embedder.linear_1": "time_in.in_layer",
    "time_guidance_embed.timestep_embedder.linear_2": "time_in.out_layer",
    "double_stream_modulation_img.linear": "double_stream_modulation_img.lin",
    "double_stream_modulation_txt.linear": "double_stream_modulation_txt.lin",
    "single_stream_modulation.linear": "single_stream_modulation.lin",
    "proj_out": "final_layer.linear",
}


def to_bfl(state):
    """diffusers names -> Black Forest Labs names, written from the published key tables."""
    out = {}
    for key, value in state.items():
        module, _ = key.rsplit(".", 1)
        if module == "norm_out.linear":
            out["final_layer.adaLN_modulation.1.weight"] = torch.cat(value.chunk(2)[::-1])
        elif module in TOP_NAMES:
            out[f"{TOP_NAMES[module]}.weight"] = value
        elif key.startswith("single_transformer_blocks."):
            _, block, name = module.split(".", 2)
            suffix = "scale" if "norm" in name else "weight"
            out[f"single_blocks.{block}.{SINGLE_NAMES[name]}.{suffix}"] = value
        else:
            _, block, name = module.split(".", 2)
            if name in ("attn.to_q", "attn.add_q_proj"):
                names = ("to_q", "to_k", "to_v") if name == "attn.to_q" else ("add_q_proj", "add_k_proj", "add_v_proj")
                fused = torch.cat([state[f"transformer_blocks.{block}.attn.{n}.weight"] for n in names])
                stream = "img" if name == "attn.to_q" else "txt"
                out[f"double_blocks.{block}.{stream}_attn.qkv.weight"] = fused
            elif name in BLOCK_NAMES:
                suffix = "scale" if "norm" in name else "weight"
                out[f"double_blocks.{block}.{BLOCK_NAMES[name]}.{suffix}"] = value
    return out


def vae_to_bfl(state):
    out = {}
    for key, value in state.items():
        if key == "bn.num_batches_tracked":
            continue
        new = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        parts = new.split(".")
        if new.startswith("quant_conv"):
            new = f"encoder.{new}"
        elif new.startswith("post_quant_conv"):
            new = f"decoder.{new}"
        elif "resnets" in parts and parts[1] == "mid_block":
            new = ".".join([parts[0], "mid", f"block_{int(parts[3]) + 1}", *parts[4:]])
        elif "attentions" in parts:
            name = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}[parts[4]]
            new = f"{parts[0]}.mid.attn_1.{name}.{parts[-1]}"
            if name != "norm" and parts[-1] == "weight":
                value = value[:, :, None, None]
        elif parts[0] == "encoder" and parts[1] == "down_blocks":
            place = ["block", parts[4]] if parts[3] == "resnets" else ["downsample"]
            new = ".".join(["encoder", "down", parts[2], *place, *parts[5:]])
        elif parts[0] == "decoder" and parts[1] == "up_blocks":
            place = ["block", parts[4]] if parts[3] == "resnets" else ["upsample"]
            new = ".".join(["decoder", "up", str(3 - int(parts[2])), *place, *parts[5:]])
        out[new] = value.contiguous()
    return out


@pytest.fixture
def vae():
    torch.manual_seed(2)
    # 32 channels: the group norm of the real one has 32 groups, which a single file does not record.
    vae = AutoencoderKLFlux2(
        block_out_channels=(32, 32, 64, 64),
        decoder_block_out_channels=(32, 64, 64, 96),
        layers_per_block=1,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    ).eval()
    vae.bn.running_mean.normal_()
    vae.bn.running_var.uniform_(0.5, 2.0)
    return vae


@pytest.fixture
def transformer(make_transformer):
    return make_transformer()


def save_diffusers(folder, transformer, vae):
    transformer.save_pretrained(folder / "transformer")
    vae.save_pretrained(folder / "vae")


def save_single(folder, transformer, vae):
    save_file(to_bfl(transformer.state_dict()), folder / "flux-2-klein-base-4b.safetensors")
    save_file(vae_to_bfl(vae.state_dict()), folder / "ae.safetensors")


def save_prefixed(folder, transformer, vae):
    state = {f"model.diffusion_model.{k}": v for k, v in to_bfl(transformer.state_dict()).items()}
    save_file(state, folder / "repacked.safetensors")
    vae.save_pretrained(folder / "vae")


def save_sharded(folder, transformer, vae):
    transformer.save_pretrained(folder / "transformer", max_shard_size="300KB")
    assert len(list((folder / "transformer").glob("*.safetensors"))) > 1
    vae.save_pretrained(folder / "vae")


@pytest.mark.parametrize("save", [save_diffusers, save_single, save_prefixed, save_sharded])
def test_every_layout_loads_to_the_same_weights(save, tmp_path, config, transformer, vae):
    save(tmp_path, transformer, vae)
    files = find_backbone(tmp_path)
    for loaded, original in (
        (load_transformer(files.transformer, config.backbone, F32), transformer),
        (load_vae(files.vae, F32), vae),
    ):
        expected = original.state_dict()
        assert set(loaded.state_dict()) == set(expected)
        for name, value in loaded.state_dict().items():
            assert torch.equal(value, expected[name]), name
        assert not loaded.training
        assert not any(p.requires_grad for p in loaded.parameters())
    assert load_transformer(files.transformer, config.backbone, torch.bfloat16).dtype == torch.bfloat16


def test_missing_parts_are_named_with_the_way_out(tmp_path, transformer, vae):
    with pytest.raises(BackendUnavailableError, match=r"no transformer .*models pull"):
        find_backbone(tmp_path)
    transformer.save_pretrained(tmp_path / "transformer")
    with pytest.raises(BackendUnavailableError, match=r"no vae .*ae.safetensors"):
        find_backbone(tmp_path)


def test_the_distilled_sibling_is_refused(tmp_path, transformer, vae):
    save_diffusers(tmp_path, transformer, vae)
    (tmp_path / "model_index.json").write_text(json.dumps({"is_distilled": True}))
    with pytest.raises(UnsupportedCheckpointError, match="klein-base-4B"):
        find_backbone(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps({"is_distilled": False}))
    find_backbone(tmp_path)
    save_file(to_bfl(transformer.state_dict()), tmp_path / "flux-2-klein-4b.safetensors")
    with pytest.raises(UnsupportedCheckpointError, match="distilled"):
        find_backbone(tmp_path / "flux-2-klein-4b.safetensors")


def test_wrong_shapes_damage_and_pickles_are_told_apart(tmp_path, config, transformer, vae):
    save_diffusers(tmp_path, transformer, vae)
    files = find_backbone(tmp_path)
    with pytest.raises(UnsupportedCheckpointError, match=r"lacks 'transformer_blocks\.2"):
        load_transformer(files.transformer, replace(config.backbone, num_layers=3), F32)
    with pytest.raises(UnsupportedCheckpointError, match="instead of"):
        load_transformer(files.transformer, replace(config.backbone, joint_attention_dim=25), F32)
    with pytest.raises(UnsupportedCheckpointError, match="unknown"):
        load_transformer(files.transformer, replace(config.backbone, num_single_layers=1), F32)
    weights = files.transformer / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(WeightsError, match="truncated"):
        load_transformer(files.transformer, config.backbone, F32)
    weights.unlink()
    torch.save({}, files.transformer / "diffusion_pytorch_model.bin")
    with pytest.raises(WeightsError, match="pickles are not read"):
        load_transformer(files.transformer, config.backbone, F32)
    (tmp_path / "vae" / "config.json").write_text("{")
    with pytest.raises(WeightsError, match="damaged"):
        load_vae(files.vae, F32)


def run(transformer):
    from iconface_core.restorers.common.tokens import scene_ids, text_ids

    g = torch.Generator().manual_seed(4)
    x, text = torch.randn(1, 16, 16, generator=g), torch.randn(1, 5, 24, generator=g)
    with torch.no_grad():
        return transformer(
            hidden_states=x.to(transformer.dtype),
            encoder_hidden_states=text.to(transformer.dtype),
            timestep=torch.tensor([0.4]),
            img_ids=scene_ids((4, 4)),
            txt_ids=text_ids(5),
            return_dict=False,
        )[0]


def test_eight_bit_weights_stay_close(make_transformer):
    pytest.importorskip("torchao")
    expected = run(make_transformer())
    quantised = place(make_transformer(), Placement(device="cpu", weights="int8"))
    got = run(quantised)
    assert not torch.equal(got, expected)
    assert float((got - expected).norm() / expected.norm()) < 0.02
    assert type(quantised.x_embedder.weight) is torch.nn.Parameter


def test_block_offload_changes_nothing(make_transformer):
    pytest.importorskip("accelerate")
    expected = run(make_transformer())
    assert torch.equal(run(place(make_transformer(), Placement(device="cpu", offload="blocks"))), expected)


def test_out_of_memory_becomes_advice():
    with (
        pytest.raises(DeviceMemoryError, match=r"fewer faces at once.*8-bit.*main memory") as e,
        memory_advice(Placement(device="cpu"), faces=4),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert isinstance(e.value.__cause__, torch.OutOfMemoryError)
    with pytest.raises(DeviceMemoryError) as e, memory_advice(Placement("cpu", weights="int8", offload="blocks")):
        raise torch.OutOfMemoryError
    assert "8-bit" not in str(e.value)


def test_allocators_without_an_error_type_are_understood_and_other_errors_pass():
    with pytest.raises(DeviceMemoryError), memory_advice(Placement("cpu")):
        torch.empty(2**60, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="shape") as e, memory_advice(Placement("cpu")):
        torch.zeros(2) @ torch.zeros(3, 1)
    assert not isinstance(e.value, DeviceMemoryError)


def test_memory_estimates_are_ordered_and_plausible():
    full, int8 = Placement("cpu", "bfloat16"), Placement("cpu", "bfloat16", "int8")
    offload = Placement("cpu", "bfloat16", "int8", "blocks")
    estimates = [estimated_bytes(p) for p in (full, int8, offload)]
    assert estimates == sorted(estimates, reverse=True)
    assert 7.9e9 < estimates[0] < 12e9
    assert estimated_bytes(full, faces=4) > estimates[0]


def test_automatic_placement_without_an_accelerator():
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has an accelerator")
    assert Placement().torch_device().type == "cpu"
    assert Placement().torch_dtype() == torch.float32
