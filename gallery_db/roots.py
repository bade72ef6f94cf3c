"""Folders of the library."""

from pathlib import Path

from sqlalchemy.orm import Session

from .records import RootRecord


class RootRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def add(self, path: Path, *, device: int | None = None) -> RootRecord:
        """Add an absolute folder; adding it again returns the same root. Raises GalleryError when `path` is inside
        another root, contains one, or is not absolute."""
        raise NotImplementedError

    def all(self) -> list[RootRecord]:
        raise NotImplementedError

    def get(self, root_id: int) -> RootRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def containing(self, path: Path) -> RootRecord | None:
        """The root that an absolute path lies in."""
        raise NotImplementedError

    def set_online(self, root_id: int, online: bool, *, device: int | None = None) -> None:
        """Mark a root mounted or not. Photos and faces stay as they are. `device` None keeps the stored one."""
        raise NotImplementedError

    def mark_scanned(self, root_id: int) -> None:
        raise NotImplementedError

    def remove(self, root_id: int) -> int:
        """Forget the root and all its photos and faces; returns the number of photos. The files are not touched.
        Raises NotFoundError."""
        raise NotImplementedError
