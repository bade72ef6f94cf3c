"""All neighbours at once: what the codes may miss, and what they may not."""

import numpy as np
import pytest

from gallery_db.vectors import all_neighbours
from gallery_db.vectors.memory import MemoryStore
from iconface_core.faces.sface_facts import CALIBRATION
from iconface_core.grouping import FaceTable, GroupingFacts, regroup

N, DIM, K = 3_000, 64, 12


@pytest.fixture(scope="module")
def library():
    """Hard ones: people of about 20 faces that are .56 alike on average, but for some who are much less; and a
    direction that all faces share. Ids (N,), vectors (N, DIM), people (N,)."""
    rng = np.random.default_rng(1)
    person = rng.integers(0, N // 20, N)
    alike = np.clip(rng.normal(0.56, 0.13, (N, 1)), 0.1, 0.95)
    means, noise = unit(rng.standard_normal((N // 20, DIM))), unit(rng.standard_normal((N, DIM)))
    vectors = np.sqrt(alike) * means[person] + np.sqrt(1 - alike) * noise + 0.45 * unit(rng.standard_normal(DIM))
    return rng.permutation(10 * N)[:N].astype(np.int64), unit(vectors).astype(np.float32), person


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def truth(library):
    ids, vectors, _ = library
    store = MemoryStore(DIM)
    store.add(ids, vectors)
    return store.search(vectors, K)


def test_few_faces_are_searched_exactly(library, truth):
    ids, vectors, _ = library
    found, similarities = all_neighbours(ids, vectors)(vectors, K)
    assert np.allclose(similarities, truth[1], atol=1e-6)
    assert np.mean(found == truth[0]) > 0.999  # equal similarities may change places


def test_codes_miss_next_to_nothing_and_similarities_stay_exact(library, truth):
    ids, vectors, person = library
    found, similarities = all_neighbours(ids, vectors, exact_up_to=0)(vectors, K)
    seen = np.array([np.isin(t, f) for t, f in zip(truth[0], found, strict=True)])
    own = person[np.argsort(ids)[np.searchsorted(np.sort(ids), truth[0])]] == person[:, None]
    assert seen[:, :2].mean() > 0.9995  # the face itself and its best match
    assert seen[own].mean() > 0.995
    row = {int(i): r for r, i in enumerate(ids)}
    for q in range(0, N, 500):
        there = vectors[[row[int(i)] for i in found[q]]]
        assert np.allclose(similarities[q], there @ vectors[q], atol=1e-6)
        assert np.all(np.diff(similarities[q]) <= 0)


def test_answers_do_not_depend_on_the_order_of_faces_or_queries(library):
    ids, vectors, _ = library
    some = np.random.default_rng(2).permutation(N)
    ours, _ = all_neighbours(ids, vectors, exact_up_to=0)(vectors, K)
    shuffled, _ = all_neighbours(ids[some], vectors[some], exact_up_to=0)(vectors[some], K)
    assert np.array_equal(ours[some], shuffled)


@pytest.mark.parametrize("dim", [7, 260])
def test_any_width_of_vectors_is_searched(dim):
    vectors = unit(np.random.default_rng(3).standard_normal((900, dim))).astype(np.float32)
    found, similarities = all_neighbours(np.arange(900), vectors, exact_up_to=0)(vectors[:40], 1000)
    assert np.array_equal(found[:, 0], np.arange(40))
    assert np.all(found[:, 900:] == -1)
    assert np.all(similarities[:, 900:] == -1)


def test_grouping_comes_out_as_with_exact_search(library):
    ids, vectors, _ = library
    nobody = np.full(N, -1)
    faces = FaceTable(ids, ids, vectors, np.ones(N, np.float32), nobody, nobody, np.zeros(N, bool), nobody)

    def labels(exact_up_to: int):
        search = all_neighbours(ids, vectors, exact_up_to=exact_up_to)
        return regroup(faces, GroupingFacts(), CALIBRATION, search=search).labels

    ours, exact = labels(0), labels(N)
    names: dict[int, int] = {}  # the labels' numbers may differ, whom they put together may not
    differ = sum(names.setdefault(e, o) != o for e, o in zip(exact.tolist(), ours.tolist(), strict=True))
    assert differ <= N // 1000
