"""The faces closest to a few vectors: what places a new face, and what finds faces alike."""

from pathlib import Path

from gallery_db.gallery import Tx
from iconface_core.grouping import Search
from iconface_core.types import F32, I64, EmbedderId

from .sync import SyncedStore, open_store, sync_store


class Nearest:
    """Asks the server, where it has an index (`iconface database index`). Everywhere else it opens the index file when
    it is first asked, and keeps the index in memory (four bytes a number), as new as the transaction that asks. Not
    safe between threads."""

    def __init__(self, directory: Path, embedder: EmbedderId, dim: int, *, max_share: float = 1.0) -> None:
        """`directory` is where index files lie. When more than `max_share` of the faces changed, the index is opened
        anew."""
        self._directory, self._embedder, self._dim, self._max_share = directory, embedder, dim, max_share
        self._index: SyncedStore | None = None

    def among(self, tx: Tx) -> Search:
        """All faces that `tx` sees."""
        if tx.faces.searched_there(self._embedder, self._dim):
            self._index = None  # of no use any more

            def there(queries: F32, k: int) -> tuple[I64, F32]:
                return tx.faces.nearest(self._embedder, queries, k)

            return there
        if self._index is None or not sync_store(self._index, tx, max_share=self._max_share):
            self._index = open_store(self._directory, tx, self._embedder, self._dim)
        return self._index.store.search
