"""Vector index seam: inner product of unit vectors, that is cosine similarity; higher is closer."""

from pathlib import Path
from typing import Protocol

from iconface_core.types import F32, I64


class VectorStore(Protocol):
    """`dim` is the width of the vectors. Stores are not safe for writing from two threads at once."""

    @property
    def kind(self) -> str:
        """Names the format on disk; part of the stamp."""
        ...

    @property
    def dim(self) -> int: ...

    def __len__(self) -> int: ...

    def add(self, face_ids: I64, vectors: F32) -> None:
        """Upsert (N, dim) unit vectors; of a repeated id the last one counts. Raises ValueError for another width."""
        ...

    def remove(self, face_ids: I64) -> None:
        """Unknown ids are ignored."""
        ...

    def search(self, queries: F32, k: int) -> tuple[I64, F32]:
        """The k closest of each query (Q, dim), best first: ids and similarities, both (Q, k), padded with -1.

        This is `iconface_core.grouping.Search`.
        """
        ...

    def clear(self) -> None: ...

    def write(self, path: Path) -> None:
        """Write the whole store to a new file."""
        ...


def last_of_each(face_ids: I64, vectors: F32, dim: int) -> tuple[I64, F32]:
    """Check the width and drop all but the last row of every repeated id."""
    if vectors.shape != (len(face_ids), dim):
        raise ValueError(f"expected ({len(face_ids)}, {dim}) vectors, got {vectors.shape}")
    last = {i: row for row, i in enumerate(face_ids.tolist())}
    if len(last) == len(face_ids):
        return face_ids, vectors
    rows = list(last.values())
    return face_ids[rows], vectors[rows]
