"""Search over face vectors. SQLite holds the truth; every index here may be deleted at any time."""

from .base import Hit, VectorStore
from .sync import open_store, save_store, sync_store

__all__ = ["Hit", "VectorStore", "open_store", "save_store", "sync_store"]
