"""The identity anchor of a batch (method Eq. 3, and our adaptive form of it)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


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
    -> anchors (B, dim).

    "paper": the norm-weighted mean of the references; without any, the degraded face itself. "adaptive": the degraded
    face joins the mean with weight `quality`: one that still tells who it is counts like all references together, a
    hopeless one not at all, and then both rules agree exactly.
    """
    if reference_vectors.shape[1] == 0:
        return degraded_vector
    weights = torch.softmax(reference_norms.log() / temperature, dim=1)
    mean = functional.normalize((weights[..., None] * reference_vectors).sum(1), dim=1)
    if rule == "paper":
        return mean
    quality = degraded_quality.clamp(0, 1)[:, None]
    return functional.normalize(mean + quality * degraded_vector, dim=1)
