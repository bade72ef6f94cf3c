"""FAISS exact inner product with our face ids. For galleries of up to a few hundred thousand faces."""

from pathlib import Path

import faiss
import numpy as np

from iconface_core.types import F32, I64

from . import _faiss
from .base import last_of_each


class FaissFlatStore:
    kind = "flat"

    def __init__(self, dim: int, index: _faiss.Index | None = None) -> None:
        self._index = index if index is not None else faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    @property
    def dim(self) -> int:
        return int(self._index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, face_ids: I64, vectors: F32) -> None:
        ids, rows = last_of_each(face_ids, vectors, self.dim)
        self.remove(ids)
        _faiss.add(self._index, ids, rows)

    def remove(self, face_ids: I64) -> None:
        # Removing walks the whole index and rebuilds its id map; most ids that are added are new.
        known = face_ids[np.isin(face_ids, faiss.vector_to_array(self._index.id_map))]
        if len(known):
            _faiss.remove(self._index, known)

    def search(self, queries: F32, k: int) -> tuple[I64, F32]:
        return _faiss.search(self._index, queries, k)

    def clear(self) -> None:
        self._index.reset()

    def write(self, path: Path) -> None:
        _faiss.write(self._index, path)
