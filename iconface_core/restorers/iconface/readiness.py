"""Can the IConFace restorer run here, and if not, why: cheap checks that load no model, for `doctor` and defaults."""

from importlib.util import find_spec
from pathlib import Path

from iconface_core.errors import IconFaceError
from iconface_core.untyped import lazy

from .backbone import find_backbone
from .checkpoint import read_config
from .placement import Placement, estimated_bytes

_GB = 1e9


def why_not(
    checkpoint: Path | None, backbone: Path | None, placement: Placement, *, embedder_ids: frozenset[str]
) -> list[str]:
    """Reasons, each with its way out; an empty list means ready.

    `embedder_ids` are the identity encoders that are installed.
    """
    packages = (
        ["diffusers"] + ["torchao"] * (placement.weights == "int8") + ["accelerate"] * (placement.offload == "blocks")
    )
    missing = [name for name in packages if find_spec(name) is None]
    reasons = [f"{name} is not installed: pip install {name}" for name in missing]
    if checkpoint is None:
        reasons.append("no IConFace checkpoint is configured; 'iconface models import-faceir FILE' makes one")
    else:
        try:
            config, has_prompt = read_config(checkpoint)
        except IconFaceError as e:
            reasons.append(str(e))
        else:
            if not has_prompt:
                reasons.append(f"{checkpoint} has no prompt embeddings: run 'iconface models encode-prompt' on it")
            if config.identity.enabled and not any(map(config.identity.accepts, embedder_ids)):
                reasons.append(f"the checkpoint's identity encoder {config.identity.encoder!r} is not installed")
    if backbone is None:
        reasons.append("no FLUX.2-klein-base-4B folder: run 'iconface models pull flux2-klein-base-4b'")
    else:
        try:
            find_backbone(backbone)
        except IconFaceError as e:
            reasons.append(str(e))
    needed, free = estimated_bytes(placement), available_bytes(placement)
    if free is not None and free < needed:
        reasons.append(
            f"{placement.torch_device()} has {free / _GB:.1f} GB of memory free, about {needed / _GB:.1f} GB are "
            f"needed; 8-bit weights or block offload need less"
        )
    return reasons


def available_bytes(placement: Placement) -> int | None:
    """Free memory of the device, None when it cannot be told."""
    import torch

    device = placement.torch_device()
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] if torch.cuda.is_available() else 0
    try:
        # On a CPU, and on MPS, which shares main memory. "available" counts what the page cache would give back.
        return int(lazy("psutil", "virtual_memory")().available)
    except ImportError:
        return None
