"""From a configuration and packs of faces to a running Trainer: loads what the recipe needs and puts it together."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from iconface_core.errors import TrainConfigError
from iconface_core.restore.checkpoint import PromptEmbeds, check_safetensors
from iconface_core.restore.config import SamplingConfig

from .augment import another_photo
from .data import Split
from .faces import Faces, FacesConfig, check_size
from .processes import Processes
from .recipe import Recipe
from .shards import Pack, open_pack
from .train_config import TrainConfig
from .trainer import Outcome, Trainer


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run finds and leaves things: packs made by `train pack`, the run's own folder, the models folder
    (AdaFace), FLUX.2-klein-base-4B (for `[iconface]` only), and the nano weights it starts from (None: random ones)."""

    data: Sequence[Path]
    out: Path
    models: Path
    backbone: Path
    start: Path | None = None


def train(
    config: TrainConfig,
    places: Places,
    *,
    resume: bool = False,
    max_seconds: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run one session of a training run; see `Trainer.run`. `max_seconds` counts from here, loading included.

    Raises PackError, TrainConfigError, TrainingError, BackendUnavailableError or WeightsError, each with the way out.
    """
    begun = time.monotonic()
    processes = Processes(config.runtime)
    torch.manual_seed(config.seed)  # the fresh weights
    pack = open_pack(*places.data, preload=config.runtime.preload)
    make = _nano if config.nano else _student if config.student else _flow
    recipe: Recipe[Any] = make(config, pack, places, processes)
    trainer = Trainer(recipe, config, places.out, processes, resume=resume, say=say)
    left = None if max_seconds is None else max_seconds - (time.monotonic() - begun)
    return trainer.run(max_seconds=left, stop=stop)


def _nano(config: TrainConfig, pack: Pack, places: Places, processes: Processes) -> Recipe[Any]:
    from iconface_core.nano.checkpoint import load_nano

    from .nano_recipe import NanoRecipe

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
    if places.start is not None:
        network, model, _ = load_nano(places.start)
        if replace(model, name=training.model.name) != training.model:
            raise TrainConfigError(f"{places.start} is not the network that [nano.model] describes; start from another")
        recipe.module.load_state_dict(network.state_dict())
    return recipe


def _student(config: TrainConfig, pack: Pack, places: Places, processes: Processes) -> Recipe[Any]:
    from .student_recipe import StudentRecipe

    assert config.student is not None
    recipe = StudentRecipe(
        config.student, pack, batch=config.batch.size, device=processes.device, name=config.name, data=_sources(pack)
    )
    if places.start is not None:
        recipe.load(places.start)
    return recipe


def _sources(pack: Pack) -> list[dict[str, Any]]:
    """What a model card says of each pack."""
    return [{key: m.get(key) for key in ("source", "licence", "counts")} for m in pack.manifests]


def _flow(config: TrainConfig, pack: Pack, places: Places, processes: Processes) -> Recipe[Any]:
    from iconface_core.restore.backbone import find_backbone, load_transformer, load_vae

    from .flow_network import FlowNetwork
    from .flow_recipe import FlowRecipe
    from .identity_encoder import load_identity_encoder

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


def splits(pack: Pack, config: FacesConfig) -> dict[str, Faces]:
    """Training and validation faces; a pack of few people may have none for validation, then they are the same."""

    def faces(split: Split) -> Faces:
        return Faces(pack, split, config, make_references=another_photo)

    train = faces("train")
    return {"train": train, "validation": faces("validation") if len(pack.faces("validation")) else train}


def _prompt(places: Places, sampling: SamplingConfig, processes: Processes) -> PromptEmbeds:
    """The two prompt embeddings, encoded once per run folder: the text encoder is twice as large as the network."""
    path = places.out / "prompt.safetensors"
    if not path.exists() and processes.is_main:
        from iconface_core.restore.prompt import encode_prompt

        made = encode_prompt(sampling, places.backbone, device=str(processes.device))
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = path.with_suffix(".part")
        save_file({"prompt_embeds": made.prompt, "negative_prompt_embeds": made.negative}, staging)
        staging.replace(path)
    processes.wait()
    check_safetensors(path)
    tensors = load_file(path)
    return PromptEmbeds(tensors["prompt_embeds"], tensors["negative_prompt_embeds"])
