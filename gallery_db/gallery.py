"""Gallery is the unit of work: `with gallery.begin() as tx:` is one transaction."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from iconface_core.images.leftovers import sweep

from .database.connection import BUSY_TIMEOUT_MS
from .database.engine import explained, make_engine
from .database.filesystem import refuse_network
from .database.migrate import upgrade
from .database.revisions import HEAD
from .errors import GalleryError
from .meta import MetaRepo
from .notes import FORGETTING

if TYPE_CHECKING:
    from .browse.repository import BrowseRepo
    from .cleanups import CleanupRepo
    from .decisions import DecisionRepo
    from .faces.measures import MeasureRepo
    from .faces.repository import FaceRepo
    from .jobs.queue import JobQueue
    from .journal import JournalRepo
    from .people import PersonRepo
    from .photos import PhotoRepo
    from .questions.repository import QuestionRepo
    from .records import ForgetResult
    from .restorations.repository import RestorationRepo
    from .roots.repository import RootRepo


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
    def cleanups(self) -> CleanupRepo:
        from .cleanups import CleanupRepo

        return CleanupRepo(self._conn)


class Gallery:
    """An open database. Safe to share between threads; each `begin` takes its own connection.

    `vectors_dir` is where the index files of `gallery_db.vectors` live: `vectors/` beside the database.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.vectors_dir = path.parent / "vectors"
        self._engine = engine

    @classmethod
    def open(cls, path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Gallery:
        """Open or create the database at `path`, migrating it to this release (after a backup beside it).

        Creates the folder (mode 0700) and the file (0600). Raises SchemaTooNewError, UnsupportedLocationError (network
        file system), GalleryBusyError (another process is migrating) or GalleryError (not a database, disk full).
        """
        path = path.absolute()
        refuse_network(path)
        if path.is_file() and not os.access(path.parent, os.W_OK):
            return cls._open_to_read(path)
        with explained(path):
            _create_private(path)
            upgrade(path, busy_timeout_ms=busy_timeout_ms)
        return cls(path, make_engine(path, busy_timeout_ms=busy_timeout_ms))

    @classmethod
    def _open_to_read(cls, path: Path) -> Gallery:
        """On a disk or in a folder where nothing can be written, what is there can still be looked at."""
        engine = make_engine(path, writable=False)
        with explained(path), engine.connect() as conn:
            found = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found != HEAD:
            raise GalleryError(f"{path} is of another release and has to be brought up to date, but cannot be written")
        return cls(path, engine)

    @contextmanager
    def begin(self, *, write: bool = True) -> Generator[Tx]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Writers are serialised (BEGIN IMMEDIATE); GalleryBusyError after the busy timeout. Keep writing blocks short:
        no model, no network inside. A read transaction (`write=False`) sees one consistent state and never waits.
        """
        with explained(self.path), self._engine.execution_options(write=write).begin() as conn:
            yield Tx(conn)

    def forget(self, person_id: int) -> ForgetResult:
        """Purge a person beyond recovery: vectors, landmarks, name, decisions and references that mention them.

        Not undoable. Their face boxes stay as `forgotten` tombstones without a vector, so that the next scan does not
        make the vectors again (docs/adr/0001-storage.md). Freed pages are overwritten (secure_delete, VACUUM, WAL
        truncated) and index files are deleted, to be rebuilt. Older backups still hold the person: see
        `backups.list_backups`. Raises UnknownIdError; GalleryBusyError when another process kept the file from being
        vacuumed (the person is gone from the tables then; call `compact` later).
        """
        from .forget import purge

        with explained(self.path), self._engine.execution_options(write=True).begin() as conn:
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
        sweep((self.path.parent, self.path.parent / "backups", self.vectors_dir))
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
        """What SQLite finds wrong with the file: damaged pages and dangling references; empty when all is well."""
        with explained(self.path), self._engine.connect() as conn:
            damage = [str(r[0]) for r in conn.exec_driver_sql("PRAGMA integrity_check(5)") if r[0] != "ok"]
            return damage + [f"dangling reference in {r[0]}" for r in conn.exec_driver_sql("PRAGMA foreign_key_check")]

    def compact(self) -> None:
        """Give free space back and overwrite what was deleted, in the file and in its write-ahead log."""
        self._engine.dispose()  # idle connections of ours would keep the log from being truncated
        with explained(self.path), closing(self._engine.raw_connection()) as conn:
            conn.execute("VACUUM")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _create_private(path: Path) -> None:
    """Face vectors are biometric data: only the owner may read them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # An existing file must not be opened and closed here: on POSIX that drops the locks which SQLite holds on it
    # elsewhere in this process, and another process would then take the write-ahead log away from under it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
