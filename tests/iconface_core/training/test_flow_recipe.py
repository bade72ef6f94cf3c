"""The 4B recipe end to end on a tiny random backbone: train, save, restore with what was saved."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

from iconface_core.errors import PackError, TrainingError
from iconface_core.faces.adaface_files import AdaFaceWeights, weights_digest
from iconface_core.faces.adaface_net import AdaFaceNet
from iconface_core.geometry import FFHQ_512
from iconface_core.restorers.common.anchor import arcface_crop
from iconface_core.restorers.iconface.checkpoint import PromptEmbeds, load_checkpoint
from iconface_core.restorers.iconface.config import (
    BackboneConfig,
    IconFaceConfig,
    IdentityConfig,
    LoraSettings,
    MemoryConfig,
    SamplingConfig,
    StructureConfig,
)
from iconface_core.restorers.iconface.latents import to_tensor
from iconface_core.restorers.iconface.placement import Placement
from iconface_core.restorers.iconface.restorer import IconFaceRestorer
from iconface_core.training.data.draw import Draw
from iconface_core.training.data.faces import TrainingFaces
from iconface_core.training.data.shards import open_pack
from iconface_core.training.loop.learning_rate import ScheduleConfig
from iconface_core.training.loop.processes import Processes
from iconface_core.training.loop.state import load_state
from iconface_core.training.loop.train_config import (
    BatchConfig,
    OptimizerConfig,
    ReportConfig,
    RuntimeConfig,
    TrainConfig,
)
from iconface_core.training.loop.trainer import Trainer
from iconface_core.training.recipes.flow_network import FlowNetwork
from iconface_core.training.recipes.flow_recipe import FlowRecipe, FlowTraining
from iconface_core.training.recipes.identity_encoder import IdentityEncoder, crop_faces
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding, RestoreInput, RestoreOptions

pytest.importorskip("peft")

SIZE = 64
MODEL = IconFaceConfig(
    backbone=BackboneConfig("tiny/random", 16, 2, 2, 16, 4, 24, (4, 4, 4, 4)),
    identity=IdentityConfig(encoder="adaface-ir18", dim=512, width=12, rank=4),
    structure=StructureConfig(rank=4),
    memory=MemoryConfig(tokens=8, width=16, rank=4),
    lora=LoraSettings(rank=2, alpha=2),
    sampling=SamplingConfig(steps=3, image_size=SIZE),
)


def backbone(folder: Path) -> Path:
    """A tiny FLUX.2 in the published layout."""
    torch.manual_seed(0)
    b = MODEL.backbone
    Flux2Transformer2DModel(
        in_channels=b.in_channels,
        num_layers=b.num_layers,
        num_single_layers=b.num_single_layers,
        attention_head_dim=b.attention_head_dim,
        num_attention_heads=b.num_attention_heads,
        joint_attention_dim=b.joint_attention_dim,
        axes_dims_rope=b.axes_dims_rope,
        guidance_embeds=False,
    ).save_pretrained(folder / "transformer")
    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4, latent_channels=4, sample_size=64
    )
    vae.bn.running_mean.normal_()
    vae.bn.running_var.uniform_(0.5, 2.0)
    vae.save_pretrained(folder / "vae")
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="module")
def encoder() -> IdentityEncoder:
    """AdaFace IR-18 with random weights: the exact network, an arbitrary judge."""
    torch.manual_seed(1)
    state = AdaFaceNet("ir_18").state_dict()
    return IdentityEncoder(AdaFaceWeights("ir_18", "BGR", state, weights_digest(state, "BGR")))


@pytest.fixture
def make_recipe(files, encoder, make_pack) -> Callable[..., FlowRecipe]:
    from iconface_core.restorers.iconface.backbone import load_transformer, load_vae

    pack = open_pack(make_pack(size=SIZE))

    def make(model: IconFaceConfig = MODEL, *, gradient_checkpointing: bool = False) -> FlowRecipe:
        training = FlowTraining(model=model)
        torch.manual_seed(3)
        network = FlowNetwork(
            load_transformer(files / "transformer", model.backbone, torch.float32),
            model,
            gradient_checkpointing=gradient_checkpointing,
        )
        g = torch.Generator().manual_seed(5)
        prompt = PromptEmbeds(torch.randn(5, 24, generator=g), torch.randn(5, 24, generator=g))
        vae = load_vae(files / "vae", torch.float32)
        faces = {
            "train": TrainingFaces(pack, "train", training.faces),
            "validation": TrainingFaces(pack, "train", training.faces),
        }
        judge = encoder if model.identity.enabled else None
        return FlowRecipe(training, network, vae, prompt, judge, faces, batch=2, device=torch.device("cpu"))

    return make


def configuration(steps: int) -> TrainConfig:
    return TrainConfig(
        "tiny",
        average_decay=0.0,
        optimizer=OptimizerConfig(lr=2e-2),
        schedule=ScheduleConfig(total=steps * 4, shape="constant", warmup=0),
        batch=BatchConfig(2, accumulate=2),
        report=ReportConfig(log_steps=1, sample_steps=steps, sample_rows=2),
        runtime=RuntimeConfig(device="cpu", prefetch=0),
        iconface=FlowTraining(model=MODEL),
    )


def with_references(recipe: FlowRecipe, count: int):
    """The first example that has this many references."""
    faces = recipe._faces["train"]
    draws = (Draw(0, index) for index in range(99))
    return recipe.draw(next(draw for draw in draws if faces.references(draw) == count), 0.0)


def test_train_save_restore(make_recipe, files, tmp_path):
    recipe = make_recipe()
    untrained = recipe.export(tmp_path / "untrained", {})
    config = configuration(3)
    outcome = Trainer(recipe, config, tmp_path / "run", Processes(config.runtime)).run()
    assert outcome.finished
    assert outcome.progress.step == 3
    assert (tmp_path / "run" / "samples" / "00000003.png").exists()
    trained = tmp_path / "run" / "weights" / "iconface"
    checkpoint = load_checkpoint(trained)
    assert checkpoint.training["samples"] == 12
    assert all(not torch.equal(v, torch.zeros_like(v)) for k, v in checkpoint.lora.items() if "lora_B" in k)

    random = np.random.default_rng(0)
    face, other = (
        AlignedFace(random.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8), np.eye(2, 3, dtype=np.float32))
        for _ in range(2)
    )
    vector = np.ones(512, np.float32) / 512**0.5
    asked = RestoreInput(face, (other,), (FaceEmbedding(recipe_encoder_id(checkpoint.config), vector, 20.0),))
    results = [
        IconFaceRestorer(c, files, placement=Placement(device="cpu", dtype="float32"))
        .restore(asked, RestoreOptions(strength=1.0))
        .pixels
        for c in (untrained, trained)
    ]
    assert results[0].shape == (SIZE, SIZE, 3)
    assert np.abs(results[0].astype(int) - results[1]).max() > 0


def recipe_encoder_id(config: IconFaceConfig) -> EmbedderId:
    return EmbedderId(f"{config.identity.encoder}-any")


def test_identity_counts_only_with_references(make_recipe):
    recipe = make_recipe()
    config = configuration(1)
    forward = Processes(config.runtime).wrap(recipe.module, config.runtime)
    without = recipe.losses(forward, with_references(recipe, 0))
    assert set(without) == {"loss", "flow"}
    torch.testing.assert_close(without["loss"], 0.75 * without["flow"])
    terms = recipe.losses(forward, with_references(recipe, 2))
    assert set(terms) == {"loss", "flow", "identity"}
    torch.testing.assert_close(terms["loss"], 0.75 * terms["flow"] + 0.30 * terms["identity"])
    recipe.module.zero_grad()
    terms["identity"].backward()
    reached = {n for n, p in recipe.module.named_parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)}
    assert any("lora_B" in n for n in reached), "through encoder and autoencoder back into the LoRA"
    assert all(p.grad is None for p in recipe._encoder.parameters())


def test_gradient_checkpointing_outside_of_the_forward_call_gives_the_same_gradients(make_recipe):
    grads = []
    for checkpointing in (False, True):
        recipe = make_recipe(gradient_checkpointing=checkpointing)
        with torch.no_grad():
            for p in recipe.module.adapter.parameters():
                p.add_(0.1)
        forward = Processes(RuntimeConfig(device="cpu")).wrap(recipe.module, RuntimeConfig(device="cpu"))
        recipe.losses(forward, with_references(recipe, 1))["loss"].backward()
        grads.append({n: p.grad for n, p in recipe.module.named_parameters() if p.requires_grad})
    for name, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][name], msg=name)


def test_only_lora_and_adapter_are_saved(make_recipe, tmp_path):
    config = configuration(1)
    Trainer(make_recipe(), config, tmp_path / "run", Processes(config.runtime)).run()
    state = load_state(tmp_path / "run" / "state")
    assert state is not None
    assert all(name.startswith("adapter.") or ".lora_" in name for name in state.module)
    with pytest.raises(TrainingError, match="--resume"):
        Trainer(make_recipe(), config, tmp_path / "run", Processes(config.runtime))


def test_the_concat_row_trains_without_an_encoder(make_recipe):
    recipe = make_recipe(MODEL.variant("concat"))
    example = with_references(recipe, 1)
    assert example.anchor is None
    forward = Processes(RuntimeConfig(device="cpu")).wrap(recipe.module, RuntimeConfig(device="cpu"))
    assert set(recipe.losses(forward, example)) == {"loss", "flow"}


def test_another_encoder_is_refused(make_recipe):
    with pytest.raises(ValueError, match="adaface-ir50"):
        make_recipe(replace(MODEL, identity=replace(MODEL.identity, encoder="adaface-ir50")))


def test_crops_of_another_size_are_refused(make_pack):
    from iconface_core.training.data.faces import check_size

    with pytest.raises(PackError, match="--size 512"):
        check_size(open_pack(make_pack()), FFHQ_512.size)


@pytest.mark.parametrize("size", [256, 512])
def test_the_loss_sees_what_the_restorer_s_embedder_sees(size):
    rows, columns = np.mgrid[0:size, 0:size] / size
    picture = np.stack([np.sin(9 * rows), np.cos(7 * columns), np.sin(5 * rows * columns)], -1)
    pixels = ((picture + 1) * 127.5).astype(np.uint8)
    expected = arcface_crop(AlignedFace(pixels, np.eye(2, 3, dtype=np.float32))).pixels.astype(np.float32)
    seen = (crop_faces(to_tensor(pixels))[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(seen - expected)[4:-4, 4:-4].mean() < 1.0
