"""The identity anchors of a batch, by the very rules of the 4B model (`restore.identity`)."""

from __future__ import annotations

import torch
from torch import Tensor

from iconface_core.restorers.common.anchor import OwnFace, pool_anchor


def batch_anchor(
    reference_vectors: Tensor,
    reference_norms: Tensor,
    degraded_vector: Tensor,
    degraded_quality: Tensor,
    *,
    rule: str,
    temperature: float = 1.0,
) -> Tensor:
    """Unit vectors (B, R, dim) with norms (B, R), and the degraded face's (B, dim) with its quality (B,) in 0..1,
    -> anchors (B, dim). Without references the anchor is the degraded face's own vector."""
    if reference_vectors.shape[1] == 0:
        return degraded_vector
    rows = zip(reference_vectors, reference_norms, degraded_vector, degraded_quality, strict=True)
    return torch.stack(
        [
            pool_anchor(
                list(vectors), norms.tolist(), rule=rule, temperature=temperature, own=OwnFace(own, float(quality))
            )
            for vectors, norms, own, quality in rows
        ]
    )
