"""Constrained agglomeration of a sparse graph: merge mutual best neighbours, round by round, until nothing is left.

Merging every mutual best pair of a round gives the tree that merging the globally best pair each time gives (average
linkage is reducible), needs no heap, and depends on values alone: shuffle the nodes and the same faces end up together.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iconface_core.types import I64

from .constraints import Constraints
from .graph import distinct

F64 = NDArray[np.float64]


class Linkage(Protocol):
    """Evidence between clusters, kept up to date while they merge. A cluster is named by one of its nodes."""

    def evidence(self, a: I64, b: I64) -> F64:
        """Evidence that the clusters `a[i]` and `b[i]` are one person, natural log, prior included."""
        ...

    def absorb(self, a: I64, b: I64) -> None:
        """Add the clusters `b` to the clusters `a`; all of them distinct."""
        ...


class Merged:
    """What is left: `roots` (N,) names each node's cluster; (`a`, `b`, `evidence`) are the pairs worth a question."""

    def __init__(self, roots: I64, a: I64, b: I64, evidence: F64) -> None:
        self.roots, self.a, self.b, self.evidence = roots, a, b, evidence


def agglomerate(
    linkage: Linkage, constraints: Constraints, n: int, a: I64, b: I64, *, join: float, ask: float
) -> Merged:
    """Merge nodes 0..n-1 along the candidate pairs (`a`, `b`) while evidence reaches `join` and nothing forbids it.

    Pairs below `ask` (<= `join`) are forgotten: under average linkage they cannot rise again by merging.
    """
    parent = np.arange(n)
    refused: list[I64] = []
    a, b = np.minimum(a, b)[a != b], np.maximum(a, b)[a != b]
    score = linkage.evidence(a, b)
    kept = score >= ask
    a, b, score = a[kept], b[kept], score[kept]
    target = np.arange(n)
    best = np.full(n, -np.inf)
    while True:
        best[a] = best[b] = -np.inf
        np.maximum.at(best, a, score)
        np.maximum.at(best, b, score)
        mutual = np.flatnonzero((score >= join) & (score == best[a]) & (score == best[b]))
        if not len(mutual):
            break
        mutual = mutual[np.lexsort((b[mutual], a[mutual], -score[mutual]))]
        accepted, forbidden = _select(constraints, a[mutual].tolist(), b[mutual].tolist())
        winners, losers = a[mutual[accepted]], b[mutual[accepted]]
        linkage.absorb(winners, losers)
        parent[losers] = winners
        target[losers] = winners
        alive = np.ones(len(a), bool)
        alive[mutual[forbidden]] = False
        refused.append(np.stack([a[mutual[forbidden]], b[mutual[forbidden]]]))
        touched = np.zeros(n, bool)
        touched[winners] = touched[losers] = True
        renewed = alive & (touched[a] | touched[b])
        alive &= ~renewed
        x, y = target[a[renewed]], target[b[renewed]]
        key = distinct(np.minimum(x, y)[x != y] * n + np.maximum(x, y)[x != y])
        x, y = key // n, key % n
        fresh = linkage.evidence(x, y)
        kept = fresh >= ask
        a = np.concatenate([a[alive], x[kept]])
        b = np.concatenate([b[alive], y[kept]])
        score = np.concatenate([score[alive], fresh[kept]])
    while not np.array_equal(parent, parent[parent]):
        parent = parent[parent]
    return _open_pairs(linkage, constraints, parent, np.hstack([np.stack([a, b]), *refused]), ask)


def _open_pairs(linkage: Linkage, constraints: Constraints, roots: I64, pairs: I64, ask: float) -> Merged:
    """The pairs of final clusters, once each, that reach `ask` and that no fact tells apart."""
    a, b = np.sort(roots[pairs], axis=0)
    key = np.unique((a * len(roots) + b)[a != b])
    key = np.array([k for k in key.tolist() if constraints.conceivable(*divmod(k, len(roots)))], np.int64)
    a, b = key // len(roots), key % len(roots)
    evidence = linkage.evidence(a, b)
    kept = evidence >= ask
    return Merged(roots, a[kept], b[kept], evidence[kept])


def _select(constraints: Constraints, a: Sequence[int], b: Sequence[int]) -> tuple[list[int], list[int]]:
    """Which of the pairs, best first, merge in this round, and which may never. A cluster (or person) merges once."""
    accepted: list[int] = []
    forbidden: list[int] = []
    used: set[int] = set()
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        owners = constraints.owner(x), constraints.owner(y)
        if used.intersection(owners):
            continue
        if not constraints.allowed(x, y):
            forbidden.append(i)
            continue
        used.update(owners)
        accepted.append(i)
        constraints.absorb(x, y)
    return accepted, forbidden
