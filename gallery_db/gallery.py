"""Gallery is the unit of work: `with gallery.begin() as tx:` is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from iconface_core.images.leftovers import sweep

from .database.acting import act_as
from .database.address import Server
from .database.backups import daily_backup
from .database.connection import BUSY_TIMEOUT_MS
from .database.engine import Engine, open_engine
from .database.schema import Channel
from .database.sqlite_engine import SqliteEngine
from .errors import GalleryError
from .meta import MetaRepo
from .notes import FORGETTING

if TYPE_CHECKING:
    from .browse.overview import OverviewRepo
    from .browse.repository import BrowseRepo
    from .cleanups import CleanupRepo
    from .database.postgres_search import Progress, SearchIndex
    from .decisions import DecisionRepo
    from .faces.measures import MeasureRepo
    from .faces.repository import FaceRepo
    from .jobs.queue import JobQueue
    from .journal import JournalRepo
    from .machines import MachineRepo
    from .people import PersonRepo
    from .photos import PhotoRepo
    from .questions.repository import QuestionRepo
    from .records import ForgetResult
    from .restorations.repository import RestorationRepo
    from .roots.repository import RootRepo
    from .users import UserRepo


class Tx:
    """One transaction's repositories. Invalid once the `with` block ends. Each is imported when it is first used: the
    list of people does not wait for what grouping needs."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.meta = MetaRepo(conn)

    @cached_property
    def roots(self) -> RootRepo:
        from .roots.repository import RootRepo

        return RootRepo(self._conn)

    @cached_property
    def photos(self) -> PhotoRepo:
        from .photos import PhotoRepo

        return PhotoRepo(self._conn)

    @cached_property
    def faces(self) -> FaceRepo:
        from .faces.repository import FaceRepo

        return FaceRepo(self._conn)

    @cached_property
    def measures(self) -> MeasureRepo:
        from .faces.measures import MeasureRepo

        return MeasureRepo(self._conn)

    @cached_property
    def people(self) -> PersonRepo:
        from .people import PersonRepo

        return PersonRepo(self._conn)

    @cached_property
    def browse(self) -> BrowseRepo:
        from .browse.repository import BrowseRepo

        return BrowseRepo(self._conn)

    @cached_property
    def overview(self) -> OverviewRepo:
        from .browse.overview import OverviewRepo

        return OverviewRepo(self._conn)

    @cached_property
    def decisions(self) -> DecisionRepo:
        from .decisions import DecisionRepo

        return DecisionRepo(self._conn)

    @cached_property
    def journal(self) -> JournalRepo:
        from .journal import JournalRepo

        return JournalRepo(self._conn)

    @cached_property
    def questions(self) -> QuestionRepo:
        from .questions.repository import QuestionRepo

        return QuestionRepo(self._conn)

    @cached_property
    def restorations(self) -> RestorationRepo:
        from .restorations.repository import RestorationRepo

        return RestorationRepo(self._conn)

    @cached_property
    def jobs(self) -> JobQueue:
        from .jobs.repository import JobRepo

        return JobRepo(self._conn)

    @cached_property
    def machines(self) -> MachineRepo:
        from .machines import MachineRepo

        return MachineRepo(self._conn)

    @cached_property
    def cleanups(self) -> CleanupRepo:
        from .cleanups import CleanupRepo

        return CleanupRepo(self._conn)

    @cached_property
    def users(self) -> UserRepo:
        from .users import UserRepo

        return UserRepo(self._conn)


class Gallery:
    """An open database. Safe to share between threads; each `begin` takes its own connection.

    `vectors_dir` is where the index files of `gallery_db.vectors` live: `vectors/` beside the database, or, of one on a
    server, in the folder that this machine has for it. `shown` is what messages call the database. `actor` is who
    decides here; None: the one person of this machine.
    """

    def __init__(self, engine: Engine) -> None:
        self.shown = engine.shown
        self.vectors_dir = engine.folder / "vectors"
        self._engine = engine
        self._fence: Callable[[Tx], None] | None = None
        self.actor: str | None = None

    @classmethod
    def open(cls, where: Path | Server, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Gallery:
        """Open or create the database: the file at this path, or an empty database on a server; migrated to this
        release (a file after a backup beside it).

        Of a file, creates the folder (mode 0700) and the file (0600). Raises SchemaTooNewError,
        UnsupportedLocationError (network file system), GalleryBusyError (another process is migrating),
        GalleryUnreachableError (no server there) or GalleryError (not a database, disk full, not allowed).
        """
        return cls(open_engine(where, busy_timeout_ms=busy_timeout_ms))

    @property
    def path(self) -> Path:
        """The database file. Raises GalleryError where there is none: the gallery is on a server."""
        if not isinstance(self._engine, SqliteEngine):
            raise GalleryError(f"{self.shown} is on a server: there is no file")
        return self._engine.path

    @contextmanager
    def begin(self, *, write: bool = True, alone: bool = True) -> Generator[Tx]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Writers are serialised (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock); GalleryBusyError after the busy
        timeout. So what a writer has read stays so until it is done. Keep writing blocks short: no model, no network
        inside. A read transaction (`write=False`) sees one consistent state and never waits. `alone=False` is for the
        queue, whose rows guard themselves: on a server it waits for no other writer.
        """
        with self._engine.explained(), self._engine.connect(write=write, alone=alone) as conn, conn.begin():
            act_as(conn, self.actor)
            tx = Tx(conn)
            if write and alone and self._fence is not None:
                self._fence(tx)
            yield tx

    @property
    def shared(self) -> bool:
        """Whether other machines may work at it: it is on a server."""
        return self._engine.shared

    def acting_as(self, actor: str | None) -> Gallery:
        """The same open database, for what `actor` decides and asks for; None: the one person of this machine."""
        other = copy(self)
        other.actor = actor
        return other

    @contextmanager
    def fenced(self, fence: Callable[[Tx], None], actor: str | None = None) -> Generator[None]:
        """Every transaction that writes (but for the queue's own) begins with `fence(tx)` meanwhile; what that raises
        ends it before it has written. Of a shared gallery only; one at a time. What is decided is `actor`'s; None: as
        before."""
        self._fence, before = fence if self.shared else None, self.actor
        self.actor = before if actor is None else actor
        try:
            yield
        finally:
            self._fence, self.actor = None, before

    def listen(self, heard: Callable[[], None], over: Event, to: Channel = "work") -> None:
        """See `Engine.listen`."""
        self._engine.listen(heard, over, to)

    def must_fit(self, tx: Tx) -> None:
        """Raises SchemaTooNewError when another machine has brought a shared gallery to a newer release meanwhile."""
        self._engine.must_fit(tx._conn)

    @contextmanager
    def only_one(self, name: str) -> Generator[bool]:
        """Be the only one on any machine that holds the lock of this name in a shared gallery; False: another does. It
        ends with the process and with its connection."""
        with self._engine.explained(), self._engine.only_one(name) as got:
            yield got

    def forget(self, person_id: int) -> ForgetResult:
        """Purge a person beyond recovery: vectors, landmarks, name, decisions and references that mention them.

        Not undoable. Their face boxes stay as `forgotten` tombstones without a vector, so that the next scan does not
        make the vectors again (docs/adr/0001-storage.md). Freed pages are overwritten (secure_delete, VACUUM, WAL
        truncated; what a server can promise is in docs/scale.md) and index files are deleted, to be rebuilt. Older
        backups still hold the person: see `backups.list_backups`. Raises UnknownIdError; GalleryBusyError when another
        process kept the file from being vacuumed (the person is gone from the tables then; call `compact` later).
        """
        from .forget import purge

        with self._engine.explained(), self._engine.connect(write=True) as conn, conn.begin():
            result = purge(conn, person_id)
            MetaRepo(conn).set(FORGETTING, "1")  # until all of the rest is done, by whoever comes next
        self._forget_the_rest()
        return result

    def finish_forgetting(self) -> bool:
        """What `forget` does after its transaction, when a process was killed there. Whether one was (or is at it now):
        then the pictures that others keep are theirs to remove, before they call `forgotten`."""
        with self.begin(write=False) as tx:
            if tx.meta.get(FORGETTING) is None:
                return False
        self._forget_the_rest()
        return True

    def _forget_the_rest(self) -> None:
        """Everything outside of the tables."""
        folder = self._engine.folder
        sweep((folder, folder / "backups", self.vectors_dir))
        if self.vectors_dir.is_dir():
            for index in self.vectors_dir.iterdir():
                if index.suffix in (".faiss", ".json", ".unfinished"):
                    index.unlink(missing_ok=True)
        self.compact()

    def forgotten(self) -> None:
        """Nothing is left of those that were forgotten."""
        with self.begin() as tx:
            tx.meta.set(FORGETTING, None)

    def check(self) -> list[str]:
        """What is wrong with the database: damaged pages, dangling references, broken indexes; empty when all is
        well."""
        with self._engine.explained():
            return self._engine.check()

    def compact(self) -> None:
        """Give free space back and overwrite what was deleted, as far as the engine can."""
        with self._engine.explained():
            self._engine.compact()

    def backup(self, dest: Path) -> Path:
        """Write a complete copy to the new file `dest`, while others read and write; returns `dest`. Raises BackupError
        when there is a file of that name, the disk is full, or (of a server) pg_dump is not installed."""
        return self._engine.backup(dest)

    def daily_backup(self, directory: Path) -> Path | None:
        """At most one a day, of which the latest fourteen are kept. None: today's exists. Raises as `backup`."""
        return daily_backup(self._engine.backup, directory, suffix=self._engine.backup_suffix)

    def describe(self) -> dict[str, Any]:
        """`engine`, its `version`, `schema`, `bytes`; of a server as well `connections`, `oldest_s`, the seconds that
        the oldest transaction has lasted, and `search`: of each embedder `embedder`, `dim`, `faces`, `bytes` of its
        index there and its `state` (missing, building, unfinished, ready)."""
        with self._engine.explained():
            return self._engine.describe()

    def build_search_index(self, memory_mb: int, on_progress: Progress | None = None) -> list[SearchIndex]:
        """Have the server search vectors itself: one index for each embedder; what is there stays. Others read and
        write meanwhile. `memory_mb` is the most that the server takes for it. Only of a shared gallery. Raises
        GalleryError when the server cannot (no pgvector, or an old one), GalleryBusyError when another process is at
        it."""
        with self._engine.explained():
            return self._engine.build_search(memory_mb, on_progress)

    def drop_search_index(self) -> int:
        """Search in memory again; returns how many indexes there were. Only of a shared gallery."""
        with self._engine.explained():
            return self._engine.drop_search()

    def copy_to(self, target: Gallery, on_table: Callable[[str, int], None] | None = None) -> int:
        """See `database.copying.copy`."""
        from .database.copying import copy

        with self._engine.explained(), target._engine.explained():
            return copy(self._engine, target._engine, on_table)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
