"""Backups: whole, consistent copies made while others read and write (VACUUM INTO), and their safe return."""

from datetime import datetime
from pathlib import Path


def backup(db: Path, dest: Path) -> Path:
    """Write a compact copy of `db` to the new file `dest` (mode 0600), atomically. Raises BackupError when `dest` exists
    or the disk is full; nothing is left behind then."""
    raise NotImplementedError


def daily_backup(db: Path, directory: Path, *, keep: int = 14, now: datetime | None = None) -> Path | None:
    """At most one backup a day (`gallery-YYYY-MM-DD.db`), keeping the latest `keep`. None: today's exists already."""
    raise NotImplementedError


def list_backups(directory: Path) -> list[Path]:
    """Daily, manual and migration backups in `directory`, oldest first."""
    raise NotImplementedError


def restore_backup(src: Path, db: Path) -> Path | None:
    """Put the backup `src` in place of `db`; returns the safety copy made of the present file (None: there was none).

    `src` is checked first (integrity, foreign keys, schema not newer than this release): BackupError or
    SchemaTooNewError, and `db` stays as it is. No process may have `db` open: GalleryBusyError.
    """
    raise NotImplementedError
