"""How good a grouping is: BCubed, pairwise, and what it costs a human to put right."""

from dataclasses import dataclass

import numpy as np

HEADER = f"{'':28s} BCubed P     R     F    pair P     R     F   moves merges"


@dataclass(frozen=True)
class Score:
    """`moves`: faces that are not in a cluster mostly of their person, each dragged out by hand. `merges`: clusters
    too many per person after that, each merged by hand. Label -1 is a cluster of its own."""

    bcubed_p: float
    bcubed_r: float
    bcubed_f: float
    pair_p: float
    pair_r: float
    pair_f: float
    moves: int
    merges: int

    def line(self, name: str) -> str:
        b = f"{self.bcubed_p:8.4f} {self.bcubed_r:.4f} {self.bcubed_f:.4f}"
        return f"{name:28s} {b}  {self.pair_p:.4f} {self.pair_r:.4f} {self.pair_f:.4f} {self.moves:6d} {self.merges:6d}"


def score(truth: np.ndarray, labels: np.ndarray) -> Score:
    """Compare labels (N,) with the people (N,); both any integers, -1 in `labels` meaning nobody."""
    labels = np.where(labels < 0, labels.max(initial=0) + 1 + np.arange(len(labels)), labels)
    _, t = np.unique(truth, return_inverse=True)
    _, p = np.unique(labels, return_inverse=True)
    of_person, of_cluster = np.bincount(t), np.bincount(p)
    cells, cell_of, counts = np.unique(p * len(of_person) + t, return_inverse=True, return_counts=True)
    bp = float((counts[cell_of] / of_cluster[p]).mean())
    br = float((counts[cell_of] / of_person[t]).mean())
    shared, grouped, real = _pairs(counts), _pairs(of_cluster), _pairs(of_person)
    pp, pr = (shared / grouped if grouped else 1.0), (shared / real if real else 1.0)
    order = np.lexsort((-counts, cells // len(of_person)))
    clusters, first = np.unique(cells[order] // len(of_person), return_index=True)
    owner = cells[order][first] % len(of_person)
    moves = len(labels) - int(counts[order][first].sum())
    return Score(bp, br, _f(bp, br), pp, pr, _f(pp, pr), moves, len(clusters) - len(np.unique(owner)))


def _pairs(counts: np.ndarray) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _f(p: float, r: float) -> float:
    return 2 * p * r / (p + r) if p + r else 0.0
