"""A gallery in a file."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Never

from sqlalchemy import Connection, Engine

from gallery_db.errors import GalleryError

from .backups import backup
from .connection import BUSY_TIMEOUT_MS
from .filesystem import refuse_network
from .migrate import upgrade
from .revisions import HEAD, revision_of
from .schema import Channel
from .sqlite import explained, make_engine

_IN_MEMORY = "vectors of a file are searched in memory, by the files in its vectors folder"


class SqliteEngine:
    """`gallery_db.database.engine.Engine` over the file at `path`."""

    backup_suffix: ClassVar = ".db"
    shared: ClassVar = False

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.shown = str(path)
        self.folder = path.parent
        self._engine = engine

    @classmethod
    def open(cls, path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> "SqliteEngine":
        """Creates the folder (mode 0700) and the file (0600), or migrates the file, after a backup beside it."""
        path = path.absolute()
        refuse_network(path)
        if path.is_file() and not os.access(path.parent, os.W_OK):
            return cls._open_to_read(path)
        with explained(path):
            _create_private(path)
            upgrade(path, busy_timeout_ms=busy_timeout_ms)
        return cls(path, make_engine(path, busy_timeout_ms=busy_timeout_ms))

    @classmethod
    def _open_to_read(cls, path: Path) -> "SqliteEngine":
        """On a disk or in a folder where nothing can be written, what is there can still be looked at."""
        engine = make_engine(path, writable=False)
        with explained(path), engine.connect() as conn:
            found = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found != HEAD:
            raise GalleryError(f"{path} is of another release and has to be brought up to date, but cannot be written")
        return cls(path, engine)

    def connect(self, *, write: bool, alone: bool = True) -> Connection:  # noqa: ARG002 - there is one writer at a time
        return self._engine.execution_options(write=write).connect()

    def explained(self) -> AbstractContextManager[None]:
        return explained(self.path)

    def must_fit(self, conn: Connection) -> None:
        """Only a service that stepped aside lets another release in."""

    def only_one(self, name: str) -> AbstractContextManager[bool]:
        raise NotImplementedError(f"a file is of one machine: {name} is locked by a file beside it")

    def listen(self, heard: Callable[[], None], over: Event, to: Channel = "work") -> None:
        raise NotImplementedError("a file tells nobody; who enqueues wakes the service")

    def check(self) -> list[str]:
        """Damaged pages and dangling references."""
        with self._engine.connect() as conn:
            damage = [str(r[0]) for r in conn.exec_driver_sql("PRAGMA integrity_check(5)") if r[0] != "ok"]
            return damage + [f"dangling reference in {r[0]}" for r in conn.exec_driver_sql("PRAGMA foreign_key_check")]

    def compact(self) -> None:
        """In the file and in its write-ahead log."""
        self.dispose()  # idle connections of ours would keep the log from being truncated
        with closing(self._engine.raw_connection()) as conn:
            conn.execute("VACUUM")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def build_search(self, memory_mb: int, on_progress: object = None) -> Never:
        raise NotImplementedError(_IN_MEMORY)

    def drop_search(self) -> Never:
        raise NotImplementedError(_IN_MEMORY)

    def backup(self, dest: Path) -> Path:
        return backup(self.path, dest)

    def describe(self) -> dict[str, Any]:
        files = (self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm"))
        return {
            "engine": "sqlite",
            "version": sqlite3.sqlite_version,
            "schema": revision_of(self.path),
            "bytes": sum(f.stat().st_size for f in files if f.exists()),
        }

    def dispose(self) -> None:
        self._engine.dispose()


def _create_private(path: Path) -> None:
    """Face vectors are biometric data: only the owner may read them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # An existing file must not be opened and closed here: on POSIX that drops the locks which SQLite holds on it
    # elsewhere in this process, and another process would then take the write-ahead log away from under it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
