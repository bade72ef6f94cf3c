"""An iconface-nano checkpoint is one safetensors file: fp16 weights, configuration and model card in its header."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from iconface_core.codec import JsonObject
from iconface_core.errors import UnsupportedCheckpointError, WeightsError

from .config import NanoConfig
from .network import build_network

FORMAT = "iconface-nano"


def save_nano(path: Path, network: nn.Module, config: NanoConfig, card: Mapping[str, Any]) -> None:
    """Write (or replace) `path`, whole or not at all. `card` is JSON: licence, data, steps, numbers, failure cases.

    Raises UnsupportedCheckpointError when a weight is not finite or does not fit into fp16.
    """
    tensors = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in _weights(network).items()}
    broken = sorted(name for name, value in tensors.items() if not bool(torch.isfinite(value).all()))
    if broken:
        raise UnsupportedCheckpointError(
            f"{path}: weight {broken[0]!r} is not a number in fp16; the training that made it diverged"
        )
    metadata = {"format": FORMAT, "config": config.to_json(), "card": json.dumps(dict(card), sort_keys=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as staging:
        pass
    try:
        save_file(tensors, staging.name, metadata=metadata)
        Path(staging.name).chmod(0o644)
        Path(staging.name).replace(path)
    except BaseException:
        Path(staging.name).unlink(missing_ok=True)
        raise


def read_nano_card(path: Path) -> tuple[NanoConfig, JsonObject]:
    """Configuration and card without the weights. Raises as `load_nano`."""
    with _open(path) as file:
        metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise UnsupportedCheckpointError(f"{path} is a safetensors file, but not an {FORMAT} checkpoint")
    try:
        config, card = json.loads(metadata["config"]), json.loads(metadata["card"])
    except (KeyError, json.JSONDecodeError) as e:
        raise UnsupportedCheckpointError(f"{path}: its header is damaged ({e}); install it again") from e
    return NanoConfig.from_dict(config, source=str(path)), dict(card)


def load_nano(path: Path) -> tuple[nn.Module, NanoConfig, JsonObject]:
    """The network in fp32 on the CPU, in evaluation mode, its configuration and its card.

    Raises WeightsError when the file is missing or damaged, UnsupportedCheckpointError when it is another format, has a
    newer configuration, or its tensors do not fit the configuration.
    """
    config, card = read_nano_card(path)
    # Not on the "meta" device: initialising there imports torch's compiler, which takes seconds and writes into /tmp.
    network = build_network(config)
    expected = {name: tuple(value.shape) for name, value in _weights(network).items()}
    with _open(path) as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
        if found != expected:
            name = sorted(set(found.items()) ^ set(expected.items()))[0][0]
            raise UnsupportedCheckpointError(
                f"{path}: {name!r} is {found.get(name, 'missing')}, but its configuration asks for "
                f"{expected.get(name, 'none')}; install it again"
            )
        tensors = {name: file.get_tensor(name).float() for name in found}
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False), config, card


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return dict(network.state_dict())


def _open(path: Path) -> Any:
    if not path.is_file():
        raise WeightsError(f"{path} is not there; reinstall iconface, or give another file")
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path}: not a safetensors file ({e}); reinstall iconface") from e
