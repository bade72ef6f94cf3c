"""An IConFace checkpoint is a folder: `config.json` and safetensors, nothing that can run code.

    config.json           format, IconFaceConfig, licence, training record, size and SHA-256 of every other file
    adapter.safetensors   the pathways (absent for concat-only)
    lora.safetensors      PEFT-named LoRA (absent at rank 0)
    prompt.safetensors    prompt_embeds and negative_prompt_embeds, (L, E) each; may be added later

Loading is strict on keys and shapes and allocates nothing twice (meta device, then assign).
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from iconface_core.codec import JsonObject
from iconface_core.errors import UnsupportedCheckpointError, WeightsError
from iconface_core.images.leftovers import temporary

from .adapter import IconFaceAdapter, meta_adapter
from .config import IconFaceConfig
from .lora import lora_shapes

FORMAT = "iconface-checkpoint"
ADAPTER, LORA, PROMPT = "adapter.safetensors", "lora.safetensors", "prompt.safetensors"
_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")


@dataclass(frozen=True, slots=True, eq=False)
class PromptEmbeds:
    """The fixed prompt and the empty prompt after the text encoder, (L, E) each."""

    prompt: Tensor
    negative: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A loaded checkpoint. `sha256` covers config.json and, through the hashes in it, every weight."""

    config: IconFaceConfig
    adapter: IconFaceAdapter
    lora: dict[str, Tensor]
    prompt: PromptEmbeds | None
    licence: str
    sha256: str
    training: JsonObject = field(default_factory=dict)


def save_checkpoint(
    folder: Path,
    config: IconFaceConfig,
    *,
    adapter: Mapping[str, Tensor] | None = None,
    lora: Mapping[str, Tensor] | None = None,
    prompt: PromptEmbeds | None = None,
    licence: str,
    training: Mapping[str, Any] | None = None,
) -> str:
    """Write a new checkpoint folder, all or nothing, and return its SHA-256.

    Raises UnsupportedCheckpointError when the tensors do not fit the configuration, FileExistsError when the folder
    is already there.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} already exists: choose another folder or remove it first")
    parts: dict[str, dict[str, Tensor]] = {}
    if adapter or meta_adapter(config).state_dict():
        parts[ADAPTER] = dict(adapter or {})
    if lora or config.lora.rank:
        parts[LORA] = dict(lora or {})
    if prompt is not None:
        parts[PROMPT] = {"prompt_embeds": prompt.prompt, "negative_prompt_embeds": prompt.negative}
    for name, tensors in parts.items():
        _check_shapes(name, {k: tuple(v.shape) for k, v in tensors.items()}, _expected(config, name, tensors))
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = temporary(folder)
    try:
        staging.mkdir()
        for name, tensors in parts.items():
            save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, staging / name)
        digest = _write_manifest(staging, config, licence, dict(training or {}))
        staging.chmod(0o755)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return digest


def add_prompt(folder: Path, prompt: PromptEmbeds) -> str:
    """Add or replace the prompt embeddings of a checkpoint; returns its new SHA-256."""
    manifest = _read_manifest(folder)
    config = IconFaceConfig.from_dict(manifest["config"], source=str(folder / "config.json"))
    tensors = {"prompt_embeds": prompt.prompt, "negative_prompt_embeds": prompt.negative}
    shapes = {k: tuple(v.shape) for k, v in tensors.items()}
    _check_shapes(PROMPT, shapes, _expected(config, PROMPT, tensors))
    staging = temporary(folder / PROMPT)
    try:
        staging.mkdir()
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, staging / PROMPT)
        (staging / PROMPT).chmod(0o644)
        (staging / PROMPT).replace(folder / PROMPT)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return _write_manifest(folder, config, manifest["licence"], manifest["training"])


def load_checkpoint(folder: Path, *, verify: bool = True) -> Checkpoint:
    """Read a checkpoint onto the CPU, in the dtype it was stored in.

    `verify` compares every file with its recorded SHA-256. Raises WeightsError when something is missing, damaged,
    pickled or not the recorded file, UnsupportedCheckpointError when it does not fit its configuration.
    """
    manifest = _read_manifest(folder)
    config = IconFaceConfig.from_dict(manifest["config"], source=str(folder / "config.json"))
    adapter = meta_adapter(config)
    required = [ADAPTER] * (not adapter.is_empty) + [LORA] * bool(config.lora.rank)
    for name in required:
        if name not in manifest["files"]:
            raise WeightsError(f"{folder / 'config.json'} does not list {name}, which its configuration needs")
    tensors = {name: _read_file(folder, name, entry, verify=verify) for name, entry in manifest["files"].items()}
    for name, found in tensors.items():
        _check_shapes(str(folder / name), {k: tuple(v.shape) for k, v in found.items()}, _expected(config, name, found))
    adapter.load_state_dict(tensors.get(ADAPTER, {}), strict=True, assign=True)
    embeds = tensors.get(PROMPT)
    return Checkpoint(
        config=config,
        adapter=adapter.eval().requires_grad_(False),
        lora=tensors.get(LORA, {}),
        prompt=PromptEmbeds(embeds["prompt_embeds"], embeds["negative_prompt_embeds"]) if embeds else None,
        licence=manifest["licence"],
        training=manifest["training"],
        sha256=_sha256(folder / "config.json"),
    )


def manifest_sha256(folder: Path) -> str:
    """The checkpoint's SHA-256 without reading any weights. Raises like `load_checkpoint` for a bad manifest."""
    _read_manifest(folder)
    return _sha256(folder / "config.json")


def read_config(folder: Path) -> tuple[IconFaceConfig, bool]:
    """The configuration, and whether prompt embeddings are there, without reading any weights; raises like above."""
    manifest = _read_manifest(folder)
    config = IconFaceConfig.from_dict(manifest["config"], source=str(folder / "config.json"))
    return config, PROMPT in manifest["files"]


def check_safetensors(path: Path) -> None:
    """Raise WeightsError when `path` is missing, pickled, or too short for its own header."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing; copy the whole checkpoint folder again")
    with path.open("rb") as f:
        head = f.read(8)
    if path.suffix in _PICKLES or head[:2] == b"PK" or head[:1] == b"\x80":
        raise WeightsError(f"{path} is a pickle, which can run code when opened; only safetensors files are read")
    size, header = path.stat().st_size, int.from_bytes(head, "little")
    if len(head) < 8 or header > size - 8:
        raise WeightsError(f"{path} is truncated or not a safetensors file ({size} bytes); copy it again")


def _read_manifest(folder: Path) -> JsonObject:
    path = folder / "config.json"
    if not path.is_file():
        pickles = sorted(p.name for p in folder.glob("*") if p.suffix in _PICKLES) if folder.is_dir() else []
        if pickles:
            raise WeightsError(f"{folder} holds a pickle ({pickles[0]}), which can run code; only safetensors are read")
        raise WeightsError(f"{folder} is not an IConFace checkpoint: it has no config.json")
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as e:
        raise WeightsError(f"{path} is damaged ({e}); copy the checkpoint again") from e
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UnsupportedCheckpointError(f"{path} does not describe an {FORMAT}; is this the folder of another model?")
    missing = [k for k in ("config", "files", "licence", "training") if k not in manifest]
    if missing:
        raise UnsupportedCheckpointError(f"{path} lacks {missing[0]!r}")
    unknown = sorted(set(manifest["files"]) - {ADAPTER, LORA, PROMPT})
    if unknown:
        raise UnsupportedCheckpointError(f"{path} lists {unknown[0]!r}, which this program does not know")
    return manifest


def _write_manifest(folder: Path, config: IconFaceConfig, licence: str, training: JsonObject) -> str:
    files = {
        name: {"sha256": _sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in (ADAPTER, LORA, PROMPT)
        if (folder / name).exists()
    }
    manifest = {
        "format": FORMAT,
        "config": asdict(config),
        "licence": licence,
        "training": training,
        "files": files,
    }
    staging = temporary(folder / "config.json")
    staging.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    staging.replace(folder / "config.json")
    return _sha256(folder / "config.json")


def _read_file(folder: Path, name: str, entry: Mapping[str, Any], *, verify: bool) -> dict[str, Tensor]:
    path = folder / name
    check_safetensors(path)
    size = path.stat().st_size
    if size != entry["bytes"]:
        raise WeightsError(f"{path} has {size} bytes instead of {entry['bytes']}: truncated; copy it again")
    if verify and _sha256(path) != entry["sha256"]:
        raise WeightsError(f"{path} is not the file that config.json records (SHA-256 differs); copy it again")
    try:
        return load_file(path)
    except SafetensorError as e:
        raise WeightsError(f"{path} is damaged ({e}); copy it again") from e


def _expected(config: IconFaceConfig, name: str, found: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    if name == ADAPTER:
        return {k: tuple(v.shape) for k, v in meta_adapter(config).state_dict().items()}
    if name == LORA:
        return dict(lora_shapes(config))
    # The prompt's length is free; its width is the backbone's.
    width = config.backbone.joint_attention_dim
    first = found.get("prompt_embeds", torch.empty(0, width))
    return {key: (len(first), width) for key in ("prompt_embeds", "negative_prompt_embeds")}


def _check_shapes(where: str, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Raise UnsupportedCheckpointError naming the first difference."""
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"has the unknown tensor {unknown[0]!r}"
        raise UnsupportedCheckpointError(
            f"{where} {what} ({len(missing)} missing, {len(unknown)} unknown): it does not belong to its config.json"
        )
    for key, shape in expected.items():
        if found[key] != shape:
            raise UnsupportedCheckpointError(f"{where}: {key!r} is {found[key]}, config.json says {shape}")


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
