"""Search over face vectors. The database holds the truth; every index here may be deleted at any time."""

from .base import VectorStore
from .exact import all_neighbours
from .nearest import Nearest
from .sync import SyncedStore, open_store, save_store, sync_store

__all__ = ["Nearest", "SyncedStore", "VectorStore", "all_neighbours", "open_store", "save_store", "sync_store"]
