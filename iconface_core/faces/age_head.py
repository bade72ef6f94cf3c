"""Apparent age from the vectors that are stored anyway: a small head on SFace, made by `benchmarks/ages.py`.

Nothing else is computed when a photo is indexed, and nothing is stored. The same file holds what faces of one age have
in common, whoever they show: without it a child and the adult are more alike (docs/benchmarks/ages.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from iconface_core.ages import AGES, ApparentAge
from iconface_core.errors import WeightsError
from iconface_core.types import F32

from .sface_facts import DIM, SFACE_ID

FORMAT = "iconface-age"


@dataclass(frozen=True, slots=True, eq=False)
class AgeHead:
    """`hidden` (128, H) with `hidden_bias` (H,), then `output` (H, 101) with `output_bias` (101,): the network.
    `common` (101, 128): the mean vector of faces of each age."""

    hidden: F32
    hidden_bias: F32
    output: F32
    output_bias: F32
    common: F32

    embedder = SFACE_ID

    def __post_init__(self) -> None:
        width = len(self.hidden_bias)
        expected = {
            "hidden": (DIM, width),
            "output": (width, len(AGES)),
            "output_bias": (len(AGES),),
            "common": (len(AGES), DIM),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise WeightsError(f"the age head's {name} is {getattr(self, name).shape}, expected is {shape}")

    def distributions(self, vectors: F32) -> F32:
        """(N, 101): the probability of each of `AGES` for unit vectors (N, 128) of SFace."""
        inner = np.maximum(vectors @ self.hidden + self.hidden_bias, 0)
        scores = inner @ self.output + self.output_bias
        weights = np.exp(scores - scores.max(1, keepdims=True))
        probabilities: F32 = weights / weights.sum(1, keepdims=True)
        return probabilities

    def ages(self, vectors: F32) -> list[ApparentAge]:
        """How old each of (N, 128) looks, in order."""
        return [ApparentAge(row) for row in self.distributions(vectors)]

    def without_age(self, vectors: F32) -> F32:
        """Unit vectors (N, 128) less what faces of that age have in common: comparable over the years."""
        rest = vectors - self.distributions(vectors) @ self.common
        unit: F32 = rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-12)
        return unit


_TENSORS = ("hidden", "hidden_bias", "output", "output_bias", "common")


def read_age_head(path: Path) -> AgeHead:
    """Raises WeightsError when the file is missing, damaged, or something else."""
    try:
        with safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("format") != FORMAT:
                raise WeightsError(f"{path} is a safetensors file, but no age head; reinstall iconface")
            tensors = {name: file.get_tensor(name).astype(np.float32) for name in _TENSORS}
    except (SafetensorError, OSError) as e:
        raise WeightsError(f"{path}: cannot be read as safetensors ({e}); reinstall iconface") from e
    return AgeHead(**tensors)


def write_age_head(path: Path, head: AgeHead, card: Mapping[str, Any]) -> None:
    """Write or replace `path`; `card`, the model card, is JSON and goes into the header."""
    tensors = {name: np.ascontiguousarray(getattr(head, name), dtype=np.float16) for name in _TENSORS}
    save_file(tensors, path, metadata={"format": FORMAT, "card": json.dumps(dict(card))})
