"""Exact numpy search: the reference every other store is tested against."""

from pathlib import Path

import numpy as np

from iconface_core.types import F32, I64

from .base import last_of_each


class MemoryStore:
    kind = "memory"

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._rows: dict[int, F32] = {}

    @property
    def dim(self) -> int:
        return self._dim

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, face_ids: I64, vectors: F32) -> None:
        ids, rows = last_of_each(face_ids, vectors, self._dim)
        self._rows.update({int(i): v.copy() for i, v in zip(ids, rows, strict=True)})

    def remove(self, face_ids: I64) -> None:
        for i in face_ids:
            self._rows.pop(int(i), None)

    def search(self, queries: F32, k: int) -> tuple[I64, F32]:
        found = np.full((len(queries), k), -1, np.int64)
        similarities = np.full((len(queries), k), -1.0, np.float32)
        if self._rows:
            ids = np.fromiter(self._rows, np.int64)
            sims = queries @ np.stack(list(self._rows.values())).T
            order = np.argsort(-sims, axis=1, kind="stable")[:, :k]
            found[:, : order.shape[1]] = ids[order]
            similarities[:, : order.shape[1]] = np.take_along_axis(sims, order, axis=1)
        return found, similarities

    def clear(self) -> None:
        self._rows.clear()

    def write(self, path: Path) -> None:
        np.savez(path, ids=np.fromiter(self._rows, np.int64), vectors=np.array(list(self._rows.values()), np.float32))
