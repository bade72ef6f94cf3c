"""Where the models run and how small they are made: device, dtype, 8-bit weights, offload, and advice on memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import torch

from iconface_core.errors import BackendUnavailableError
from iconface_core.untyped import Transformer, lazy

_GIB = 2**30
TRANSFORMER_PARAMETERS = 3_875_544_576
VAE_PARAMETERS = 84_046_115

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


class DeviceMemoryError(BackendUnavailableError):
    """The device ran out of memory; the message says which options need less."""


@dataclass(frozen=True, slots=True)
class Placement:
    """`device` is a torch name, "auto" picks CUDA, then MPS, then CPU. `dtype` "auto" is bfloat16 on an accelerator,
    float32 on a CPU. `weights` "int8" stores the block weights in 8 bits (torchao) and computes in `dtype`. `offload`
    "blocks" keeps weights in main memory and moves one block at a time to the device."""

    device: str = "auto"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    weights: Literal["full", "int8"] = "full"
    offload: Literal["none", "blocks"] = "none"
    compile: bool = False

    def torch_device(self) -> torch.device:
        if self.device != "auto":
            return torch.device(self.device)
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")

    def torch_dtype(self) -> torch.dtype:
        if self.dtype != "auto":
            named: torch.dtype = getattr(torch, self.dtype)
            return named
        return torch.float32 if self.torch_device().type == "cpu" else torch.bfloat16


def place(transformer: Transformer, placement: Placement) -> Transformer:
    """Quantise, offload or move the transformer (on the CPU, LoRA already merged) as asked; returns it.

    Raises BackendUnavailableError when an option needs a package that is not installed.
    """
    device = placement.torch_device()
    if placement.weights == "int8":
        _quantise(transformer)
    if placement.offload == "blocks":
        if find_spec("accelerate") is None:
            raise BackendUnavailableError("block offload needs accelerate: pip install accelerate")
        offload = lazy("diffusers.hooks", "apply_group_offloading")
        offload(transformer, onload_device=device, offload_type="block_level", num_blocks_per_group=1)
    else:
        with memory_advice(placement):
            transformer.to(device)
    if placement.compile:
        transformer.compile()
    return transformer


def _quantise(transformer: Transformer) -> None:
    try:
        quantize = lazy("torchao.quantization", "quantize_")
        settings = lazy("torchao.quantization", "Int8WeightOnlyConfig")()
    except ImportError as e:
        raise BackendUnavailableError("8-bit weights need torchao: pip install 'iconface[quant]'") from e
    # Only the blocks: embedders, modulation and the output layer are small and sensitive.
    for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks):
        quantize(block, settings)


def estimated_bytes(placement: Placement, *, faces: int = 1, references: int = 3, size: int = 512) -> int:
    """A planning figure for the device memory of one restore call: weights plus activations. An estimate, not a
    measurement: activations are counted as 14 hidden-size vectors per token and the block's MLP."""
    per_value = 4 if placement.torch_dtype() == torch.float32 else 2
    blocks = 3_680_509_440  # parameters inside the 25 blocks
    rest = TRANSFORMER_PARAMETERS - blocks
    if placement.offload == "blocks":
        blocks //= 20  # the largest resident share: about one block and the one being fetched
    weights = blocks * (1 if placement.weights == "int8" else per_value) + (rest + VAE_PARAMETERS) * per_value
    tokens = faces * (512 + (2 + references) * (size // 16) ** 2)
    return int(weights + tokens * (14 * 3072 + 27_648) * per_value)


@contextmanager
def memory_advice(placement: Placement, *, faces: int = 1) -> Iterator[None]:
    """Turn an out-of-memory error inside the block into advice.

    Raises DeviceMemoryError naming the options that are not in use yet, the gentlest first.
    """
    try:
        yield
    except RuntimeError as e:
        # CUDA has a type for this; MPS and the CPU allocator only say it.
        said = str(e).lower()
        if not isinstance(e, torch.OutOfMemoryError) and not any(words in said for words in _NO_MEMORY):
            raise
        advice = []
        if faces > 1:
            advice.append(f"restore fewer faces at once (now {faces})")
        if placement.torch_dtype() == torch.float32 and placement.torch_device().type != "cpu":
            advice.append("use dtype bfloat16")
        if placement.weights == "full":
            advice.append("use 8-bit weights (weights = int8)")
        if placement.offload == "none":
            advice.append("keep the weights in main memory (offload = blocks)")
        advice.append("use fewer references, or the CPU (device = cpu)")
        needed = estimated_bytes(placement, faces=faces) / _GIB
        raise DeviceMemoryError(
            f"{placement.torch_device()} ran out of memory (about {needed:.0f} GiB are needed); in this order: "
            + "; ".join(advice)
        ) from e
