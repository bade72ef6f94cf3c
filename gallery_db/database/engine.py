"""What keeps a gallery: an SQLite file, which is the default, or a database on a PostgreSQL server.

All of `gallery_db` above this package asks an `Engine`, and writes its statements as SQLite has them (`words.py` has
PostgreSQL's for those that differ).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from sqlalchemy import Connection

from .address import Server
from .connection import BUSY_TIMEOUT_MS
from .schema import Channel
from .sqlite_engine import SqliteEngine

if TYPE_CHECKING:
    from .postgres_search import Progress, SearchIndex


class Engine(Protocol):
    """One database. Safe to share between threads. One writer at a time, whichever engine it is."""

    backup_suffix: ClassVar[str]
    """How the names of its backups end."""

    @property
    def shown(self) -> str:
        """What messages call it: the path, or the address without its password."""
        ...

    @property
    def folder(self) -> Path:
        """Where on this machine lies what belongs to the gallery and is not in the database: index files, backups."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other machines may work at it."""
        ...

    def connect(self, *, write: bool, alone: bool = True) -> Connection:
        """A connection whose transactions may write, alone, or (`write=False`) see one state and never wait. Without
        `alone` others may write at the same time, where the engine can do that."""
        ...

    def explained(self) -> AbstractContextManager[None]:
        """Turns what the driver complains about into GalleryError with the way out."""
        ...

    def must_fit(self, conn: Connection) -> None:
        """Raises SchemaTooNewError when another machine has brought the schema to a newer release meanwhile."""
        ...

    def only_one(self, name: str) -> AbstractContextManager[bool]:
        """A lock of this name, of which every machine knows, and which ends with its holder; False: another has it.
        Only of a shared gallery."""
        ...

    def listen(self, heard: Callable[[], None], over: Event, to: Channel = "work") -> None:
        """Call `heard` at once, and whenever something is told on that channel, until `over` is set. Only of a shared
        gallery. After a broken connection `heard` is called as well: nobody knows what was said meanwhile."""
        ...

    def check(self) -> list[str]:
        """What is damaged; empty when all is well."""
        ...

    def compact(self) -> None:
        """Give free space back and overwrite what was deleted, as far as the engine can (docs/scale.md)."""
        ...

    def build_search(self, memory_mb: int, on_progress: "Progress | None" = None) -> "list[SearchIndex]":
        """See `postgres_search.build`. Only of a shared gallery."""
        ...

    def drop_search(self) -> int:
        """See `postgres_search.drop`. Only of a shared gallery."""
        ...

    def backup(self, dest: Path) -> Path:
        """Write all of it as of one moment to the new file `dest`; returns `dest`. Raises BackupError."""
        ...

    def describe(self) -> dict[str, Any]:
        """Facts for whoever looks after it: `engine`, its `version`, `schema`, `bytes`, and what the engine knows."""
        ...

    def dispose(self) -> None:
        """Close all connections that are at rest."""
        ...


def open_engine(where: Path | Server, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """The database at `where`, made or brought up to date first. Raises as `Gallery.open`."""
    if isinstance(where, Path):
        return SqliteEngine.open(where, busy_timeout_ms=busy_timeout_ms)
    from .postgres import PostgresEngine  # the driver is an extra, and nobody else waits for its import

    return PostgresEngine.open(where, busy_timeout_ms=busy_timeout_ms)
