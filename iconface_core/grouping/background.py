"""What a library is like as a whole: how much alike strangers are in it, how many people, which faces are bursts.

Two things about a library change what a similarity means, and both are measured from the faces themselves: every
embedder has a common direction that lifts all similarities, and the more people there are, the more strangers look
alike by chance. With few people the measurement fades to "nothing known".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iconface_core.calibration import Calibration
from iconface_core.types import F32, I64

_TRUSTED_AT = 200.0  # people at which half of the measured common direction is believed
_EXPECTED = 200.0  # people a library is expected to have before any is seen: a tiny one gets no licence to guess
_DISCOUNT = 0.7  # a calibration linear in similarity understates the rare strong pairs, so the prior counts less
COPY_SIMILARITY = 0.985
"""More alike than this are two copies of one picture of a face, saved again at most: one face, counted once."""
BURST_SIMILARITY = 0.97  # more alike than this is one moment photographed twice, not a second opinion


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What all faces of a library share. `mean` (d,) is the direction common to its people, each counted once and
    shrunk towards zero when they are few; `people` estimates how many there are (>= 1)."""

    mean: F32
    people: float

    @classmethod
    def unknown(cls, dim: int, people: float = 1000.0) -> "Background":
        """Assume a large library and no common direction: careful, until a full pass has measured it."""
        return cls(np.zeros(dim, np.float32), people)

    @property
    def log_prior(self) -> float:
        """Log-odds that two faces taken at random are of one person, on the scale of the calibration."""
        return -_DISCOUNT * float(np.log(self.people + _EXPECTED))

    @property
    def lift(self) -> float:
        """The similarity two unrelated faces have because of `mean`."""
        return float(self.mean @ self.mean)

    def centred(self, vectors: F32) -> F32:
        """`vectors` (N, d) without the common direction, unit length again."""
        out: F32 = vectors - self.mean
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
        return out


def rough_groups(n: int, a: I64, b: I64, similarity: F32, calibration: Calibration) -> I64:
    """Connected components of obvious pairs, labels (n,): good enough to count people, too rough to name them."""
    from scipy.sparse import coo_matrix  # a ninth of what starting any command takes, for those that group
    from scipy.sparse.csgraph import connected_components

    obvious = similarity >= calibration.similarity_at(np.log(max(n, 2)) / 2, 1.0)
    pairs = coo_matrix((np.ones(int(obvious.sum()), np.int8), (a[obvious], b[obvious])), shape=(n, n))
    labels: I64 = connected_components(pairs, directed=False)[1].astype(np.int64)
    return labels


def measure_background(vectors: F32, groups: I64) -> Background:
    """Count each group once, however many photos it has."""
    sizes = np.bincount(groups)
    weights = (1.0 / sizes[groups]).astype(np.float32)
    people = float(len(sizes))
    return Background((weights @ vectors / np.float32(people + _TRUSTED_AT)).astype(np.float32), people)


def burst_weights(n: int, a: I64, b: I64, near: NDArray[np.bool_]) -> F32:
    """Weight (n,) of each face so that a burst of near-duplicates, or the copies of a picture, count about once.
    `near`: which of the pairs of faces `a`, `b` are one."""
    copies = 1.0 + np.bincount(a[near], minlength=n) + np.bincount(b[near], minlength=n)
    return (1.0 / copies).astype(np.float32)
