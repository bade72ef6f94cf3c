"""Exact neighbour search in numpy: for tests, small libraries, and as the reference for any index."""

import numpy as np

from iconface_core.types import F32, I64

from .types import NOBODY, Search

_BLOCK = 4096  # queries per product: bounds memory to a few tens of MB per 1,000 faces searched


def exact_search(face_ids: I64, vectors: F32) -> Search:
    """Search `vectors` (N, d), unit length, by cosine. The returned function is a `Search`."""

    def search(queries: F32, k: int) -> tuple[I64, F32]:
        found = np.full((len(queries), k), NOBODY, np.int64)
        similarities = np.full((len(queries), k), -1.0, np.float32)
        kept = min(k, len(vectors))
        if kept == 0:
            return found, similarities
        block = max(1, min(_BLOCK, 50_000_000 // len(vectors)))
        for start in range(0, len(queries), block):
            stop = min(start + block, len(queries))
            s = queries[start:stop] @ vectors.T
            best = np.argpartition(s, len(vectors) - kept, axis=1)[:, len(vectors) - kept :]
            values = np.take_along_axis(s, best, axis=1)
            order = np.argsort(-values, axis=1, kind="stable")
            found[start:stop, :kept] = face_ids[np.take_along_axis(best, order, axis=1)]
            similarities[start:stop, :kept] = np.take_along_axis(values, order, axis=1)
        return found, similarities

    return search
