"""Loading FLUX.2-klein-base-4B and its autoencoder from a local folder; nothing here touches the network.

Two layouts are understood, also mixed: diffusers (`transformer/config.json`, `vae/config.json`) and single files in
Black Forest Labs names (`flux-2-klein-base-4b.safetensors`, `ae.safetensors` or `flux2-vae.safetensors`), which are
recognised by the tensors inside, not by their file names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError, WeightsError
from iconface_core.untyped import Autoencoder, Transformer, lazy

from .checkpoint import check_safetensors
from .config import BackboneConfig

_BFL_PREFIX = "model.diffusion_model."
_TRANSFORMER_KEY = "double_blocks.0.img_attn.qkv.weight"
_VAE_KEY = "decoder.up.0.block.0.conv1.weight"


@dataclass(frozen=True, slots=True)
class BackboneFiles:
    """Where the two parts are: a diffusers component folder or a single file, each."""

    transformer: Path
    vae: Path


def find_backbone(folder: Path) -> BackboneFiles:
    """Locate both parts below `folder` (a transformer's single file is accepted too; its folder is searched).

    Raises BackendUnavailableError naming what is missing and what to copy where, UnsupportedCheckpointError for the
    distilled sibling, whose weights have the same shapes but do not work with this adapter.
    """
    if folder.is_file():
        transformer: Path | None = folder
        folder = folder.parent
    else:
        transformer = _component(folder, "transformer", _TRANSFORMER_KEY)
    vae = _component(folder, "vae", _VAE_KEY)
    if transformer is None or vae is None:
        part = "transformer" if transformer is None else "vae"
        raise BackendUnavailableError(
            f"no {part} of FLUX.2-klein-base-4B in {folder}: run 'iconface models pull flux2-klein-base-4b', or copy "
            f"the folders 'transformer' and 'vae' (or flux-2-klein-base-4b.safetensors and ae.safetensors) into it"
        )
    _refuse_distilled(folder, transformer)
    return BackboneFiles(transformer, vae)


def empty_transformer(config: BackboneConfig) -> Transformer:
    """The transformer of this shape on the meta device: no storage, no initialisation."""
    model = lazy("diffusers", "Flux2Transformer2DModel")
    with torch.device("meta"):
        return model(
            in_channels=config.in_channels,
            num_layers=config.num_layers,
            num_single_layers=config.num_single_layers,
            attention_head_dim=config.attention_head_dim,
            num_attention_heads=config.num_attention_heads,
            joint_attention_dim=config.joint_attention_dim,
            axes_dims_rope=config.axes_dims_rope,
            guidance_embeds=False,
        )


def load_transformer(path: Path, config: BackboneConfig, dtype: torch.dtype) -> Transformer:
    """Read the frozen transformer onto the CPU in `dtype`.

    Raises WeightsError for damaged files, UnsupportedCheckpointError when shapes differ from `config`.
    """
    state = _read_weights(path)
    if path.is_file():
        convert = lazy("diffusers.loaders.single_file_utils", "convert_flux2_transformer_checkpoint_to_diffusers")
        stripped = {key.removeprefix(_BFL_PREFIX): value for key, value in state.items()}
        if _TRANSFORMER_KEY not in stripped:
            raise UnsupportedCheckpointError(f"{path} holds no FLUX.2 transformer (no {_TRANSFORMER_KEY!r})")
        state = convert(stripped)
    return _fill(empty_transformer(config), state, dtype, path)


def load_vae(path: Path, dtype: torch.dtype) -> Autoencoder:
    """Read the autoencoder onto the CPU in `dtype`; same errors as `load_transformer`."""
    state = _read_weights(path)
    kwargs: dict[str, Any]
    if path.is_file():
        kwargs = _vae_shape(state, path)
        state = _vae_names(state, kwargs)
    else:
        kwargs = {k: v for k, v in _read_json(path / "config.json").items() if not k.startswith("_")}
    with torch.device("meta"):
        vae = lazy("diffusers", "AutoencoderKLFlux2")(**kwargs)
    # A counter of the batch norm that inference never reads; published files differ in whether they keep it.
    state["bn.num_batches_tracked"] = torch.tensor(0)
    return _fill(vae, state, dtype, path)


def _component(folder: Path, name: str, bfl_key: str) -> Path | None:
    if (folder / name / "config.json").is_file():
        return folder / name
    for file in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt") as f:
                if any(key.removeprefix(_BFL_PREFIX) == bfl_key for key in f.keys()):  # noqa: SIM118 - not a mapping
                    return file
        except SafetensorError:
            continue  # reported when it is the file that is needed
    return None


def _refuse_distilled(folder: Path, transformer: Path) -> None:
    index = folder / "model_index.json"
    distilled = index.is_file() and bool(_read_json(index).get("is_distilled"))
    name = transformer.name.lower()
    if distilled or (transformer.is_file() and "klein-4b" in name and "base" not in name):
        raise UnsupportedCheckpointError(
            f"{transformer} is the distilled FLUX.2-klein-4B; IConFace needs FLUX.2-klein-base-4B (with 'base')"
        )


def _read_weights(path: Path) -> dict[str, Tensor]:
    """All tensors of a single file or of a component folder (sharded or not)."""
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"{path} holds no safetensors file; copy the whole folder again (pickles are not read)")
    index = path / "diffusion_pytorch_model.safetensors.index.json"
    if path.is_dir() and index.is_file():
        files = [path / name for name in sorted(set(_read_json(index)["weight_map"].values()))]
    state: dict[str, Tensor] = {}
    for file in files:
        check_safetensors(file)
        try:
            state |= load_file(file)
        except SafetensorError as e:
            raise WeightsError(f"{file} is damaged ({e}); copy it again") from e
    return state


def _fill(module: Any, state: dict[str, Tensor], dtype: torch.dtype, path: Path) -> Any:
    """Assign the tensors to a module on the meta device, strictly, then cast what is floating."""
    expected = module.state_dict()
    missing, unknown = sorted(set(expected) - set(state)), sorted(set(state) - set(expected))
    wrong = [k for k, v in expected.items() if k in state and state[k].shape != v.shape]
    if missing or unknown or wrong:
        detail = f"lacks {missing[0]!r}" if missing else f"has the unknown {unknown[0]!r}" if unknown else ""
        detail = (
            detail or f"{wrong[0]!r} is {tuple(state[wrong[0]].shape)} instead of {tuple(expected[wrong[0]].shape)}"
        )
        raise UnsupportedCheckpointError(f"{path} is not the model this checkpoint was made for: {detail}")
    cast = {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
    module.load_state_dict(cast, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def _vae_shape(state: Mapping[str, Tensor], path: Path) -> dict[str, Any]:
    """The autoencoder's configuration, read off the shapes of a single file."""
    try:
        widths, decoder = (
            [len(state[f"{side}.{i}.block.0.conv1.weight"]) for i in range(4)]
            for side in ("encoder.down", "decoder.up")
        )
        layers = len({k.split(".")[4] for k in state if k.startswith("encoder.down.0.block.")})
        latent = state["decoder.conv_in.weight"].shape[1]
    except KeyError as e:
        raise UnsupportedCheckpointError(f"{path} is not the FLUX.2 autoencoder: it lacks {e}") from e
    return {
        "block_out_channels": tuple(widths),
        "decoder_block_out_channels": tuple(decoder),
        "layers_per_block": layers,
        "latent_channels": latent,
    }


def _vae_names(state: Mapping[str, Tensor], kwargs: Mapping[str, Any]) -> dict[str, Tensor]:
    """BFL names -> diffusers names. FLUX.2 keeps the quantisation convolutions inside encoder and decoder."""
    convert = lazy("diffusers.loaders.single_file_utils", "convert_ldm_vae_checkpoint")
    renamed = {
        key.replace("encoder.quant_conv", "quant_conv").replace("decoder.post_quant_conv", "post_quant_conv"): value
        for key, value in state.items()
    }
    blocks = range(len(kwargs["block_out_channels"]))
    config = {"down_block_types": list(blocks), "up_block_types": list(blocks)}
    converted: dict[str, Tensor] = convert(renamed, config)
    return converted | {key: state[key] for key in ("bn.running_mean", "bn.running_var") if key in state}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as e:
        raise WeightsError(f"{path} is missing or damaged ({e}); copy it again") from e
    if not isinstance(data, dict):
        raise WeightsError(f"{path} is damaged: it holds no JSON object; copy it again")
    return data
