"""People change: link clusters of one person that look alike only where their times meet.

A child at 2 and at 18 are two clusters, and their mean similarity says "strangers". Where capture dates are known,
clusters are compared only where they come closest in time: the same years if they overlap, else neighbouring ones. A
brother is then compared at the same moment, where he differs; a chain of years is followed, where likeness lasts.
"""

from collections import defaultdict

import numpy as np

from iconface_core.types import I64

from .constraints import Constraints
from .evidence import F64, MeanLinkage
from .graph import similar_pairs
from .linkage import agglomerate
from .search import exact_search
from .types import FaceTable

_SPAN = 730  # days: a face changes little in two years, even a child's
_MIN_FACES = 2  # per span: one face is too little to tie two lives together
_MOST = 50_000  # periods compared with one another; beyond, those with most faces


class TimeLinkage:
    """A `Linkage` over clusters that knows their periods. Clusters are named by their roots."""

    def __init__(self, faces: FaceTable, roots: I64, rows: I64, linkage: MeanLinkage) -> None:
        """`linkage` holds single faces still; it is consumed to hold one cluster per (root, period)."""
        self._linkage = linkage
        self.periods: defaultdict[int, dict[int, int]] = defaultdict(dict)
        key = roots[rows] * 100_000 + faces.captured_day[rows] // _SPAN
        order = np.argsort(key, kind="stable")
        names, starts, counts = np.unique(key[order], return_index=True, return_counts=True)
        first = rows[order][starts]
        for step in range(1, int(counts.max(initial=0))):  # the i-th face of every period at once
            more = counts > step
            linkage.absorb(first[more], rows[order][starts[more] + step])
        for name, row, count in zip(names.tolist(), first.tolist(), counts.tolist(), strict=True):
            if count >= _MIN_FACES:
                self.periods[name // 100_000][name % 100_000] = row
        self.sizes = dict(zip(first.tolist(), counts.tolist(), strict=True))

    def evidence(self, a: I64, b: I64) -> F64:
        """Mean evidence over the pairs of periods that are nearest in time; -inf where more than one period apart."""
        out = np.full(len(a), -np.inf)
        left, right, owner = [], [], []
        for i, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            theirs = self.periods[y]
            for shift in (0, 1):
                pairs = [
                    (r, theirs[p + d]) for p, r in self.periods[x].items() for d in {shift, -shift} if p + d in theirs
                ]
                if pairs:
                    left += [p for p, _ in pairs]
                    right += [q for _, q in pairs]
                    owner += [i] * len(pairs)
                    break
        if owner:
            ratio = self._linkage.evidence(np.array(left), np.array(right))
            count = np.bincount(owner, minlength=len(a))
            total = np.bincount(owner, ratio, minlength=len(a))
            out[count > 0] = total[count > 0] / count[count > 0]
        return out

    def absorb(self, a: I64, b: I64) -> None:
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            mine = self.periods[x]
            for period, row in self.periods.pop(y, {}).items():
                if period in mine:
                    self._linkage.absorb(np.array([mine[period]]), np.array([row]))
                else:
                    mine[period] = row


def join_over_time(
    faces: FaceTable, roots: I64, linkage: MeanLinkage, constraints: Constraints, *, join: float, floor: float
) -> I64:
    """New roots (N,) after linking clusters whose faces carry dates. `linkage` must be fresh and is consumed."""
    sizes = np.bincount(roots, minlength=len(roots))
    rows = np.flatnonzero((faces.captured_day >= 0) & (sizes[roots] >= _MIN_FACES))
    over_time = TimeLinkage(faces, roots, rows, linkage)
    reps = np.array([r for periods in over_time.periods.values() for r in periods.values()], np.int64)
    if len(reps) < 2:
        return roots
    reps = reps[np.argsort([-over_time.sizes[r] for r in reps.tolist()], kind="stable")][:_MOST]
    means = linkage.directions(reps)
    a, b, _ = similar_pairs(reps, means, exact_search(reps, means), 32, floor)
    a, b = roots[reps[a]], roots[reps[b]]
    merged = agglomerate(over_time, constraints, len(roots), a, b, join=join, ask=join)
    return merged.roots[roots]
