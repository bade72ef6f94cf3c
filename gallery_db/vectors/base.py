"""Vector index seam: inner product of unit vectors, that is cosine similarity; higher is closer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from iconface_core.types import F32, I64


@dataclass(frozen=True, slots=True)
class Hit:
    face_id: int
    similarity: float


class VectorStore(Protocol):
    @property
    def dim(self) -> int: ...

    def __len__(self) -> int: ...

    def add(self, face_ids: I64, vectors: F32) -> None:
        """Upsert (N, dim) unit vectors; of a repeated id the last one counts. Raises ValueError for another width."""
        ...

    def remove(self, face_ids: I64) -> None:
        """Unknown ids are ignored."""
        ...

    def search(self, queries: F32, k: int) -> list[list[Hit]]:
        """The k closest of each query (Q, dim), best first; fewer when the store is smaller."""
        ...

    def search_arrays(self, queries: F32, k: int) -> tuple[I64, F32]:
        """Like `search`, as (Q, k) ids and similarities, padded with -1: `iconface_core.grouping.Search`."""
        ...

    def clear(self) -> None: ...


def check_batch(face_ids: I64, vectors: F32, dim: int) -> None:
    if vectors.shape != (len(face_ids), dim):
        raise ValueError(f"expected ({len(face_ids)}, {dim}) vectors, got {vectors.shape}")


def hits(ids: Sequence[int], sims: Sequence[float]) -> list[Hit]:
    return [Hit(int(i), float(s)) for i, s in zip(ids, sims, strict=True) if i >= 0]
