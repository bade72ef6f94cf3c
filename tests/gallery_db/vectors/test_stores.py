import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery_db.vectors.base import VectorStore
from gallery_db.vectors.faiss_flat import FaissFlatStore
from gallery_db.vectors.faiss_ivf import FaissIvfStore
from gallery_db.vectors.memory import MemoryStore
from tests.gallery_db.factories import DIM, unit

OPS = st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.lists(st.integers(0, 12), max_size=6)), max_size=12)


def vectors(ids, salt: int = 0):
    return np.stack([unit(1000 * i + salt) for i in ids])


def ivf() -> FaissIvfStore:
    """Few lists, all probed: exact up to the 8 bits of each component."""
    return FaissIvfStore.train(vectors(range(200)))


@pytest.mark.parametrize(("make", "tolerance"), [(lambda: FaissFlatStore(DIM), 1e-6), (ivf, 0.03)], ids=["flat", "ivf"])
def test_agrees_with_brute_force(make, tolerance):
    @settings(max_examples=60)
    @given(ops=OPS)
    def law(ops):
        store, truth = make(), MemoryStore(DIM)
        for salt, (op, ids) in enumerate(ops):
            a = np.array(ids, np.int64)
            for s in (store, truth):
                if op == "add" and ids:
                    s.add(a, vectors(ids, salt))
                elif op == "remove":
                    s.remove(a)
        assert len(store) == len(truth)
        query = vectors([99])
        got_ids, got = store.search(query, 5)
        want_ids, want = truth.search(query, 5)
        assert np.allclose(got, want, atol=tolerance)
        if tolerance < 1e-3:
            assert got_ids.tolist() == want_ids.tolist()
        assert (got_ids >= 0).sum() == min(5, len(truth))

    law()


STORES = [FaissFlatStore(DIM), MemoryStore(DIM), ivf()]


@pytest.mark.parametrize("store", STORES, ids=lambda s: s.kind)
def test_wrong_width_is_rejected(store: VectorStore):
    with pytest.raises(ValueError, match="expected"):
        store.add(np.array([1], np.int64), np.zeros((1, DIM + 1), np.float32))


@pytest.mark.parametrize("store", STORES, ids=lambda s: s.kind)
def test_no_faces(store: VectorStore):
    store.clear()
    ids, similarities = store.search(vectors([1, 2]), 3)
    assert ids.tolist() == [[-1] * 3] * 2
    assert similarities.tolist() == [[-1.0] * 3] * 2
    store.remove(np.array([7], np.int64))
    assert len(store) == 0


def test_many_queries_give_the_same_as_one_by_one():
    store = FaissFlatStore(DIM)
    store.add(np.arange(500, dtype=np.int64), vectors(range(500)))
    queries = vectors(range(100), 1)
    together = store.search(queries, 4)
    for q in range(0, 100, 9):
        ids, similarities = store.search(queries[q : q + 1], 4)
        assert ids[0].tolist() == together[0][q].tolist()
        assert np.allclose(similarities[0], together[1][q], atol=1e-6)
