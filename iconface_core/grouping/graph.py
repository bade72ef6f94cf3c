"""The sparse graph of similar faces that grouping works on."""

import numpy as np

from iconface_core.types import F32, I64

from .types import Search

_BLOCK = 1 << 18  # queries per search: what is below the floor is dropped block by block, never held


def row_lookup(face_ids: I64) -> tuple[I64, I64]:
    """Sorted ids and the rows they stand in, for `rows_of`."""
    order = np.argsort(face_ids, kind="stable").astype(np.int64)
    return face_ids[order], order


def rows_of(lookup: tuple[I64, I64], ids: I64) -> I64:
    """Rows of `ids`, -1 where unknown."""
    known, order = lookup
    if not len(known):
        return np.full(len(ids), -1, np.int64)
    at = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    rows: I64 = np.where(known[at] == ids, order[at], -1)
    return rows


def distinct(keys: I64) -> I64:
    """Each of the keys (N,) once, ascending. `np.unique` hashes first, which takes several times as long as sorting."""
    keys = np.sort(keys)
    first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return keys[first]


def similar_pairs(face_ids: I64, vectors: F32, search: Search, k: int, floor: float) -> tuple[I64, I64, F32]:
    """Pairs of rows a < b, each once and sorted, where one is among the `k` nearest of the other and their similarity
    is at least `floor`."""
    lookup = row_lookup(face_ids)
    n = len(face_ids)
    keys, values = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for start in range(0, n, _BLOCK):
        queries = vectors[start : start + _BLOCK]
        ids, similarity = search(queries, min(k + 1, n))
        kept = (ids >= 0) & (similarity >= floor)
        a = np.broadcast_to(np.arange(start, start + len(queries))[:, None], ids.shape)[kept]
        b = rows_of(lookup, ids[kept])
        real = (b >= 0) & (a != b)
        a, b = a[real], b[real]
        keys.append(np.minimum(a, b) * n + np.maximum(a, b))
        values.append(similarity[kept][real])
    key, first = np.unique(np.concatenate(keys), return_index=True)
    return key // n, key % n, np.concatenate(values)[first].astype(np.float32)
