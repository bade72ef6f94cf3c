"""What all embedders share: crops to one array, raw outputs to `FaceEmbedding`."""

from collections.abc import Sequence

import numpy as np

from iconface_core.errors import WeightsError
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import F32, AlignedFace, EmbedderId, FaceEmbedding, RgbU8


def stacked(faces: Sequence[AlignedFace]) -> RgbU8:
    """ARCFACE_112 crops as (N, 112, 112, 3) uint8. Raises ValueError for any other shape."""
    expected = (ARCFACE_112.size, ARCFACE_112.size, 3)
    for face in faces:
        if face.pixels.shape != expected:
            raise ValueError(f"an embedder needs ARCFACE_112 crops of shape {expected}, got {face.pixels.shape}")
    return np.stack([face.pixels for face in faces])


def normalised(embedder: EmbedderId, raw: F32) -> list[FaceEmbedding]:
    """Split network outputs (N, dim) into directions and norms.

    Raises WeightsError when an output is not finite or has no direction: only a broken model file does that.
    """
    norms = np.linalg.norm(raw, axis=1)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise WeightsError(
            f"{embedder}: the model answered without a direction; its file is damaged. Install it again."
        )
    return [
        FaceEmbedding(embedder, (vector / norm).astype(np.float32), float(norm))
        for vector, norm in zip(raw, norms, strict=True)
    ]
