"""How strongly vectors speak for one person: calibrated similarity of cluster means, the background removed."""

import numpy as np
from numpy.typing import NDArray

from iconface_core.calibration import Calibration
from iconface_core.types import F32, I64

from .background import Background

F64 = NDArray[np.float64]
_SIZE = 0.25  # evidence per factor e in size: a big cluster is a surer picture, so a stray face needs a little less
_KNOWN_WELL = 50.0  # faces beyond which a picture gets no surer
_CHUNK = 1 << 16  # numbers gathered at once: they stay in the nearest caches, a third of the time of 64 MB


class MeanLinkage:
    """Average linkage over calibrated similarity, with cluster means sharpened half way to their directions.

    The mean similarity of two clusters falls with their inner spread although a mean of many faces is a *better*
    picture of a person than one face; the cosine of the means ignores the spread. Their geometric mean was best.
    """

    def __init__(
        self, vectors: F32, weights: F32, qualities: F32, background: Background, calibration: Calibration
    ) -> None:
        """Nodes are the rows of `vectors` (N, d), unit length; `weights` and `qualities` are (N,)."""
        self._background = background
        self._calibration = calibration
        self._face_weight, self._face_quality = weights.astype(np.float64), qualities.astype(np.float64)
        self._sums = background.centred(vectors)
        self._sums *= weights[:, None]
        self._weight = self._face_weight.copy()
        self._length = self._face_weight.copy()
        self._quality = self._face_weight * qualities

    def evidence(self, a: I64, b: I64) -> F64:
        """Evidence that clusters are one person, pair by pair: log-likelihood ratio plus prior."""
        products = np.empty(len(a))
        step = max(1, _CHUNK // self._sums.shape[1])
        for start in range(0, len(a), step):
            rows = slice(start, start + step)
            products[rows] = np.einsum("ij,ij->i", self._sums[a[rows]], self._sums[b[rows]])
        spread = self._length[a] * self._weight[a] * self._length[b] * self._weight[b]
        quality_a, quality_b = self._quality[a] / self._weight[a], self._quality[b] / self._weight[b]
        ratio = self._ratio(products / np.sqrt(np.maximum(spread, 1e-12)), quality_a, quality_b)
        size_a, size_b = np.minimum(self._weight[a], _KNOWN_WELL), np.minimum(self._weight[b], _KNOWN_WELL)
        return np.asarray(ratio + _SIZE * np.abs(np.log(size_a / size_b)), np.float64)

    def absorb(self, a: I64, b: I64) -> None:
        """Add the clusters `b` to the clusters `a`."""
        self._sums[a] += self._sums[b]
        self._weight[a] += self._weight[b]
        self._quality[a] += self._quality[b]
        self._length[a] = np.linalg.norm(self._sums[a], axis=1)

    def directions(self, clusters: I64) -> F32:
        """Unit means (n, d) of clusters, background removed."""
        sums = self._sums[clusters]
        means: F32 = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return means

    def face_evidence(self, rows: I64, vectors: F32, clusters: I64, *, inside: bool) -> F64:
        """Evidence that the faces `rows` of all `vectors` (N, d) belong to `clusters`. With `inside` they are members
        already, and each is compared with the others only."""
        similarity, others = np.empty(len(rows)), np.empty(len(rows))
        step = max(1, _CHUNK // self._sums.shape[1])
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            row, cluster = rows[part], clusters[part]
            centred = self._background.centred(vectors[row])
            own = self._face_weight[row] if inside else np.zeros(len(row))
            sums = self._sums[cluster] - centred * own[:, None].astype(np.float32)
            weight = np.maximum(self._weight[cluster] - own, 1e-12)
            quality = (self._quality[cluster] - own * self._face_quality[row]) / weight
            spread = np.sqrt(np.maximum(weight * np.linalg.norm(sums, axis=1), 1e-12))
            similarity[part] = np.einsum("ij,ij->i", centred, sums) / spread
            others[part] = quality
        return self._ratio(similarity, others, self._face_quality[rows])

    def _ratio(self, centred_similarity: F64, quality_a: F64, quality_b: F64) -> F64:
        similarity = self._background.lift + (1 - self._background.lift) * centred_similarity
        # Uncapped: the cap would make all good pairs equal, and the best must merge first.
        ratio = self._calibration.uncapped(similarity, quality_a, quality_b)
        return np.asarray(ratio + self._background.log_prior, np.float64)
