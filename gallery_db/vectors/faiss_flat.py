"""FAISS exact inner product with our face ids. For galleries of up to a few hundred thousand faces."""

from pathlib import Path

import faiss

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
        _faiss.upsert(self._index, *last_of_each(face_ids, vectors, self.dim))

    def remove(self, face_ids: I64) -> None:
        _faiss.remove(self._index, face_ids)

    def search(self, queries: F32, k: int) -> tuple[I64, F32]:
        return _faiss.search(self._index, queries, k)

    def clear(self) -> None:
        self._index.reset()

    def write(self, path: Path) -> None:
        _faiss.write(self._index, path)
