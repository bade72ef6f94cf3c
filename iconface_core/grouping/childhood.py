"""What small children have in common left out, so that grouping compares who they are.

To an embedder that learned from adults all babies are much alike: two of different families as much as two photos of
one adult in poor light. How old a face looks says when that is to be expected (`AgeReader`), and what faces of its age
share is taken away in that proportion. Adults stay as they are. Numbers: docs/benchmarks/grouping.md.
"""

import numpy as np

from iconface_core.ages import AGES
from iconface_core.protocols import AgeReader
from iconface_core.types import F32

SMALL_CHILD = 8.0
"""Years up to which the embedder takes children of different families for one another (docs/benchmarks/grouping.md)."""
_SOFT = 2.0  # years: half of it is taken from a face that surely looks 8, next to nothing above 16
_CHILDHOOD: F32 = (1 / (1 + np.exp((AGES - SMALL_CHILD) / _SOFT))).astype(np.float32)
_LEAST = 0.01  # below, nothing that anybody could measure changes
_BLOCK = 8192  # faces whose ages are held at once


def looks(ages: AgeReader, vectors: F32) -> F32:
    """How old faces (N, dim) look: the probability of each of `AGES`, (N, 101)."""
    return np.stack([age.probabilities for age in ages.ages(vectors)])


def leave_out_childhood(vectors: F32, ages: AgeReader) -> None:
    """Change unit vectors (N, dim) in place, and leave them of unit length: a million faces are not held twice."""
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        share = looks(ages, block) @ _CHILDHOOD
        young = np.flatnonzero(share > _LEAST)
        if len(young):
            weight, old = share[young, None], block[young]
            mixed = (1 - weight) * old + weight * ages.without_age(old)
            block[young] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)
