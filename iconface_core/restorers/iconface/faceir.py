"""Import of the authors' earlier published restorer (ComfyUI-Flux-FaceIR): a LoRA in BFL names.

Its inputs are the same token concatenation, so it runs as concat-only IConFace. The file holds
`<module>.lora_A.weight`, `<module>.lora_B.weight` and optionally `<module>.alpha` for `double_blocks.N.img_attn.qkv`,
`double_blocks.N.img_attn.proj`, `single_blocks.N.linear1` and `single_blocks.N.linear2`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from iconface_core.errors import UnsupportedCheckpointError

from .checkpoint import check_safetensors, save_checkpoint
from .config import IconFaceConfig, LoraSettings
from .lora import PREFIX

PROMPT = "restore a high quality portrait photo of a person, natural skin, detailed face"
"""The prompt of that release: the first half of IConFace's."""

STEPS = 50

_MODULE = re.compile(r"(double_blocks|single_blocks)\.(\d+)\.(img_attn\.qkv|img_attn\.proj|linear1|linear2)$")
_NAMES = {
    "img_attn.proj": "transformer_blocks.{}.attn.to_out.0",
    "linear1": "single_transformer_blocks.{}.attn.to_qkv_mlp_proj",
    "linear2": "single_transformer_blocks.{}.attn.to_out",
}


def convert_bfl_lora(
    state: Mapping[str, Tensor], *, default_alpha: float | None = None
) -> tuple[dict[str, Tensor], int]:
    """BFL names -> checkpoint names, and the rank. `alpha / rank` is folded into B, so the scale becomes 1; a module
    without its own alpha takes `default_alpha`, else its rank.

    A fused qkv is split by rows: the three parts share A and take a third of B each. Raises
    UnsupportedCheckpointError on modules outside the preset, unpaired tensors or mixed ranks.
    """
    out: dict[str, Tensor] = {}
    modules = sorted({re.sub(r"\.(lora_[AB]\.weight|alpha)$", "", key) for key in state})
    ranks: set[int] = set()
    for name in modules:
        found = _MODULE.search(name)
        down, up = state.get(f"{name}.lora_A.weight"), state.get(f"{name}.lora_B.weight")
        if found is None or down is None or up is None:
            raise UnsupportedCheckpointError(
                f"{name!r} is not a pair of the FaceIR LoRA; pass lora_weights.safetensors"
            )
        rank = down.shape[0]
        ranks.add(rank)
        alpha = float(state.get(f"{name}.alpha", torch.tensor(rank if default_alpha is None else default_alpha)))
        up = up.float() * (alpha / rank)
        block, kind = found[2], found[3]
        if kind == "img_attn.qkv":
            targets = [f"transformer_blocks.{block}.attn.{part}" for part in ("to_q", "to_k", "to_v")]
        else:
            targets = [_NAMES[kind].format(block)]
        for target, part in zip(targets, up.chunk(len(targets)), strict=True):
            out[f"{PREFIX}{target}.lora_A.weight"] = down.float().clone()
            out[f"{PREFIX}{target}.lora_B.weight"] = part.contiguous()
    if len(ranks) != 1:
        raise UnsupportedCheckpointError(f"expected one LoRA rank, found {sorted(ranks)}")
    return out, ranks.pop()


def import_faceir(file: Path, folder: Path, *, base: IconFaceConfig | None = None) -> IconFaceConfig:
    """Write the checkpoint `folder` from the published LoRA `file`; prompt embeddings are added by `encode-prompt`.

    An `adapter_config.json` beside the file, as the release has it, gives the alpha of modules that store none.

    Raises WeightsError when the file is damaged or pickled, UnsupportedCheckpointError when it is another model.
    """
    base = base or IconFaceConfig()
    check_safetensors(file)
    lora, rank = convert_bfl_lora(load_file(file), default_alpha=_alpha_beside(file))
    config = replace(
        base.variant("concat"),
        lora=LoraSettings(rank=rank, alpha=rank),
        sampling=replace(base.sampling, prompt=PROMPT, steps=STEPS),
    )
    save_checkpoint(
        folder,
        config,
        lora=lora,
        licence="not stated by its publisher; code Apache-2.0 (ComfyUI-Flux-FaceIR)",
        training={"source": file.name, "note": "authors' concat-only predecessor, converted from BFL names"},
    )
    return config


def _alpha_beside(file: Path) -> float | None:
    path = file.with_name("adapter_config.json")
    if not path.is_file():
        return None
    try:
        alpha = json.loads(path.read_text("utf-8")).get("lora_alpha")
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError) as e:
        raise UnsupportedCheckpointError(f"{path} is damaged ({e}); copy it again or remove it") from e
    return None if alpha is None else float(alpha)
