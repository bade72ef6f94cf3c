"""Keep an index equal to the database: load it if its stamp fits, replay what changed since, else rebuild."""

from pathlib import Path

from gallery_db.gallery import Tx
from iconface_core.types import EmbedderId

from .base import VectorStore


def open_store(directory: Path, tx: Tx, embedder: EmbedderId, dim: int) -> VectorStore:
    """The index of `embedder`, equal to what `tx` (a read transaction) sees, and saved when it had to change."""
    raise NotImplementedError


def sync_store(store: VectorStore, tx: Tx, embedder: EmbedderId, generation: int) -> int:
    """Replay in memory what changed since `generation`; returns the present generation. Milliseconds for a few faces."""
    raise NotImplementedError


def save_store(directory: Path, store: VectorStore, tx: Tx, embedder: EmbedderId) -> None:
    """Write index and stamp atomically. `store` must be in sync with `tx`."""
    raise NotImplementedError
