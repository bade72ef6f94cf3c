"""Copies of the gallery's database that somebody asks for. Scans make one a day by themselves (library_scan)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from gallery_db import Gallery
from gallery_db.database import backups

from .folders import Folders

Why = Literal["manual", "before-removing"]
"""Stands in the name of the file."""


def planned(folders: Folders, why: Why = "manual") -> Path:
    """Where the next one would be written: a new name in the backups folder."""
    return backups.free_name(folders.backups, why, ".db" if folders.server is None else ".dump")


def database_shown(folders: Folders) -> str:
    """What messages call the gallery's database."""
    where = folders.gallery
    return str(where) if isinstance(where, Path) else where.shown


def back_up(gallery: Gallery, target: Path) -> Path:
    """Write a complete copy to the new file `target`; its folder is made when it is not there. Returns `target`. Raises
    BackupError, a GalleryError, when there is a file of that name, or the disk is full."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return gallery.backup(target)


def known_backups(folders: Folders) -> Iterator[tuple[Path, int]]:
    """Those in the backups folder with their sizes in bytes, oldest first."""
    return ((path, path.stat().st_size) for path in backups.list_backups(folders.backups))
