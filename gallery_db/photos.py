"""Photo rows: what was seen where, and in which state."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from .records import PhotoRecord, PhotoStat, PhotoState


class PhotoRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def upsert(
        self,
        path: str,
        content_hash: str,
        *,
        root_id: int | None = None,
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
        width: int = 0,
        height: int = 0,
        captured_at: datetime | None = None,
        format: str = "",
        detector: str | None = None,
    ) -> PhotoRecord:
        """Store a photo that was read well: state `indexed`, attempts 0. Same path: the row keeps its id and faces."""
        raise NotImplementedError

    def mark_failed(
        self,
        path: str,
        reason: str,
        *,
        root_id: int | None = None,
        content_hash: str = "",
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
    ) -> PhotoRecord:
        """Store a file that cannot be read; `attempts` grows by one while size and mtime stay the same. Faces found
        earlier stay (the file may be damaged, the people are not)."""
        raise NotImplementedError

    def mark_restored(
        self,
        path: str,
        content_hash: str,
        *,
        root_id: int | None = None,
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
    ) -> PhotoRecord:
        """Remember a file as our own output. Any faces of this path are removed: it is never evidence."""
        raise NotImplementedError

    def mark_missing(self, photo_ids: Sequence[int]) -> int:
        """The files are gone from a root that is online. Faces and names stay. Returns how many rows changed."""
        raise NotImplementedError

    def mark_present(self, photo_ids: Sequence[int]) -> int:
        """Files came back unchanged: `missing` becomes `indexed`. Returns how many rows changed."""
        raise NotImplementedError

    def move(
        self, photo_id: int, path: str, *, root_id: int | None, size: int, mtime_ns: int, inode: int
    ) -> PhotoRecord:
        """The same content at a new path with the old one gone: keeps faces, names and restorations. Raises
        NotFoundError, or GalleryError when another photo row that has faces already holds `path`."""
        raise NotImplementedError

    def delete(self, photo_ids: Sequence[int]) -> int:
        """Remove rows with their faces and vectors. Returns how many."""
        raise NotImplementedError

    def get(self, photo_id: int) -> PhotoRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def by_path(self, path: str) -> PhotoRecord | None:
        raise NotImplementedError

    def by_hash(self, content_hash: str) -> list[PhotoRecord]:
        """All photos with this content, in order of id."""
        raise NotImplementedError

    def known(self, root_id: int | None = None) -> dict[str, PhotoStat]:
        """Path to what the last scan saw, for one root or all: one cheap query for the diff of a scan."""
        raise NotImplementedError

    def find(self, *, root_id: int | None = None, states: Sequence[PhotoState] | None = None) -> Iterator[PhotoRecord]:
        """Photos in order of path."""
        raise NotImplementedError

    def counts(self) -> Mapping[PhotoState, int]:
        """Photos per state; every state has an entry."""
        raise NotImplementedError
