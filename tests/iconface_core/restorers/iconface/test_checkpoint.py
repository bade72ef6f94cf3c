"""The checkpoint folder: round trip, and one clear error for everything that can be wrong with it."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.restorers.iconface.checkpoint import (
    PromptEmbeds,
    add_prompt,
    load_checkpoint,
    manifest_sha256,
    save_checkpoint,
)
from iconface_core.restorers.iconface.lora import lora_shapes
from tests.support.narrow import present


@pytest.fixture
def folder(tmp_path, config, make_adapter):
    path = tmp_path / "iconface-tiny"
    save_checkpoint(
        path,
        config,
        adapter=make_adapter(trained=True).state_dict(),
        lora={k: torch.randn(s) for k, s in lora_shapes(config).items()},
        prompt=PromptEmbeds(torch.randn(5, 24).bfloat16(), torch.randn(5, 24).bfloat16()),
        licence="Apache-2.0",
        training={"steps": 7},
    )
    return path


def test_round_trip(folder, config, make_adapter):
    checkpoint = load_checkpoint(folder)
    assert checkpoint.config == config
    for name, value in make_adapter(trained=True).state_dict().items():
        assert torch.equal(checkpoint.adapter.state_dict()[name], value)
    assert set(checkpoint.lora) == set(lora_shapes(config))
    assert present(checkpoint.prompt).prompt.dtype == torch.bfloat16
    assert (checkpoint.licence, checkpoint.training) == ("Apache-2.0", {"steps": 7})
    assert checkpoint.sha256 == manifest_sha256(folder)
    assert {p.name for p in folder.iterdir()} == {
        "config.json",
        "adapter.safetensors",
        "lora.safetensors",
        "prompt.safetensors",
    }


def test_prompt_can_be_added_later_and_changes_the_hash(tmp_path, config):
    path = tmp_path / "concat"
    lora = {k: torch.zeros(s) for k, s in lora_shapes(config).items()}
    before = save_checkpoint(path, config.variant("concat"), lora=lora, licence="x")
    assert load_checkpoint(path).prompt is None
    after = add_prompt(path, PromptEmbeds(torch.zeros(3, 24), torch.ones(3, 24)))
    checkpoint = load_checkpoint(path)
    assert after == checkpoint.sha256 != before
    assert present(checkpoint.prompt).negative.shape == (3, 24)
    with pytest.raises(UnsupportedCheckpointError, match="prompt_embeds"):
        add_prompt(path, PromptEmbeds(torch.zeros(3, 25), torch.ones(3, 25)))


def test_saving_is_all_or_nothing(tmp_path, config, folder, make_adapter):
    with pytest.raises(FileExistsError, match="already exists"):
        save_checkpoint(folder, config, licence="x")
    with pytest.raises(UnsupportedCheckpointError, match="missing"):
        save_checkpoint(tmp_path / "new", config, adapter=make_adapter().state_dict(), licence="x")
    assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]


def truncate(path):
    (path / "adapter.safetensors").write_bytes((path / "adapter.safetensors").read_bytes()[:-9])


def cut_inside_the_header(path):
    (path / "adapter.safetensors").write_bytes((path / "adapter.safetensors").read_bytes()[:20])


def flip_a_byte(path):
    data = bytearray((path / "lora.safetensors").read_bytes())
    data[-1] ^= 1
    (path / "lora.safetensors").write_bytes(data)


def pickled(path):
    torch.save({"a": torch.ones(1)}, path / "adapter.safetensors")


def only_pickles(path):
    for p in path.iterdir():
        p.unlink()
    torch.save({"a": torch.ones(1)}, path / "adapter.pt")


def no_file(path):
    (path / "lora.safetensors").unlink()


def empty_folder(path):
    for p in path.iterdir():
        p.unlink()


def broken_json(path):
    (path / "config.json").write_text("{")


def edit(change):
    def apply(path):
        manifest = json.loads((path / "config.json").read_text())
        change(manifest)
        (path / "config.json").write_text(json.dumps(manifest))

    return apply


def other_model(m):
    m["format"] = "something"


def future(m):
    m["config"]["version"] = 9


def unlisted(m):
    del m["files"]["adapter.safetensors"]


def extra_file(m):
    m["files"]["run.py"] = {"sha256": "", "bytes": 0}


def wider(m):
    m["config"]["identity"]["width"] = 13


def deeper(m):
    m["config"]["backbone"]["num_layers"] = 3


def concat(m):
    m["config"]["memory"]["routes"] = 0


def no_licence(m):
    del m["licence"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "truncated"),
        (cut_inside_the_header, "truncated"),
        (flip_a_byte, "SHA-256 differs"),
        (pickled, "pickle"),
        (only_pickles, "pickle"),
        (no_file, "is missing"),
        (empty_folder, "has no config.json"),
        (broken_json, "damaged"),
        (edit(other_model), "folder of another model"),
        (edit(future), "config version 9"),
        (edit(unlisted), "does not list adapter"),
        (edit(extra_file), "run.py"),
        (edit(wider), "config.json says"),
        (edit(deeper), "lacks 'read_double.2"),
        (edit(concat), "unknown tensor"),
        (edit(no_licence), "lacks 'licence'"),
    ],
    ids=lambda p: getattr(p, "__name__", None),
)
def test_every_damage_has_its_own_message_with_the_path(folder, damage, message):
    damage(folder)
    with pytest.raises(WeightsError, match=message) as e:
        load_checkpoint(folder)
    assert str(folder) in str(e.value)


def test_a_tensor_of_another_shape_is_refused(folder, config):
    tensors = load_file(folder / "adapter.safetensors")
    tensors["identity.phi.0.weight"] = torch.zeros(12, 9)
    save_file(tensors, folder / "adapter.safetensors")
    with pytest.raises(WeightsError, match="bytes instead of"):
        load_checkpoint(folder)


def test_skipping_verification_still_checks_structure(folder, config):
    flip_a_byte(folder)
    assert load_checkpoint(folder, verify=False).config == config
    edit(wider)(folder)
    with pytest.raises(UnsupportedCheckpointError):
        load_checkpoint(folder, verify=False)


def test_the_loaded_adapter_is_frozen_and_complete(folder):
    adapter = load_checkpoint(folder).adapter
    assert not any(p.is_meta or p.requires_grad for p in adapter.parameters())
    assert not adapter.training
    assert replace(adapter.config).identity.dim == 8
