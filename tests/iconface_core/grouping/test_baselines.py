"""The benchmark's own measures and baselines: a wrong yardstick would flatter us."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[3]))  # benchmarks are not installed

from benchmarks.clustering_baselines import (
    average_linkage_tree,
    chinese_whispers,
    cut_tree,
    dbscan,
    hdbscan,
    immich,
    similarity_graph,
)
from benchmarks.clustering_scores import score
from benchmarks.family import FamilyOptions, make_family, violations


def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), 8)
    v = np.eye(16)[truth] + 0.3 * rng.standard_normal((48, 16)) / 4
    return (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32), truth


def test_scores_by_hand() -> None:
    found = score(np.array([0, 0, 0, 1]), np.array([5, 5, -1, 5]))
    assert found.bcubed_p == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3) / 4)
    assert found.bcubed_r == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.pair_p == pytest.approx(1 / 3)
    assert found.pair_r == pytest.approx(1 / 3)
    assert (found.moves, found.merges) == (1, 1)


def test_a_perfect_grouping_costs_nothing() -> None:
    truth = np.array([3, 3, 9, 9, 9])
    perfect = score(truth, np.array([1, 1, 0, 0, 0]))
    assert (perfect.bcubed_f, perfect.pair_f, perfect.moves, perfect.merges) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    "rule",
    [
        lambda v: immich(similarity_graph(v, 0.2), 0.5, 3),
        lambda v: dbscan(similarity_graph(v, 0.2), 0.5, 3),
        lambda v: chinese_whispers(similarity_graph(v, 0.2), 0.5),
        lambda v: hdbscan(v, 3, 2),
        lambda v: cut_tree(average_linkage_tree(v), 0.5),
    ],
    ids=["immich", "dbscan", "chinese whispers", "hdbscan", "average linkage"],
)
def test_every_baseline_solves_an_easy_case(rule) -> None:
    v, truth = blobs()
    assert score(truth, rule(v)).bcubed_f > 0.99


def test_immich_defers_below_min_faces_and_retries_once() -> None:
    v = np.eye(4, dtype=np.float32)[[0, 0, 1, 0]]
    assert immich(similarity_graph(v, 0.1), 0.5, 3).tolist() == [0, 0, -1, 0]


def test_the_family_is_what_it_says() -> None:
    faces, truth = make_family(FamilyOptions(families=1, events_per_year=4, strangers=20))
    assert violations(faces, truth) == 0
    assert violations(faces, np.zeros(len(faces), np.int64)) > 0
    vectors, (twin, other) = faces.vectors, (6, 7)
    together = set(faces.photo_ids[truth == twin]) & set(faces.photo_ids[truth == other])
    assert together
    alike = (vectors[truth == twin] @ vectors[truth == other].T).mean()
    apart = (vectors[truth == 0] @ vectors[truth == 1].T).mean()
    assert alike > apart + 0.25
