"""Faces or people as points of a plane: who is alike lies close together, as far as two dimensions can say it."""

import numpy as np

from iconface_core.types import F32


def plane(vectors: F32) -> F32:
    """Points (n, 2) around (0, 0) whose distances are as near as may be to those of `vectors` (n, d), which are of unit
    length. Classical scaling (Torgerson 1952): the two directions in which they differ most. The same for any order of
    the rows. The sum of cubes is at least 0 along each axis, so that a map does not turn over when a point joins it."""
    out: F32 = np.zeros((len(vectors), 2), np.float32)
    if len(vectors) < 2:
        return out
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, spread, _ = np.linalg.svd(centred, full_matrices=False)
    found = left[:, :2] * spread[:2]
    out[:, : found.shape[1]] = found * np.where((found**3).sum(axis=0) < 0, -1.0, 1.0)
    return out
