"""AdaFace on random weights: exact layout, every accepted source, every refused one."""

import argparse
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from iconface_core.calibration import Calibration
from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError, WeightsError
from iconface_core.faces.adaface import AdaFaceEmbedder
from iconface_core.faces.adaface_facts import read_facts
from iconface_core.faces.adaface_files import build_network, install_adaface, read_adaface
from iconface_core.faces.adaface_net import AdaFaceNet
from iconface_core.faces.vectors import calibration_path
from iconface_core.types import AlignedFace


@pytest.fixture(scope="module")
def state(adaface_checkpoint):
    return read_adaface(adaface_checkpoint).state


def _faces(count=2):
    pixels = np.random.default_rng(5).integers(0, 256, (count, 112, 112, 3), dtype=np.uint8)
    return [AlignedFace(p, np.zeros((2, 3), np.float32)) for p in pixels]


@pytest.mark.parametrize(
    ("arch", "keys", "parameters", "blocks"),
    [
        ("ir_18", 179, 24_020_352, 8),
        ("ir_34", 323, 34_134_080, 16),
        ("ir_50", 467, 43_585_600, 24),
        ("ir_101", 917, 65_150_912, 49),
    ],
)
def test_layout_is_the_authors(arch, keys, parameters, blocks):
    with torch.device("meta"):
        network = AdaFaceNet(arch)
    names = list(network.state_dict())
    assert len(names) == keys
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert len(network.body) == blocks
    for name in (
        "input_layer.0.weight",
        "input_layer.2.weight",
        "body.0.res_layer.0.running_mean",
        "body.0.res_layer.5.bias",
        f"body.{blocks - 1}.res_layer.4.weight",
        "output_layer.0.weight",
        "output_layer.3.bias",
        "output_layer.4.running_var",
    ):
        assert name in names
    assert "output_layer.4.weight" not in names  # BatchNorm1d without affine
    assert not any(name.startswith("body.0.shortcut") for name in names)  # equal channels: a max-pool


def test_forward_gives_unit_directions_and_norms(adaface_checkpoint):
    network = build_network(read_adaface(adaface_checkpoint))
    direction, norm = network(torch.randn(2, 3, 112, 112))
    assert direction.shape == (2, 512)
    assert norm.shape == (2, 1)
    assert torch.allclose(direction.norm(dim=1), torch.ones(2), atol=1e-5)


def test_gradients_reach_the_picture_but_not_the_weights(adaface_checkpoint):
    """It will be an identity loss: frozen, yet differentiable."""
    network = build_network(read_adaface(adaface_checkpoint))
    picture = torch.randn(1, 3, 112, 112, requires_grad=True)
    network(picture)[0][0, 0].backward()
    assert picture.grad is not None
    assert float(picture.grad.abs().sum()) > 0
    assert not any(p.requires_grad for p in network.parameters())


def _cvlface_pt(state, path):
    torch.save({f"net.{k}": v for k, v in state.items()}, path)


def _cvlface_safetensors(state, path):
    save_file({f"model.net.{k}": v.clone() for k, v in state.items()}, path)


def _lightning(state, path):
    extra = {"epoch": 25, "hyper_parameters": argparse.Namespace(arch="ir_18", root=Path("/data")), "callbacks": {}}
    torch.save(
        {"state_dict": {**{f"model.{k}": v for k, v in state.items()}, "head.kernel": torch.ones(3)}, **extra}, path
    )


def _without_counters(state, path):
    save_file({k: v.clone() for k, v in state.items() if not k.endswith("num_batches_tracked")}, path)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (_cvlface_pt, "model.pt"),
        (_cvlface_safetensors, "model.safetensors"),
        (_lightning, "adaface_ir18_webface4m.ckpt"),
        (_without_counters, "downloaded.bin"),
    ],
)
def test_every_source_installs_as_the_same_embedder(state, tmp_path, write, name, adaface):
    write(state, tmp_path / name)
    path = install_adaface(tmp_path / name, tmp_path / "models")
    assert path == tmp_path / "models/adaface/adaface_ir18.safetensors"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert read_facts(tmp_path / "models", "adaface-ir18") == (adaface.id, adaface.dim, adaface.calibration)


def test_an_installed_file_embeds_like_its_source(adaface_checkpoint, tmp_path, adaface):
    install_adaface(adaface_checkpoint, tmp_path)
    installed = AdaFaceEmbedder(model_dir=tmp_path, backend="adaface-ir18")
    assert installed.id == adaface.id
    for a, b in zip(installed.embed(_faces()), adaface.embed(_faces()), strict=True):
        assert np.array_equal(a.vector, b.vector)


def test_metadata_says_where_it_came_from(adaface_checkpoint, tmp_path):
    with safe_open(install_adaface(adaface_checkpoint, tmp_path), "pt") as opened:
        metadata = opened.metadata()
    assert metadata["arch"] == "ir_18"
    assert metadata["color"] == "BGR"
    assert (metadata["mean"], metadata["std"]) == ("0.5", "0.5")
    assert metadata["source"] == adaface_checkpoint.name
    assert len(metadata["sha256"]) == 64


def test_input_is_bgr_scaled_to_one(adaface, adaface_checkpoint):
    faces = _faces(1)
    bgr = faces[0].pixels[..., ::-1].astype(np.float32) / 255
    picture = torch.from_numpy(((bgr - 0.5) / 0.5).transpose(2, 0, 1).copy())[None]
    direction, norm = build_network(read_adaface(adaface_checkpoint))(picture)
    (embedding,) = adaface.embed(faces)
    assert np.allclose(embedding.vector, direction[0].numpy(), atol=1e-4)
    assert embedding.norm == pytest.approx(float(norm), rel=1e-3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model.yaml", "input_size: [3, 112, 112]\ncolor_space: 'RGB'\n"),
        ("config.json", '{"conf": {"color_space": "RGB"}}'),
    ],
)
def test_the_colour_order_beside_the_weights_counts(state, tmp_path, name, text):
    """CVLFace trained some of its models on RGB and says so in a neighbour of the weights."""
    _cvlface_pt(state, tmp_path / "model.pt")
    assert read_adaface(tmp_path / "model.pt").color == "BGR"
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_adaface(tmp_path / "model.pt").color == "RGB"
    assert read_adaface(tmp_path / "model.pt", color="BGR").color == "BGR"


def test_the_colour_order_is_kept_by_the_installation(state, tmp_path):
    _cvlface_pt(state, tmp_path / "model.pt")
    installed = read_adaface(install_adaface(tmp_path / "model.pt", tmp_path / "models", color="RGB"))
    assert installed.color == "RGB"
    assert installed.digest != read_adaface(tmp_path / "model.pt").digest  # other vectors, so another embedder


def _unknown_depth(state):
    return {k: v for k, v in state.items() if not k.startswith("body.7.")}


def _squeeze_excite(state):
    return {**state, "body.0.res_layer.5.fc1.weight": torch.zeros(4, 64, 1, 1)}


def _missing(state):
    return {k: v for k, v in state.items() if k != "output_layer.3.bias"}


def _wrong_shape(state):
    return {**state, "output_layer.3.weight": torch.zeros(512, 512 * 14 * 14)}


def _foreign(state):
    return {**state, "classifier.weight": torch.zeros(3)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_unknown_depth, "7 residual blocks"),
        (_squeeze_excite, "1 unexpected"),
        (_missing, "output_layer.3.bias"),
        (_wrong_shape, "shape"),
        (_foreign, "classifier.weight"),
    ],
)
def test_other_networks_are_refused(state, tmp_path, change, message):
    torch.save(change(state), tmp_path / "x.pt")
    with pytest.raises(UnsupportedCheckpointError, match=message):
        install_adaface(tmp_path / "x.pt", tmp_path / "models")
    assert not (tmp_path / "models").exists()


class _Payload:
    """Runs code when unpickled without care."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_pickle_with_foreign_objects_is_refused_unopened(state, tmp_path):
    torch.save(
        {"state_dict": {f"model.{k}": v for k, v in state.items()}, "x": _Payload(tmp_path / "ran")},
        tmp_path / "x.ckpt",
    )
    with pytest.raises(UnsupportedCheckpointError, match="foreign code"):
        install_adaface(tmp_path / "x.ckpt", tmp_path / "models")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["x.ckpt", "x.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", pickle.dumps({"a": 1})], ids=["empty", "torn", "pickle"])
def test_damaged_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        install_adaface(tmp_path / name, tmp_path / "models")


def test_truncated_files_are_refused(adaface_checkpoint, tmp_path):
    good = install_adaface(adaface_checkpoint, tmp_path)
    for source in (adaface_checkpoint, good):
        cut = tmp_path / f"cut{source.suffix}"
        cut.write_bytes(source.read_bytes()[:-1000])
        with pytest.raises(WeightsError, match="cut"):
            read_adaface(cut)


def test_a_changed_value_in_an_installed_file_is_noticed(adaface_checkpoint, tmp_path):
    path = install_adaface(adaface_checkpoint, tmp_path)
    content = bytearray(path.read_bytes())
    content[-2000] ^= 4
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        AdaFaceEmbedder(model_dir=tmp_path, backend="adaface-ir18")


def test_values_that_are_not_numbers_are_refused(state, tmp_path):
    torch.save({**state, "output_layer.3.bias": torch.full((512,), float("nan"))}, tmp_path / "x.pt")
    with pytest.raises(WeightsError, match="not finite"):
        read_adaface(tmp_path / "x.pt")


def test_another_training_is_another_embedder(state, tmp_path, adaface):
    torch.save({**state, "output_layer.3.bias": state["output_layer.3.bias"] + 1e-3}, tmp_path / "x.pt")
    assert AdaFaceEmbedder(path=tmp_path / "x.pt").id != adaface.id


def test_nothing_installed_says_what_to_do(tmp_path):
    with pytest.raises(BackendUnavailableError, match="iconface models install"):
        AdaFaceEmbedder(model_dir=tmp_path)
    with pytest.raises(BackendUnavailableError):
        AdaFaceEmbedder()


def test_measured_calibration_is_read_from_beside_the_weights(adaface_checkpoint, tmp_path):
    path = install_adaface(adaface_checkpoint, tmp_path)
    guess = AdaFaceEmbedder(model_dir=tmp_path, backend="adaface-ir18").calibration
    measured = Calibration(guess.embedder, 11.0, 26.0, bias=-9.0, slope=33.0)
    measured.write(calibration_path(path))
    assert AdaFaceEmbedder(model_dir=tmp_path, backend="adaface-ir18").calibration == measured


def test_the_unmeasured_calibration_is_careful(adaface):
    """A stranger's similarity must not count as evidence, and no pair may decide alone."""
    calibration = adaface.calibration
    assert calibration.llr(0.25) < 0
    assert calibration.llr(1.0) <= 6


def test_converted_files_hold_the_same_values(state, adaface_checkpoint, tmp_path):
    stored = load_file(install_adaface(adaface_checkpoint, tmp_path))
    assert stored.keys() == state.keys()
    assert all(torch.equal(stored[key], state[key]) for key in state)
