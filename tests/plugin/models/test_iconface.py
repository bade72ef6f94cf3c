"""IconFace through `iconface restore`: a tiny random backbone and checkpoint, in the exact layout of the real ones.

Random weights make a random face, so this also shows the identity check at work: such a face must never pass.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from PIL import Image

from iconface_core.images.provenance import read_provenance
from iconface_core.restorers.iconface.adapter import IconFaceAdapter
from iconface_core.restorers.iconface.checkpoint import PromptEmbeds, save_checkpoint
from iconface_core.restorers.iconface.config import (
    BackboneConfig,
    IconFaceConfig,
    IdentityConfig,
    LoraSettings,
    MemoryConfig,
    SamplingConfig,
    StructureConfig,
)
from iconface_core.restorers.iconface.lora import lora_shapes
from plugin.models.iconface_backend import ICONFACE, IconFaceFiles
from tests.support.library import Cli, Library

TINY = IconFaceConfig(
    backbone=BackboneConfig("tiny/random", 16, 1, 1, 16, 2, 24, (4, 4, 4, 4)),
    identity=IdentityConfig(encoder="sface-2021dec", dim=128, width=12, rank=4),
    structure=StructureConfig(rank=4),
    memory=MemoryConfig(tokens=8, width=16, rank=4),
    lora=LoraSettings(rank=2, alpha=2),
    sampling=SamplingConfig(steps=2, image_size=128),
)


@pytest.fixture
def installed(library: Library) -> IconFaceFiles:
    """Both folders, as `models pull` and a publisher would leave them."""
    files = IconFaceFiles(library.home / "data" / "models")
    torch.manual_seed(0)
    b = TINY.backbone
    Flux2Transformer2DModel(
        in_channels=b.in_channels,
        num_layers=b.num_layers,
        num_single_layers=b.num_single_layers,
        attention_head_dim=b.attention_head_dim,
        num_attention_heads=b.num_attention_heads,
        joint_attention_dim=b.joint_attention_dim,
        axes_dims_rope=b.axes_dims_rope,
        guidance_embeds=False,
    ).save_pretrained(files.backbone / "transformer")
    AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=64
    ).save_pretrained(files.backbone / "vae")
    save_checkpoint(
        files.checkpoint,
        TINY,
        adapter=IconFaceAdapter(TINY).state_dict(),
        lora={k: torch.zeros(s) for k, s in lora_shapes(TINY).items()},
        prompt=PromptEmbeds(torch.randn(5, 24), torch.randn(5, 24)),
        licence="test",
    )
    (library.home / "config").mkdir(exist_ok=True)
    # Readiness plans memory for the true size: block offload is the setting that fits any machine.
    (library.home / "config" / "config.toml").write_text('iconface_offload = "blocks"\niconface_device = "cpu"\n')
    return files


def test_installed_and_ready_it_is_the_default_and_uses_references(
    cli: Cli, library: Library, installed: IconFaceFiles, tmp_path: Path
):
    [check] = [c for c in cli("doctor")["checks"] if c["check"] == "restorer"]
    assert check["message"] == "IConFace can run"
    [row] = cli("restore", library.ruined, "--force", "-o", tmp_path / "out")["results"]
    assert row["restorer"] == ICONFACE
    assert row["references_used"] == len(row["references"]) >= 1
    assert row["identity"]["verdict"] == "refused", "a random face is nobody's"
    with Image.open(row["output"]) as after, Image.open(library.ruined) as before:
        assert after.size == before.size
    mark = read_provenance(Path(row["output"]))
    assert mark is not None
    assert mark.faces[0].strength == 0.8, "its own default, measured in docs/benchmarks.md"


def test_what_the_identity_check_refuses_is_not_written(
    cli: Cli, library: Library, installed: IconFaceFiles, tmp_path: Path
):
    [row] = cli("restore", library.ruined, "-o", tmp_path / "out", code=4)["results"]
    assert row["output"] is None
    assert "refused" in row["skipped_reason"]
    assert not (tmp_path / "out").exists()
    assert library.ruined.exists()


def test_without_its_files_it_says_what_to_do_and_the_baseline_serves(cli: Cli, library: Library, tmp_path: Path):
    error = cli("restore", library.ruined, "--restorer", "iconface", code=1)["error"]["message"]
    assert "models pull flux2-klein-base-4b" in error
    assert "models import-faceir" in error
    [check] = [c for c in cli("doctor")["checks"] if c["check"] == "restorer"]
    assert check["ok"] is True
    assert "no IConFace" in check["message"]


def test_a_damaged_checkpoint_is_named(cli: Cli, library: Library, installed: IconFaceFiles, tmp_path: Path):
    [weights] = [p for p in installed.checkpoint.glob("*.safetensors") if "adapter" in p.name]
    weights.write_bytes(weights.read_bytes()[:-100])
    error = cli("restore", library.ruined, "--restorer", "iconface", "-o", tmp_path, code=1)["error"]["message"]
    assert str(installed.checkpoint) in error


def test_a_checkpoint_for_another_identity_encoder_is_not_ready(cli: Cli, library: Library, installed: IconFaceFiles):
    other = replace(TINY, identity=replace(TINY.identity, encoder="adaface-ir50", dim=512))
    shutil.rmtree(installed.checkpoint)
    save_checkpoint(
        installed.checkpoint,
        other,
        adapter=IconFaceAdapter(other).state_dict(),
        lora={k: torch.zeros(s) for k, s in lora_shapes(other).items()},
        prompt=PromptEmbeds(torch.randn(5, 24), torch.randn(5, 24)),
        licence="test",
    )
    error = cli("restore", library.ruined, "--restorer", "iconface", code=1)["error"]["message"]
    assert "'adaface-ir50' is not installed" in error
