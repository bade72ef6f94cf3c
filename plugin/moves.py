"""Which known photo a file once was: a renamed or moved photo keeps its faces, names and restorations."""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from gallery_db import Gallery
from gallery_db.records import PhotoRecord

from .library import FoundFile, vanished, why_offline


class MovedPhotos:
    """Finds the photo that a new file was before. Threads may ask at once; each photo is given away once.

    A photo has moved when its content is seen elsewhere and nothing is left at its old path. A copy on a drive that is
    unplugged is not gone: photos of roots that are offline are never taken.
    """

    def __init__(self, gallery: Gallery, found: Iterable[FoundFile]) -> None:
        self._gallery, self._lock = gallery, Lock()
        self._taken: set[int] = set()
        self._online: dict[int, bool] = {}
        by_inode = {f.inode: f for f in found}
        with gallery.begin(write=False) as tx:
            self._roots = {r.id: Path(r.path) for r in tx.roots.all()}
            self._by_inode = {row.inode: row for row in tx.photos.with_inodes(list(by_inode))}

    def same_file(self, file: FoundFile) -> int | None:
        """The photo that is this very file under another name, told without reading it: inode, size and time agree."""
        row = self._by_inode.get(file.inode)
        if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns) or not row.content_hash:
            return None
        return self._take(file, [row])

    def same_content(self, file: FoundFile, content_hash: str) -> int | None:
        """The photo with these bytes whose file is gone."""
        with self._gallery.begin(write=False) as tx:
            rows = tx.photos.by_hash(content_hash)
        return self._take(file, rows)

    def _take(self, file: FoundFile, rows: Iterable[PhotoRecord]) -> int | None:
        with self._lock:
            for row in rows:
                gone = row.id not in self._taken and row.path != file.path and row.state in ("indexed", "missing")
                if gone and self._is_online(row.root_id) and vanished(row.path):
                    self._taken.add(row.id)
                    return row.id
        return None

    def _is_online(self, root_id: int | None) -> bool:
        if root_id is None:
            return False
        if root_id not in self._online:
            self._online[root_id] = why_offline(self._roots[root_id], 1) is None
        return self._online[root_id]
