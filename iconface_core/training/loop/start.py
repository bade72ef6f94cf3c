"""From a configuration and packs of faces to a running Trainer: loads what the recipe needs and puts it together."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from iconface_core.errors import TrainConfigError
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import locate_verified
from iconface_core.restorers.iconface.checkpoint import PromptEmbeds, check_safetensors
from iconface_core.restorers.iconface.config import SamplingConfig
from iconface_core.restorers.nano.config import NanoConfig
from iconface_core.training.data.augment import another_photo
from iconface_core.training.data.faces import FacesConfig, TrainingFaces, check_size
from iconface_core.training.data.layouts import Split
from iconface_core.training.data.shards import Pack, open_pack
from iconface_core.training.recipes.recipe import Recipe

from .precision import settle_precision
from .processes import Processes
from .train_config import TrainConfig
from .trainer import Trainer, TrainingOutcome


@dataclass(frozen=True, slots=True)
class TrainingPaths:
    """Where a run finds and leaves things: packs made by `train pack`, the run's own folder, the models folder
    (AdaFace), FLUX.2-klein-base-4B (for `[iconface]` only), and the nano weights it starts from (None: random ones)."""

    data: Sequence[Path]
    out: Path
    models: Path
    backbone: Path
    start: Path | None = None


def train(
    config: TrainConfig,
    places: TrainingPaths,
    *,
    resume: bool = False,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda _: None,
) -> TrainingOutcome:
    """Run one session of a training run; see `Trainer.run`. `max_seconds` counts from here, loading included.

    Raises PackError, TrainConfigError, TrainingError, BackendUnavailableError or WeightsError, each with the way out.
    """
    begun = time.monotonic()
    processes = Processes(config.runtime)
    pack = open_pack(*places.data, preload=config.runtime.preload)

    def build(config: TrainConfig) -> Recipe[Any]:
        torch.manual_seed(config.seed)  # the fresh weights
        if config.student:
            return _student(config, pack, places, processes, say)
        return (_nano if config.nano else _flow)(config, pack, places, processes)

    config, seconds = settle_precision(config, places.out, build, processes, resume=resume, say=say)
    notes = {"precision_seconds": seconds} if seconds else {}
    trainer = Trainer(build(config), config, places.out, processes, resume=resume, say=say, notes=notes)
    left = None if max_seconds is None else max_seconds - (time.monotonic() - begun)
    return trainer.run(max_seconds=left, stop=stop)


def _nano(config: TrainConfig, pack: Pack, places: TrainingPaths, processes: Processes) -> Recipe[Any]:
    from iconface_core.restorers.nano.checkpoint import load_nano
    from iconface_core.training.recipes.hidden_recipe import HiddenRecipe
    from iconface_core.training.recipes.nano_recipe import NanoRecipe
    from iconface_core.training.recipes.texture_recipe import TextureRecipe

    training = config.nano
    assert training is not None
    check_size(pack, training.model.size)
    recipe = NanoRecipe(
        training,
        splits(pack, training.faces),
        batch=config.batch.size,
        device=processes.device,
        bfloat16=config.runtime.precision == "bfloat16",
        channels_last=config.runtime.channels_last,
        gradient_checkpointing=config.runtime.gradient_checkpointing,
        data=_sources(pack),
    )
    start = places.start
    if start is None and training.stage != "base":
        # what is frozen is in no state: it comes from the run's own export
        start = places.out / "weights" / f"{training.model.name}.safetensors"
        if not start.is_file():
            raise TrainConfigError(f"stage {training.stage!r} trains a part of a network: give the rest with --from")
    if start is not None:
        network, model, _ = load_nano(start)
        _begin_with(recipe.module, training.model, network, model, start)
    if training.stage == "texture":
        return TextureRecipe(recipe, training.texture, training.texture_share)
    return HiddenRecipe(recipe, config.batch.size) if training.stage == "hidden" else recipe


def _begin_with(module: nn.Module, config: NanoConfig, given: nn.Module, found: NanoConfig, path: Path) -> None:
    """Take the weights of the same network, of one without its texture, or of the U-Net below the fine levels.

    Raises TrainConfigError.
    """
    from iconface_core.restorers.nano.fine import FineNet

    found = replace(found, name=config.name)
    bare = None if config.fine is None else replace(config, fine=replace(config.fine, texture_blocks=0))
    if found == config:
        module.load_state_dict(given.state_dict())
    elif found == bare:
        module.load_state_dict({**module.state_dict(), **given.state_dict()})
    elif isinstance(module, FineNet) and found == config.trunk:
        module.trunk.load_state_dict(given.state_dict())
    else:
        raise TrainConfigError(f"{path} is not the network that [nano.model] describes; start from another")


def _student(
    config: TrainConfig, pack: Pack, places: TrainingPaths, processes: Processes, say: Callable[[str], None]
) -> Recipe[Any]:
    from iconface_core.faces.student_files import read_student
    from iconface_core.training.recipes.student_recipe import StudentRecipe
    from iconface_core.training.recipes.teachers import lessons

    assert config.student is not None
    start, second, taught, anew = places.start, config.student.second, None, False
    if second is not None:
        if start is None:  # what is not trained is in no state: it comes from the run's own export, or what ships
            own = places.out / "weights" / f"{config.name}.safetensors"
            anew = not own.is_file()
            start = locate_verified(STUDENT_FILE) if anew else own
        basis = None if anew else read_student(start, part="teachers").get("basis")
        files = [Path(name) for name in second.teachers]
        taught = lessons(pack, files, second.dim, places.out / "teachers", basis=basis, say=say)
    recipe = StudentRecipe(
        config.student,
        pack,
        batch=config.batch.size,
        device=processes.device,
        bfloat16=config.runtime.precision == "bfloat16",
        name=config.name,
        data=_sources(pack),
        lessons=taught,
    )
    if start is not None:
        recipe.load(start, anew=anew)
    return recipe


def _sources(pack: Pack) -> list[dict[str, Any]]:
    """What a model card says of each pack."""
    return [{key: m.get(key) for key in ("source", "licence", "counts")} for m in pack.manifests]


def _flow(config: TrainConfig, pack: Pack, places: TrainingPaths, processes: Processes) -> Recipe[Any]:
    from iconface_core.restorers.iconface.backbone import find_backbone, load_transformer, load_vae
    from iconface_core.training.recipes.flow_network import FlowNetwork
    from iconface_core.training.recipes.flow_recipe import FlowRecipe
    from iconface_core.training.recipes.identity_encoder import load_identity_encoder

    training = config.iconface
    assert training is not None
    model = training.model
    check_size(pack, model.sampling.image_size)
    files = find_backbone(places.backbone)
    device, dtype = processes.device, torch.bfloat16 if config.runtime.precision == "bfloat16" else torch.float32
    prompt = _prompt(places, model.sampling, processes)
    network = FlowNetwork(
        load_transformer(files.transformer, model.backbone, dtype).to(device),
        model,
        gradient_checkpointing=config.runtime.gradient_checkpointing,
    )
    encoder = load_identity_encoder(model.identity.encoder, places.models, device) if model.identity.enabled else None
    try:
        return FlowRecipe(
            training,
            network,
            load_vae(files.vae, dtype).to(device),
            prompt,
            encoder,
            splits(pack, training.faces),
            batch=config.batch.size,
            device=device,
        )
    except ValueError as e:
        raise TrainConfigError(f"{config.name}: {e}") from e


def splits(pack: Pack, config: FacesConfig) -> dict[str, TrainingFaces]:
    """Training and validation faces; a pack of few people may have none for validation, then they are the same."""

    def faces(split: Split) -> TrainingFaces:
        return TrainingFaces(pack, split, config, make_references=another_photo)

    train = faces("train")
    return {"train": train, "validation": faces("validation") if len(pack.faces("validation")) else train}


def _prompt(places: TrainingPaths, sampling: SamplingConfig, processes: Processes) -> PromptEmbeds:
    """The two prompt embeddings, encoded once per run folder: the text encoder is twice as large as the network."""
    path = places.out / "prompt.safetensors"
    if not path.exists() and processes.is_main:
        from iconface_core.restorers.iconface.prompt import encode_prompt

        made = encode_prompt(sampling, places.backbone, device=str(processes.device))
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = path.with_suffix(".part")
        save_file({"prompt_embeds": made.prompt, "negative_prompt_embeds": made.negative}, staging)
        staging.replace(path)
    processes.wait()
    check_safetensors(path)
    tensors = load_file(path)
    return PromptEmbeds(tensors["prompt_embeds"], tensors["negative_prompt_embeds"])
