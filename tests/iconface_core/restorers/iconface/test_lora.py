"""LoRA: exact at first, merge equals PEFT, import of BFL names equals a computation from the fused weights."""

import json

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_flux2_transformer_checkpoint_to_diffusers
from safetensors.torch import save_file

from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.restorers.common.tokens import scene_ids, text_ids
from iconface_core.restorers.iconface.checkpoint import load_checkpoint, save_checkpoint
from iconface_core.restorers.iconface.config import IconFaceConfig, LoraSettings
from iconface_core.restorers.iconface.faceir import convert_bfl_lora, import_faceir
from iconface_core.restorers.iconface.lora import add_lora, lora_shapes, lora_state, merge_lora

pytest.importorskip("peft")


@pytest.fixture
def call():
    def run(transformer):
        g = torch.Generator().manual_seed(4)
        x, text = torch.randn(1, 16, 16, generator=g), torch.randn(1, 5, 24, generator=g)
        with torch.no_grad():
            return transformer(
                hidden_states=x,
                encoder_hidden_states=text,
                timestep=torch.tensor([0.4]),
                img_ids=scene_ids((4, 4)),
                txt_ids=text_ids(5),
                return_dict=False,
            )[0]

    return run


def random_lora(config, seed=0):
    g = torch.Generator().manual_seed(seed)
    return {k: torch.randn(s, generator=g) * 0.1 for k, s in lora_shapes(config).items()}


def test_a_new_lora_is_exact_and_has_the_checkpoint_s_shapes(config, make_transformer, call):
    transformer = make_transformer()
    expected = call(transformer)
    add_lora(transformer, config.lora)
    assert torch.equal(call(transformer), expected)
    assert {k: tuple(v.shape) for k, v in lora_state(transformer).items()} == lora_shapes(config)


def test_merge_equals_peft_and_the_file_loads_through_diffusers(config, make_transformer, call, tmp_path):
    state = random_lora(config)
    merged = make_transformer()
    merge_lora(merged, state, config.lora)
    save_file(state, tmp_path / "pytorch_lora_weights.safetensors")
    through_peft = make_transformer()
    through_peft.load_lora_adapter(tmp_path, prefix="transformer", weight_name="pytorch_lora_weights.safetensors")
    assert not torch.allclose(call(merged), call(make_transformer()))
    torch.testing.assert_close(call(merged), call(through_peft), rtol=1e-4, atol=1e-5)


def test_alpha_scales_the_merge(config, make_transformer):
    state = random_lora(config)
    once, twice, plain = make_transformer(), make_transformer(), make_transformer()
    merge_lora(once, state, LoraSettings(2, 2))
    merge_lora(twice, state, LoraSettings(2, 4))
    name = "single_transformer_blocks.1.attn.to_out"
    base, a, b = (m.get_submodule(name).weight for m in (plain, once, twice))
    torch.testing.assert_close(b - base, 2 * (a - base), rtol=1e-3, atol=1e-6)


def test_a_lora_of_another_backbone_is_refused(config, make_transformer):
    state = random_lora(config)
    with pytest.raises(UnsupportedCheckpointError, match="does not have"):
        merge_lora(make_transformer(), {k.replace(".1.", ".7."): v for k, v in state.items()}, config.lora)
    wide = {k: torch.zeros(2, 99) if "lora_A" in k else v for k, v in state.items()}
    with pytest.raises(UnsupportedCheckpointError, match="the backbone has"):
        merge_lora(make_transformer(), wide, config.lora)


BFL = {"img_attn.qkv": (192, 64), "img_attn.proj": (64, 64), "linear1": (576, 64), "linear2": (64, 256)}


def bfl_names():
    for block in range(2):
        yield from ((f"double_blocks.{block}.{n}", BFL[n]) for n in ("img_attn.qkv", "img_attn.proj"))
        yield from ((f"single_blocks.{block}.{n}", BFL[n]) for n in ("linear1", "linear2"))


def bfl_lora(rank=4, alpha=8.0):
    g = torch.Generator().manual_seed(8)
    out = {}
    for name, (n_out, n_in) in bfl_names():
        out[f"{name}.lora_A.weight"] = torch.randn(rank, n_in, generator=g) * 0.1
        out[f"{name}.lora_B.weight"] = torch.randn(n_out, rank, generator=g) * 0.1
        out[f"{name}.alpha"] = torch.tensor(alpha)
    return out


def test_faceir_import_equals_adding_to_the_fused_weights(config, make_transformer, call, tmp_path):
    """Independent: add alpha/r B A to the fused BFL weights, then let diffusers convert the whole model."""
    g = torch.Generator().manual_seed(3)
    fused = {f"{name}.weight": torch.randn(shape, generator=g) * 0.05 for name, shape in bfl_names()}
    lora = bfl_lora()
    with_delta = {
        k: w + 2.0 * lora[k.replace(".weight", ".lora_B.weight")] @ lora[k.replace(".weight", ".lora_A.weight")]
        for k, w in fused.items()
    }
    models = []
    for weights in (fused, with_delta):
        model = make_transformer()
        missing, unexpected = model.load_state_dict(
            convert_flux2_transformer_checkpoint_to_diffusers(dict(weights)), strict=False
        )
        assert not unexpected
        assert len(missing) < len(model.state_dict())
        models.append(model)

    save_file(lora, tmp_path / "lora_weights.safetensors")
    imported = import_faceir(tmp_path / "lora_weights.safetensors", tmp_path / "faceir", base=config)
    checkpoint = load_checkpoint(tmp_path / "faceir")
    assert checkpoint.config == imported
    assert checkpoint.adapter.is_empty
    assert imported.sampling.steps == 50
    merge_lora(models[0], checkpoint.lora, checkpoint.config.lora)
    for (name, a), b in zip(models[0].named_parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6, msg=name)
    torch.testing.assert_close(call(models[0]), call(models[1]), rtol=1e-4, atol=1e-5)


def test_faceir_alpha_comes_from_the_file_then_from_the_config_then_is_the_rank(config, tmp_path):
    lora = bfl_lora(rank=4, alpha=8.0)
    bare = {k: v for k, v in lora.items() if not k.endswith(".alpha")}
    key = "transformer.single_transformer_blocks.0.attn.to_out.lora_B.weight"
    up = lora["single_blocks.0.linear2.lora_B.weight"]
    for i, (tensors, settings, scale) in enumerate(
        [(lora, {"lora_alpha": 12}, 2.0), (bare, {"lora_alpha": 12}, 3.0), (bare, {}, 1.0)]
    ):
        source = tmp_path / str(i)
        source.mkdir()
        save_file(tensors, source / "lora_weights.safetensors")
        (source / "adapter_config.json").write_text(json.dumps(settings))
        import_faceir(source / "lora_weights.safetensors", source / "out", base=config)
        torch.testing.assert_close(load_checkpoint(source / "out").lora[key], scale * up)


def test_a_trained_lora_survives_saving_and_merging(config, make_transformer, call, tmp_path):
    trained = make_transformer()
    add_lora(trained, config.lora)
    with torch.no_grad():
        for name, p in trained.named_parameters():
            if "lora_" in name:
                p.normal_(0, 0.1)
    concat = config.variant("concat")
    save_checkpoint(tmp_path / "new", concat, lora=lora_state(trained), licence="x")
    merged = make_transformer()
    merge_lora(merged, load_checkpoint(tmp_path / "new").lora, concat.lora)
    torch.testing.assert_close(call(merged), call(trained), rtol=1e-4, atol=1e-5)


def test_faceir_import_refuses_other_loras_and_pickles(config, tmp_path):
    with pytest.raises(UnsupportedCheckpointError, match=r"txt_attn\.qkv"):
        convert_bfl_lora({"double_blocks.0.txt_attn.qkv.lora_A.weight": torch.zeros(4, 64)})
    mixed = bfl_lora(4) | {k: v for k, v in bfl_lora(2).items() if k.startswith("single_blocks.1.linear2")}
    with pytest.raises(UnsupportedCheckpointError, match=r"one LoRA rank, found \[2, 4\]"):
        convert_bfl_lora(mixed)
    torch.save(bfl_lora(), tmp_path / "lora_weights.safetensors")
    with pytest.raises(WeightsError, match="pickle"):
        import_faceir(tmp_path / "lora_weights.safetensors", tmp_path / "out", base=config)
    assert not (tmp_path / "out").exists()


def test_parameter_counts_at_true_size():
    assert sum(a * b for a, b in lora_shapes(IconFaceConfig()).values()) == 16_711_680
