"""Backups: whole, consistent copies made while others read and write (VACUUM INTO), and their safe return. Of a gallery
on a server: `dumps.py`."""

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from itertools import count
from pathlib import Path

from gallery_db.errors import BackupError, GalleryBusyError, SchemaTooNewError
from iconface_core.images.leftovers import drop, sweep, temporary

from .connection import BUSY_TIMEOUT_MS, is_busy
from .revisions import known_revisions, revision

_DAILY = re.compile(r"gallery-\d{4}-\d{2}-\d{2}\.(db|dump)")
_KINDS = ("gallery-*.db", "gallery-*.dump", "*.before-*.bak")


def backup(db: Path, dest: Path) -> Path:
    """Write a compact copy of `db` to the new file `dest` (mode 0600), atomically.

    Raises BackupError when `db` is missing or damaged, `dest` exists, or the disk is full; nothing is left behind then.
    """
    if dest.exists():
        raise BackupError(f"{dest} exists already: choose another name, a backup is never overwritten")
    if not db.is_file():
        raise BackupError(f"there is no gallery at {db}: nothing to back up")
    temp = temporary(dest)
    try:
        dest.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep([dest.parent], of=f"{dest.name}.")
        os.close(os.open(temp, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # VACUUM INTO accepts an empty file
        with closing(sqlite3.connect(db)) as conn:
            conn.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            conn.execute("VACUUM INTO ?", (str(temp),))
        _sync(temp)
        temp.replace(dest)
        _sync(dest.parent)
    except (sqlite3.Error, OSError) as e:
        raise BackupError(f"could not back up {db} to {dest}: {e}; nothing was left behind") from e
    finally:
        drop(temp)
    return dest


def free_name(directory: Path, why: str, suffix: str = ".db") -> Path:
    """Where a backup that somebody asks for now goes: `gallery-WHY-YYYY-MM-DD-HHMMSS.db`, with a number when the same
    second has one already."""
    stem = f"gallery-{why}-{datetime.now():%Y-%m-%d-%H%M%S}"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}{suffix}" for n in count(1))
    return next(path for name in names if not (path := directory / name).exists())


def daily_backup(
    write: Callable[[Path], object],
    directory: Path,
    *,
    suffix: str = ".db",
    keep: int = 14,
    now: datetime | None = None,
) -> Path | None:
    """At most one backup a day (`gallery-YYYY-MM-DD.db`), made by `write(dest)`, keeping the latest `keep` of these.
    None: today's exists."""
    dest = directory / f"gallery-{now or datetime.now():%Y-%m-%d}{suffix}"
    if dest.exists():
        return None
    write(dest)
    dailies = sorted(p for p in directory.iterdir() if _DAILY.fullmatch(p.name))
    for old in dailies[: -max(1, keep)]:
        old.unlink()
    return dest


def list_backups(*directories: Path) -> list[Path]:
    """Daily and migration backups in these folders, oldest first."""
    found = {p for d in directories for kind in _KINDS for p in d.glob(kind)}
    return sorted(found, key=lambda p: (p.stat().st_mtime_ns, p.name))


def once(made: Path) -> Path:
    """Keep one of two equal copies, as a migration that was killed and begun again makes them: the older one."""
    with made.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    for other in made.parent.glob("*.before-*.bak"):
        if other != made and other.stat().st_size == made.stat().st_size:
            with other.open("rb") as file:
                if hashlib.file_digest(file, "sha256").digest() == digest:
                    made.unlink()
                    return other
    return made


def migration_backup_path(db: Path, revision: str) -> Path:
    return _unused(
        db.with_name(f"{db.name}.before-{revision}{n}.bak") for n in ("", *(f".{i}" for i in range(1, 1000)))
    )


def restore_backup(src: Path, db: Path) -> Path | None:
    """Put the backup `src` in place of `db`; returns the safety copy made of the present file (None: there was none).

    `src` is copied and the copy checked first (integrity, foreign keys, schema known to this release): BackupError or
    SchemaTooNewError, and `db` stays as it is. No other process may have `db` open: GalleryBusyError.
    """
    if not src.is_file():
        raise BackupError(f"there is no backup at {src}")
    if db.exists() and src.samefile(db):
        raise BackupError(f"{src} is the gallery itself, not a backup")
    sweep([db.parent], of=f"{db.name}.")
    temp = temporary(db)
    try:
        backup(src, temp)
        _check(src, temp)
        safety = _set_aside(db) if db.exists() else None
        _sync(temp)
        temp.replace(db)
        _sync(db.parent)
    finally:
        drop(temp)
    return safety


def _check(src: Path, copy: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as conn:
            problems = [str(r[0]) for r in conn.execute("PRAGMA integrity_check(5)") if r[0] != "ok"]
            problems += [f"dangling reference in {r[0]}" for r in conn.execute("PRAGMA foreign_key_check")][:5]
            found = revision(conn)
            if problems:
                raise BackupError(f"{src} is damaged ({'; '.join(problems)}): choose an older backup")
            if found is None:
                raise BackupError(f"{src} is not a backup of a gallery")
            if found not in known_revisions():
                raise SchemaTooNewError(
                    f"{src} was written by a newer release (schema {found!r}): update iconface first"
                )
            # Index stamps count changes; after going back in time the same count can mean other vectors.
            conn.execute("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'index_epoch'")
            conn.commit()
    except sqlite3.Error as e:
        raise BackupError(f"{src} cannot be read as a gallery: {e}") from e


def _set_aside(db: Path) -> Path:
    """Copy the present file and make sure that it has no journal that would be replayed into its successor."""
    safety = _unused(db.with_name(f"{db.name}.before-restore.{i}.bak") for i in range(1, 1000))
    try:
        with closing(sqlite3.connect(db)) as conn:
            conn.execute("PRAGMA journal_mode=DELETE")  # needs to be alone; writes the journal back and removes it
        backup(db, safety)
    except sqlite3.OperationalError as e:
        if is_busy(e):
            raise GalleryBusyError(f"{db} is open in another process: stop it, then restore again") from e
        raise
    except (sqlite3.DatabaseError, BackupError):  # damaged: that is why somebody restores; keep the bytes
        shutil.copyfile(db, safety)
        safety.chmod(0o600)
        for suffix in ("-wal", "-shm"):
            journal = db.with_name(db.name + suffix)
            if journal.exists():
                journal.replace(safety.with_name(safety.name + suffix))
    return safety


def _unused(names: Iterable[Path]) -> Path:
    return next(p for p in names if not p.exists())


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
