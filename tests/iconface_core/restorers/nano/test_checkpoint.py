"""One file: what is saved comes back, and what does not fit is refused with the way out."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.restorers.nano.checkpoint import load_nano, read_nano_card, save_nano
from iconface_core.restorers.nano.config import ConvConfig, NanoConfig
from iconface_core.restorers.nano.network import build_network

SMALL = NanoConfig(size=32, conv=ConvConfig(widths=(8, 16, 24), blocks=(1, 1, 1), reference_widths=(0, 16), heads=2))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "nano.safetensors"
    save_nano(path, build_network(SMALL), SMALL, {"licence": "research only", "steps": 3})
    return path


def test_what_was_saved_comes_back(saved: Path) -> None:
    torch.manual_seed(0)
    original = build_network(SMALL).eval()
    network, config, card = load_nano(saved)
    assert config == SMALL
    assert card == {"licence": "research only", "steps": 3}
    assert read_nano_card(saved) == (SMALL, card)
    face, pictures, anchor = torch.rand(1, 3, 32, 32), torch.rand(1, 2, 3, 32, 32), torch.rand(1, 128)
    torch.testing.assert_close(
        network(face, pictures, anchor), original(face, pictures, anchor), atol=5e-3, rtol=0
    )  # fp16 on disk
    assert not any(p.requires_grad for p in network.parameters())
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_a_diverged_network_is_not_written_over_a_good_one(saved: Path) -> None:
    before = saved.read_bytes()
    network = build_network(SMALL)
    with torch.no_grad():
        next(iter(network.parameters())).fill_(1e9)
    with pytest.raises(UnsupportedCheckpointError, match="diverged"):
        save_nano(saved, network, SMALL, {})
    assert saved.read_bytes() == before


def test_missing_damaged_and_foreign_files_are_told_apart(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not there"):
        load_nano(tmp_path / "none.safetensors")
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(saved.read_bytes()[:100])
    with pytest.raises(WeightsError, match="not a safetensors file"):
        load_nano(torn)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(1)}, foreign)
    with pytest.raises(UnsupportedCheckpointError, match="not an iconface-nano checkpoint"):
        load_nano(foreign)


def test_weights_that_do_not_fit_their_configuration_are_named(saved: Path) -> None:
    tensors = load_file(saved)
    metadata = {"format": "iconface-nano", "config": SMALL.to_json(), "card": "{}"}
    tensors["stem.weight"] = tensors["stem.weight"][:4].contiguous()
    save_file(tensors, saved, metadata=metadata)
    with pytest.raises(UnsupportedCheckpointError, match=r"stem\.weight"):
        load_nano(saved)
