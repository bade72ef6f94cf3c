"""The parts of grouping against slow, obvious versions of themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconface_core.calibration import Calibration
from iconface_core.grouping import Background, FaceTable, GroupingFacts, exact_search
from iconface_core.grouping.constraints import Constraints
from iconface_core.grouping.evidence import MeanLinkage
from iconface_core.grouping.graph import similar_pairs
from iconface_core.grouping.linkage import agglomerate
from iconface_core.grouping.search import cell_search
from iconface_core.types import EmbedderId

CALIBRATION = Calibration(EmbedderId("test"), 0.0, 1.0, bias=-8.0, slope=20.0)


def vectors_of(seed: int, n: int, people: int, dim: int = 16) -> np.ndarray:
    rng = np.random.default_rng(seed)
    v = rng.standard_normal((people, dim))[rng.integers(0, people, n)] + 0.6 * rng.standard_normal((n, dim))
    return (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)


def unconstrained(n: int) -> Constraints:
    ids, nobody = np.arange(n), np.full(n, -1)
    vectors, qualities = np.zeros((n, 1), np.float32), np.ones(n, np.float32)
    faces = FaceTable(ids, ids, vectors, qualities, nobody, nobody, np.zeros(n, bool), nobody)
    return Constraints(faces, GroupingFacts(), nobody)


class PlainAverage:
    """Average linkage from all pairs, no summaries."""

    def __init__(self, similarity: np.ndarray) -> None:
        self.similarity, self.members = similarity, {i: [i] for i in range(len(similarity))}

    def evidence(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return np.array([self.similarity[np.ix_(self.members[x], self.members[y])].mean() for x, y in pairs])

    def absorb(self, a: np.ndarray, b: np.ndarray) -> None:
        for x, y in zip(a.tolist(), b.tolist(), strict=True):
            self.members[x] += self.members.pop(y)


def greedy(similarity: np.ndarray, join: float) -> set[frozenset[int]]:
    """The definition: merge the best pair of all, again and again."""
    groups = [[i] for i in range(len(similarity))]
    while len(groups) > 1:
        best, x, y = max(
            (similarity[np.ix_(p, q)].mean(), i, j) for i, p in enumerate(groups) for j, q in enumerate(groups[:i])
        )
        if best < join:
            break
        groups[y] += groups.pop(x)
    return {frozenset(g) for g in groups}


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 25), st.floats(0.1, 0.9))
def test_rounds_of_mutual_best_pairs_are_greedy_average_linkage(seed: int, n: int, join: float) -> None:
    v = vectors_of(seed, n, 5).astype(np.float64)
    similarity = v @ v.T
    a, b = np.triu_indices(n, 1)
    merged = agglomerate(PlainAverage(similarity), unconstrained(n), n, a, b, join=join, ask=join)
    found = {frozenset(np.flatnonzero(merged.roots == r).tolist()) for r in set(merged.roots.tolist())}
    assert found == greedy(similarity, join)


def test_single_faces_get_the_calibrated_evidence() -> None:
    v = vectors_of(0, 6, 2)
    quality = np.linspace(0.2, 1.0, 6).astype(np.float32)
    calibration = Calibration(EmbedderId("test"), 0.0, 1.0, -8.0, 20.0, -2.0, 3.0)
    background = Background.unknown(v.shape[1], 70.0)
    linkage = MeanLinkage(v, np.ones(6, np.float32), quality, background, calibration)
    a, b = np.triu_indices(6, 1)
    expected = calibration.llr((v @ v.T)[a, b], quality[a], quality[b]) + background.log_prior
    np.testing.assert_allclose(linkage.evidence(a, b), expected, rtol=1e-4, atol=1e-4)


def test_evidence_inside_a_cluster_leaves_the_face_out() -> None:
    v = vectors_of(1, 5, 1)
    ones = np.ones(5, np.float32)
    whole = MeanLinkage(v, ones, ones, Background.unknown(16), CALIBRATION)
    rest = MeanLinkage(v, ones, ones, Background.unknown(16), CALIBRATION)
    for b in range(1, 5):
        whole.absorb(np.array([0]), np.array([b]))
        if b != 3:
            rest.absorb(np.array([0]), np.array([b]))
    inside = whole.face_evidence(np.array([3]), v, np.array([0]), inside=True)
    np.testing.assert_allclose(inside, rest.face_evidence(np.array([3]), v, np.array([0]), inside=False), rtol=1e-4)


def test_background_is_believed_only_with_many_people() -> None:
    rng = np.random.default_rng(0)
    common = np.ones(16, np.float32) / 4
    few, many = (rng.standard_normal((n, 16)).astype(np.float32) / 4 + common for n in (5, 5000))
    from iconface_core.grouping.background import measure_background

    few, many = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (few, many))
    assert measure_background(few, np.arange(5)).lift < 0.01
    assert measure_background(many, np.arange(5000)).lift == pytest.approx(float((many @ many.T).mean()), abs=0.05)


@pytest.mark.parametrize("search", [exact_search, cell_search])
def test_searches_return_themselves_first_and_descend(search) -> None:
    v = vectors_of(2, 900, 60, 32)
    ids = np.arange(900) * 3 + 5
    found, similarity = search(ids, v)(v, 6)
    assert (found[:, 0] == ids).all()
    assert (np.diff(similarity, axis=1) <= 0).all()
    np.testing.assert_allclose(similarity[:, 1], np.einsum("ij,ij->i", v, v[(found[:, 1] - 5) // 3]), atol=1e-5)


def test_cells_find_almost_all_neighbours() -> None:
    v = vectors_of(3, 3000, 200, 32)
    ids = np.arange(3000)
    exact, _ = exact_search(ids, v)(v, 10)
    cells, _ = cell_search(ids, v)(v, 10)
    recall = np.mean([len(set(x) & set(y)) / 10 for x, y in zip(exact.tolist(), cells.tolist(), strict=True)])
    assert recall > 0.9


def test_more_neighbours_than_faces_are_padded() -> None:
    v = vectors_of(4, 3, 2)
    found, similarity = exact_search(np.array([9, 8, 7]), v)(v, 5)
    assert (found[:, 3:] == -1).all()
    assert (similarity[:, 3:] == -1).all()


def test_pairs_come_once_and_unknown_ids_are_left_out() -> None:
    v = vectors_of(5, 40, 4)
    ids = np.arange(40)
    elsewhere = exact_search(np.arange(60), np.vstack([v, v[:20]]))  # the index knows faces we do not group
    a, b, similarity = similar_pairs(ids, v, elsewhere, 8, 0.5)
    assert (a < b).all()
    assert len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(a)
    assert (similarity >= 0.5).all()
