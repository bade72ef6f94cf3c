"""Faces or people as points of a plane: who is alike lies close together, as far as two dimensions can say it."""

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import F32

ROUNDS = 200
"""A third direction with 97 % of the scatter of the second leaves 2 in 1,000 by then."""


def plane(vectors: F32) -> F32:
    """Points (n, 2) around (0, 0) whose distances are as near as may be to those of `vectors` (n, d), which are of unit
    length. Classical scaling (Torgerson 1952): the two directions in which they differ most. The same for any order of
    the rows. The sum of cubes is at least 0 along each axis, so that a map does not turn over when a point joins it."""
    out: F32 = np.zeros((len(vectors), 2), np.float32)
    if len(vectors) < 2:
        return out
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    found = centred @ _widest(np.einsum("ni,nj->ij", centred, centred))
    out[:] = found * np.where((found**3).sum(axis=0) < 0, -1.0, 1.0)
    return out


def _widest(scatter: NDArray[np.float64]) -> NDArray[np.float64]:
    """The two directions (d, 2) of most scatter (d, d), the most first, by subspace iteration. A decomposition of all
    of it starts the threads of LAPACK, which took ten times the processor time of the page that shows the result."""
    axes = scatter[:, np.argsort(-np.diag(scatter), kind="stable")[:2]]
    for _ in range(ROUNDS):
        axes = np.linalg.qr(np.einsum("ij,jk->ik", scatter, axes))[0]
    _, turn = np.linalg.eigh(axes.T @ np.einsum("ij,jk->ik", scatter, axes))
    turned: NDArray[np.float64] = axes @ turn[:, ::-1]
    return turned
