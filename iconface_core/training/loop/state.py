"""Everything a run needs to go on bit for bit: safetensors and JSON, no pickle, whole or not there at all.

    state/step-00001234/    one folder per saved step, renamed into place when it is complete; the last two are kept
        module.safetensors      trained parameters and buffers
        average.safetensors     their moving average
        optimizer.safetensors   NAME/exp_avg, NAME/exp_avg_sq, NAME/step, ...
        state.json              where the run is, size of every file

Random numbers have no state to save: each batch's generators follow from its number (`recipe.Draw`).
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from iconface_core.codec import JsonObject
from iconface_core.errors import WeightsError
from iconface_core.images.atomic_write import sync_path

FORMAT = "iconface-training-state-1"
_PARTS = ("module", "average", "optimizer")
_KEEP = 2


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is, over all its sessions."""

    step: int = 0
    samples: int = 0
    seconds: float = 0.0  # of training, without start-up
    average_updates: int = 0
    usual_norm: float = 0.0  # running mean of the gradient's norm


@dataclass(frozen=True, slots=True, eq=False)
class TrainState:
    """One saved step, tensors on the CPU."""

    progress: RunProgress
    module: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, Tensor]


def save_state(folder: Path, state: TrainState) -> Path:
    """Write `folder/step-N`, then remove all but the newest two. A kill at any moment leaves the older ones whole."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step-{state.progress.step:08d}"
    staging = folder / f".{target.name}"
    for leftover in folder.glob(".step-*"):
        shutil.rmtree(leftover)
    staging.mkdir()
    for part in _PARTS:
        tensors: Mapping[str, Tensor] = getattr(state, part)
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, staging / f"{part}.safetensors")
    sizes = {f.name: f.stat().st_size for f in staging.iterdir()}
    manifest = {"format": FORMAT, "progress": asdict(state.progress), "files": sizes}
    (staging / "state.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    for file in staging.iterdir():
        sync_path(file)
    if target.exists():  # damaged: the run went on from the state before it and is here again
        shutil.rmtree(target)
    staging.rename(target)
    sync_path(folder)
    for old in _steps(folder)[_KEEP:]:
        shutil.rmtree(old)
    return target


def load_state(folder: Path) -> TrainState | None:
    """The newest whole state, or None when there is none. Raises WeightsError when there are only damaged ones."""
    damage: Exception | None = None
    for path in _steps(folder):
        try:
            return _load(path)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as e:
            damage = damage or WeightsError(f"{path} is damaged ({e}); remove it to start from an older state")
    if damage:
        raise damage
    return None


def trained_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Trained parameters and persistent buffers by name: all that training changes in a module."""
    frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
    return {name: tensor for name, tensor in module.state_dict().items() if name not in frozen}


@torch.no_grad()
def restore_tensors(into: Mapping[str, Tensor], saved: Mapping[str, Tensor], what: str) -> None:
    """Copy in place, keeping device and memory layout. Raises WeightsError when names or shapes differ."""
    different = sorted(set(into) ^ set(saved)) or [k for k, v in into.items() if v.shape != saved[k].shape]
    if different:
        raise WeightsError(f"the saved {what} does not fit this configuration: {different[0]!r} differs")
    for name, tensor in into.items():
        tensor.copy_(saved[name])


def optimizer_tensors(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Tensor]:
    """The optimiser's memory, `NAME/KEY` each; `names` is id(parameter) -> name."""
    return {
        f"{names[id(parameter)]}/{key}": torch.as_tensor(value)
        for parameter, memory in optimizer.state.items()
        for key, value in memory.items()
    }


@torch.no_grad()
def restore_optimizer(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, Tensor], saved: Mapping[str, Tensor]
) -> None:
    """The inverse of `optimizer_tensors`; a parameter that never had a gradient has no memory yet.

    Raises WeightsError for a tensor of an unknown parameter.
    """
    for name, value in saved.items():
        owner, _, key = name.rpartition("/")
        parameter = parameters.get(owner)
        if parameter is None:
            raise WeightsError(f"the saved optimiser knows {owner!r}, which this configuration does not train")
        if key == "step":  # counts on the CPU, on the device when the optimiser is fused
            memory = value.to(parameter.device if optimizer.defaults.get("fused") else "cpu", copy=True)
        else:  # kernels walk weight and memory together, so both need the same layout
            memory = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
        optimizer.state[parameter][key] = memory


def _load(path: Path) -> TrainState:
    manifest: JsonObject = json.loads((path / "state.json").read_text("utf-8"))
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']!r}, this program reads {FORMAT!r}")
    for name, size in manifest["files"].items():
        found = (path / name).stat().st_size
        if found != size:
            raise ValueError(f"{name} has {found} bytes instead of {size}")
    parts = {part: load_file(path / f"{part}.safetensors") for part in _PARTS}
    return TrainState(RunProgress(**manifest["progress"]), **parts)


def _steps(folder: Path) -> list[Path]:
    """Saved steps, newest first."""
    return sorted(folder.glob("step-*"), reverse=True)
