"""LoRA on the frozen backbone: PEFT for training, a plain merge for inference.

Files use the names that diffusers and PEFT write (`transformer.<module>.lora_A.weight`), so
`Flux2KleinPipeline.load_lora_weights` reads them too.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from iconface_core.errors import BackendUnavailableError, UnsupportedCheckpointError
from iconface_core.untyped import Transformer, lazy

from .config import IconFaceConfig, LoraSettings

TARGETS = (
    r"transformer_blocks\.\d+\.attn\.(to_q|to_k|to_v|to_out\.0)"
    r"|single_transformer_blocks\.\d+\.attn\.(to_qkv_mlp_proj|to_out)"
)
"""The authors' preset in diffusers names. A bare "to_out" would also match a ModuleList, which PEFT refuses."""

PREFIX = "transformer."


def lora_shapes(config: IconFaceConfig) -> dict[str, tuple[int, int]]:
    """Key -> shape of every LoRA tensor of a checkpoint with this configuration."""
    d, rank = config.backbone.hidden_size, config.lora.rank
    double = {"to_q": (d, d), "to_k": (d, d), "to_v": (d, d), "to_out.0": (d, d)}
    single = {"to_qkv_mlp_proj": (9 * d, d), "to_out": (d, 4 * d)}  # 3 D for q, k, v and 6 D for the gated MLP of 3 D
    shapes: dict[str, tuple[int, int]] = {}
    for blocks, count, targets in (
        ("transformer_blocks", config.backbone.num_layers, double),
        ("single_transformer_blocks", config.backbone.num_single_layers, single),
    ):
        for block in range(count if rank else 0):
            for name, (n_out, n_in) in targets.items():
                module = f"{PREFIX}{blocks}.{block}.attn.{name}"
                shapes[f"{module}.lora_A.weight"] = (rank, n_in)
                shapes[f"{module}.lora_B.weight"] = (n_out, rank)
    return shapes


def add_lora(transformer: Transformer, settings: LoraSettings) -> None:
    """Inject trainable LoRA layers (float32, zero effect at first) with PEFT.

    Raises BackendUnavailableError when peft is not installed.
    """
    try:
        lora_config = lazy("peft", "LoraConfig")
    except ImportError as e:
        raise BackendUnavailableError("training a LoRA needs peft: pip install 'iconface[train]'") from e
    transformer.add_adapter(lora_config(r=settings.rank, lora_alpha=settings.alpha, target_modules=TARGETS))


def lora_state(transformer: Transformer) -> dict[str, Tensor]:
    """The LoRA tensors of a transformer that went through `add_lora`, under checkpoint names, float32 on the CPU."""
    state = lazy("peft", "get_peft_model_state_dict")(transformer)
    return {PREFIX + key: value.detach().to("cpu", torch.float32).contiguous() for key, value in state.items()}


@torch.no_grad()
def merge_lora(transformer: Transformer, state: Mapping[str, Tensor], settings: LoraSettings) -> None:
    """Add `alpha / rank * B A` to the targeted weights in place, computed in float32.

    Merge before quantising. Raises UnsupportedCheckpointError when a key names no weight of this transformer.
    """
    scale = settings.alpha / settings.rank if settings.rank else 0.0
    for key in state:
        if not key.endswith(".lora_A.weight"):
            continue
        module = key.removeprefix(PREFIX).removesuffix(".lora_A.weight")
        down, up = state[key], state[key.replace(".lora_A.", ".lora_B.")]
        try:
            weight = transformer.get_submodule(module).weight
        except AttributeError as e:
            raise UnsupportedCheckpointError(f"the LoRA targets {module!r}, which this backbone does not have") from e
        if weight.shape != (up.shape[0], down.shape[1]):
            raise UnsupportedCheckpointError(
                f"the LoRA of {module!r} fits {up.shape[0]} x {down.shape[1]}, the backbone has {tuple(weight.shape)}"
            )
        delta = scale * (up.to(weight.device).float() @ down.to(weight.device).float())
        weight.copy_(weight.float() + delta)
