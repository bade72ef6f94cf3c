"""The neighbours of all faces at once, as a full grouping pass asks for them. Nothing is kept; both engines use it.

A missed neighbour costs precision (`iconface_core.grouping.regroup`), and cells miss more the more faces there are: of
a million, an eighth of the lists finds .92 of the same person's faces. So every face is compared with every other. Up
to `EXACT_UP_TO` by exact products; beyond, by codes of four bits for each few numbers (product quantisation, FAISS'
fast scan) that fit into registers, and the best candidates again by exact products of the vectors themselves. What is
missed is missed by the codes alone, and more candidates find it: their number grows with the library.
"""

import numpy as np

from iconface_core.grouping import Search
from iconface_core.types import F32, I64

from . import _faiss
from .faiss_flat import FaissFlatStore

EXACT_UP_TO = 50_000
"""Faces up to which exact products are about as fast."""

_TRAINED_ON = 30_000
_BLOCK = 8_192  # queries at once: their candidates and tables take some 100 MB
_ADDED_AT_ONCE = 65_536
_PARTS = 128  # more codes a face find no more (measured with 512 numbers a face)
_CANDIDATES = 5.0  # for each neighbour wanted, among 100,000 faces
_GROWTH = 0.3  # as a power of the number of faces: so recall stays the same


def all_neighbours(face_ids: I64, vectors: F32, *, exact_up_to: int = EXACT_UP_TO) -> Search:
    """A `Search` over `vectors` (N, dim), unit length, for asking about all of them: building it takes seconds, and
    one query costs milliseconds a million faces. The similarities are exact; above `exact_up_to` faces a few of the
    weakest neighbours are missed. The answers depend on the vectors alone, not on their order.

    It holds a second copy of the vectors, and one byte for four numbers.
    """
    n, dim = vectors.shape
    width = max(2, dim // _PARTS)
    if n <= exact_up_to or dim % width:
        store = FaissFlatStore(dim)
        store.add(face_ids, vectors)
        return store.search
    order = np.lexsort(vectors[:, :4].T).astype(np.int64)
    index = _faiss.codes(vectors[order[:: max(1, n // _TRAINED_ON)]], dim // width)
    for start in range(0, n, _ADDED_AT_ONCE):
        index.add(vectors[order[start : start + _ADDED_AT_ONCE]])
    ids = face_ids[order]
    factor = max(_CANDIDATES, _CANDIDATES * (n / 100_000) ** _GROWTH)

    def search(queries: F32, k: int) -> tuple[I64, F32]:
        found = np.full((len(queries), k), -1, np.int64)
        similarities = np.full((len(queries), k), -1.0, np.float32)
        for start in range(0, len(queries), _BLOCK):
            rows = slice(start, start + _BLOCK)
            at, similarities[rows] = _faiss.search(index, queries[rows], k, _faiss.candidates(factor))
            found[rows] = np.where(at >= 0, ids[at], -1)
        return found, similarities

    return search
