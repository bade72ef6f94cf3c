"""Connections to a gallery in a file, and the one place that explains what SQLite complains about."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from gallery_db.errors import GalleryBusyError, GalleryError

from .connection import BUSY_TIMEOUT_MS, configure, is_busy


def make_engine(
    path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, enforce_foreign_keys: bool = True, writable: bool = True
) -> Engine:
    """An engine whose transactions are BEGIN IMMEDIATE under the execution option `write`, else BEGIN.

    A SQLite transaction that reads first and writes later fails at once when somebody else committed in between, busy
    timeout or not; so writers take the lock at the start.
    """
    url = URL.create("sqlite", database=str(path)) if writable else _to_read(path)  # a name may hold "?"
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _on_connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # SQLAlchemy, not pysqlite, issues BEGIN
        if writable:
            configure(dbapi, busy_timeout_ms)
        dbapi.execute(f"PRAGMA foreign_keys={'ON' if enforce_foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        write = conn.get_execution_options().get("write", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _to_read(path: Path) -> URL:
    """Where nothing can be written, SQLite reads a file of which somebody else has the log open, or one that is at
    rest: `immutable` spares it the log's files, which it could not make."""
    how = {"mode": "ro"} if path.with_name(path.name + "-shm").exists() else {"immutable": "1"}
    return URL.create("sqlite", database=path.as_uri().replace("file://", "file:"), query={**how, "uri": "true"})


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn SQLite's complaints about the file at `path` into GalleryError with the way out."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as e:
        raw = e.orig if isinstance(e, DBAPIError) and e.orig is not None else e
        if isinstance(raw, sqlite3.OperationalError) and is_busy(raw):
            raise GalleryBusyError(
                f"{path} is being written by another process; nothing was changed, try again when it is done"
            ) from e
        for sign, advice in _ADVICE:
            if sign in str(raw):
                raise GalleryError(f"{path}: {raw}. {advice}") from e
        raise


_ADVICE = (
    ("disk is full", "Nothing was changed. Free some space on that disk and run the command again"),
    ("disk I/O error", "Nothing was changed. The disk may be full or failing; check it and run the command again"),
    ("readonly database", "Make the file and its folder writable for you"),
    ("unable to open database file", "Check that the folder exists, is yours and is writable"),
    ("file is not a database", "Move it away, or put a backup in its place with `iconface restore-backup`"),
    ("no such column", "The file is damaged: put a backup in its place with `iconface restore-backup`"),
    ("no such table", "The file is damaged: put a backup in its place with `iconface restore-backup`"),
    ("malformed", "The file is damaged: put a backup in its place with `iconface restore-backup`"),
)
