"""Which known photo a file once was: a renamed or moved photo keeps its faces, names and restorations."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from stat import S_ISREG
from threading import Lock

from gallery_db import Gallery, Tx
from gallery_db.records import PhotoRecord
from iconface_core.images.read import content_hash

from .disk import FoundFile, folded, vanished, why_offline


class MovedPhotos:
    """Finds the photo that a file was before. Threads may ask at once; each photo is in one place only.

    A photo has moved when it is seen elsewhere and is no longer at its old path. A copy on a drive that is unplugged is
    not gone: photos of roots that are offline are never taken, but for those that have `left`: whole folders that are
    no longer where they were, and whose photos turn up elsewhere together (`left_for`).
    """

    def __init__(self, gallery: Gallery, left: Collection[int] = ()) -> None:
        self._gallery, self._lock = gallery, Lock()
        self._left = frozenset(left)
        self._given: dict[int, str] = {}
        self._seen_at: dict[int, str] = {}
        self._online: dict[int, bool] = {}
        with gallery.begin(write=False) as tx:
            self._roots = {r.id: Path(r.path) for r in tx.roots.all()}

    def same_files(self, found: Sequence[FoundFile]) -> Mapping[str, int]:
        """Path -> the photo that is this very file under another name, told without reading it: inode, size and time
        agree. Photos may have changed places with each other, or made room for a new one."""
        with self._gallery.begin(write=False) as tx:
            rows = tx.photos.with_inodes([f.inode for f in found])
        stamped: dict[tuple[int, int, int], list[PhotoRecord]] = defaultdict(list)
        for row in rows:
            if row.state in ("indexed", "missing") and row.content_hash:
                stamped[row.inode, row.size, row.mtime_ns].append(row)
        moved: dict[str, int] = {}
        for file in found:
            # A file that moves during the walk is found twice: where it still is counts.
            same = stamped.get((file.inode, file.size, file.mtime_ns), ())
            if not same or any(r.path == file.path for r in same) or vanished(file.path):
                continue
            for row in same:
                if row.id not in self._given and self._is_online(row.root_id) and _has_left(row, file.path, stamped):
                    self._given[row.id] = file.path
                    moved[file.path] = row.id
                    break
        return moved

    def same_content(self, file: FoundFile, content_hash: str) -> int | None:
        """The photo with these bytes: the one at this path, which was only touched, else one whose file is gone."""
        with self._gallery.begin(write=False) as tx:
            rows = tx.photos.by_hash(content_hash)
        rows = [r for r in rows if r.state in ("indexed", "missing", "failed")]
        with self._lock:
            for row in sorted(rows, key=lambda r: r.path != file.path):
                place = self._given.get(row.id, row.path)
                if place == file.path or (self._is_online(row.root_id) and vanished(place)):
                    self._given[row.id], self._seen_at[row.id] = file.path, row.path
                    return row.id
        return None

    def still_free(self, tx: Tx, photo_id: int) -> bool:
        """Whether the photo that `same_content` gave is where it was then: another machine may have found it too."""
        return photo_id not in self._seen_at or tx.photos.get(photo_id).path == self._seen_at[photo_id]

    def _is_online(self, root_id: int | None) -> bool:
        if root_id is None:
            return False
        if root_id in self._left:
            return True
        if root_id not in self._online:
            self._online[root_id] = why_offline(self._roots[root_id], 1) is None
        return self._online[root_id]


MOST = 0.5
"""A folder has left when this share of its photos turns up elsewhere at once, by size."""


def left_for(gallery: Gallery, found: Iterable[FoundFile]) -> list[int]:
    """The roots that are not there any more and whose photos are, for the most part, among the files `found` elsewhere:
    the library was moved, and nobody said so. Only sizes are compared; which photo is which, its bytes say."""
    with gallery.begin(write=False) as tx:
        gone = [r for r in tx.roots.all() if vanished(r.path)]
        known = {r.id: [p.size for p in tx.photos.known(r.id).values() if p.state == "indexed"] for r in gone}
    if not any(known.values()):
        return []
    here = Counter(f.size for f in found)
    return [i for i, sizes in known.items() if sizes and (Counter(sizes) & here).total() >= MOST * len(sizes)]


def _has_left(row: PhotoRecord, path: str, stamped: Mapping[tuple[int, int, int], Iterable[PhotoRecord]]) -> bool:
    """Whether the photo, found at `path`, is no longer at its own: nothing is there, or something else. `stamped`:
    photos by inode, size and time, so that what took its place need not be read when it is known."""
    try:
        stat = os.stat(row.path)  # noqa: PTH116 - as in library.py: paths stay text
    except OSError:
        return vanished(row.path)
    if stat.st_ino == row.inode:
        # It has two names now: a hard link is a copy. Unless the file system finds one name in either case.
        return stat.st_nlink == 1 and folded(path) == folded(row.path) and not _is_link(path, row.path)
    if not S_ISREG(stat.st_mode):
        return True
    known = next(iter(stamped.get((stat.st_ino, stat.st_size, stat.st_mtime_ns), ())), None)
    try:
        digest = content_hash(Path(row.path)) if known is None else known.content_hash
    except OSError:
        return vanished(row.path)
    return digest != row.content_hash


def _is_link(*paths: str) -> bool:
    return any(os.path.islink(path) for path in paths)  # noqa: PTH114 - as in library.py: paths stay text
