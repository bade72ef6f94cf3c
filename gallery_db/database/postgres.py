"""A gallery on a PostgreSQL server. The only module that needs its driver (`pip install 'iconface[server]'`)."""

import os
import re
import socket
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from gallery_db.errors import GalleryBusyError, GalleryError, GalleryUnreachableError, SchemaTooNewError

from . import postgres_search
from .address import Server
from .backups import free_name
from .connection import BUSY_TIMEOUT_MS
from .dumps import dump, restore
from .migrate import alembic_config
from .postgres_schema import create_schema, revision
from .revisions import HEAD, known_revisions
from .schema import CHANNELS, Channel, meta
from .this_machine import Mounts, ThisMachine, attach

WRITER = 0x69636F6E66616365
"""The advisory lock of whoever writes; one of each database. "iconface" in ASCII, not to meet another program's."""

OLDEST = (16,)
"""Older servers want a name for each subquery."""

_CONNECTION = {
    "connect_timeout": 10,
    # A cut network says nothing: without these a connection would wait for its answer for hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_LISTEN_S = 1.0  # how soon it is seen that nobody listens any more
_FROZEN_WRITER_S = 60  # a writer that says nothing for so long is ended: nobody else can write meanwhile


class PostgresEngine:
    """`gallery_db.database.engine.Engine` over a database on a server."""

    backup_suffix: ClassVar = ".dump"
    shared: ClassVar = True

    def __init__(self, server: Server, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._server = server
        self.shown = server.shown
        self.folder = server.folder
        self._engine = make_engine(server, busy_timeout_ms=busy_timeout_ms)

    @classmethod
    def open(cls, server: Server, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> "PostgresEngine":
        """Makes the tables in an empty database, or migrates those that are there."""
        engine = cls(server, busy_timeout_ms=busy_timeout_ms)
        try:
            with engine.explained():
                engine.upgrade()
        except BaseException:
            engine.dispose()
            raise
        server.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return engine

    def connect(self, *, write: bool, alone: bool = True) -> Connection:
        return self._engine.execution_options(write=write, alone=alone).connect()

    def upgrade(self) -> None:
        """Bring the schema to this release. Changes of the schema are transactions here: what fails leaves nothing."""
        with self.connect(write=False) as conn:
            if revision(conn) == HEAD:
                return
        with self.connect(write=True) as conn:
            found = revision(conn)
            if found == HEAD:
                return  # another process was faster
            if found is None:
                if inspect(conn).get_table_names():
                    raise GalleryError(f"{self.shown} is a database of another program: choose an empty one")
                self._must_be_usable(conn)
                create_schema(conn)
            elif found not in known_revisions():
                raise self._too_new(found)
            else:
                from alembic import command  # slow to import and only needed when something must change

                command.upgrade(alembic_config(conn), "head")
            conn.commit()

    def must_fit(self, conn: Connection) -> None:
        found = conn.scalar(text("SELECT version_num FROM alembic_version"))
        if found != HEAD:
            raise self._too_new(found)

    def _too_new(self, found: str | None) -> SchemaTooNewError:
        return SchemaTooNewError(
            f"{self.shown} was written by a newer release (schema {found!r}, this one knows up to {HEAD!r}): "
            "update iconface"
        )

    @contextmanager
    def only_one(self, name: str) -> Generator[bool]:
        key = {"name": f"iconface:{name}"}
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            got = bool(conn.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), key))
            try:
                yield got
            finally:
                # Of a connection that broke, the server has ended the lock already.
                if got and not conn.closed and not conn.invalidated:
                    conn.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)

    def listen(self, heard: Callable[[], None], over: Event, to: Channel = "work") -> None:
        import psycopg  # the driver itself: SQLAlchemy knows no notifications

        while not over.is_set():
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                    conn.exec_driver_sql(f"LISTEN {CHANNELS[to]}")
                    heard()
                    while not over.is_set():
                        for _ in conn.connection.driver_connection.notifies(timeout=_LISTEN_S, stop_after=1):  # type: ignore[union-attr]
                            heard()
            except (DBAPIError, psycopg.Error):
                over.wait(_LISTEN_S)

    def _must_be_usable(self, conn: Connection) -> None:
        if (conn.dialect.server_version_info or (0,)) < OLDEST:
            raise GalleryError(f"{self.shown}: PostgreSQL {OLDEST[0]} or later is needed")
        encoding = conn.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise GalleryError(f"{self.shown} is in {encoding}, which does not know all names: make it in UTF8")

    def explained(self) -> AbstractContextManager[None]:
        return explained(self.shown)

    def check(self) -> list[str]:
        """Indexes that a failed build left, constraints that were never checked, and pages whose checksum was wrong."""
        with self.connect(write=False) as conn:
            return [str(problem) for problem in conn.scalars(text(_PROBLEMS), {"prefix": postgres_search.PREFIX})]

    def compact(self) -> None:
        """VACUUM: the room of deleted rows is free again, and their bytes are gone when it is used. Nobody waits."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            # Where few rows are dead the server would leave the indexes as they are, and pgvector's holds vectors.
            conn.exec_driver_sql("VACUUM (ANALYZE, INDEX_CLEANUP ON)")

    def build_search(
        self, memory_mb: int, on_progress: postgres_search.Progress | None = None
    ) -> list[postgres_search.SearchIndex]:
        return postgres_search.build(self._engine, memory_mb, on_progress)

    def drop_search(self) -> int:
        return postgres_search.drop(self._engine)

    def backup(self, dest: Path) -> Path:
        return dump(self._server, dest)

    def describe(self) -> dict[str, Any]:
        """With `connections`; `oldest_s`, how long the oldest transaction lasts: none is vacuumed past it; and
        `search`, the index of each embedder, as a mapping with `embedder, dim, faces, state, bytes`."""
        with self.connect(write=False) as conn:
            facts = conn.execute(text(_FACTS)).one()._mapping
            search = [asdict(index) for index in postgres_search.indexes(conn)]
            return {"engine": "postgresql", **facts, "schema": revision(conn), "search": search}

    def dispose(self) -> None:
        self._engine.dispose()


def make_engine(server: Server, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine whose transactions are the only writer's under the execution option `write`, else of one state.

    READ COMMITTED alone would let two people answer one question: both see it open, both write, and one answer is lost
    without a word. So a writer waits for the lock before it reads, as SQLite's BEGIN IMMEDIATE has it.
    """
    if find_spec("psycopg") is None:
        raise GalleryError(f"{server.shown}: the driver is not installed: pip install 'iconface[server]'")
    url = make_url(server.url).set(drivername="postgresql+psycopg")
    arguments = {
        **_CONNECTION,
        "application_name": f"iconface {socket.gethostname()} {os.getpid()}",
        "options": f"-c lock_timeout={busy_timeout_ms}",
    }
    asked = {k: v for k, v in arguments.items() if k not in url.query}
    engine = create_engine(url, connect_args=asked, pool_pre_ping=True, pool_recycle=1800)
    attach(engine, ThisMachine(server.machine, Mounts(server.mounts)))

    @event.listens_for(engine, "begin")
    def _on_begin(conn: Connection) -> None:
        write = conn.get_execution_options().get("write")
        if write:
            lock = f", pg_advisory_xact_lock({WRITER})" if conn.get_execution_options().get("alone", True) else ""
            conn.exec_driver_sql(
                f"SELECT set_config('idle_in_transaction_session_timeout', '{_FROZEN_WRITER_S}s', true){lock}"
            )
        elif write is not None:
            conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


@contextmanager
def explained(shown: str) -> Generator[None]:
    """Turn the server's complaints into GalleryError with the way out; `shown` is what messages call the database."""
    try:
        yield
    except DBAPIError as e:
        state = getattr(e.orig, "sqlstate", None)
        said = str(e.orig).strip().splitlines()[0] if str(e.orig).strip() else type(e.orig).__name__
        if state == "22003":
            raise OverflowError(said) from e  # as SQLite's driver has it: an id of more than 64 bits
        if state in _BUSY:
            raise GalleryBusyError(
                f"{shown} is being written by another process; nothing was changed, try again when it is done"
            ) from e
        for sign, advice in _ADVICE:
            if (state or _refusal(said)).startswith(sign):
                raise GalleryError(f"{shown}: {said}. {advice}") from e
        if state == _DISK_FULL:
            raise GalleryUnreachableError(
                f"{shown} has no room: {said}. Nothing that was not confirmed is stored; free some space on the disk "
                "of the server, then run the command again"
            ) from e
        silent = state is None and isinstance(e, OperationalError)  # no server there, or the connection broke
        if e.connection_invalidated or silent or (state or "").startswith(_UNREACHABLE):
            raise GalleryUnreachableError(
                f"{shown} does not answer: {said}. Nothing that was not confirmed is stored; see that the server runs "
                "and that the address is right"
            ) from e
        raise


def _refusal(said: str) -> str:
    """The code of a refused connection, which the driver gives as text only; "" in a language that is not known."""
    if re.search(r'database ".*" does not exist', said):
        return "3D"
    return "28" if re.search(r"authentication|password|role .* does not exist|pg_hba", said) else ""


# Of the codes of PostgreSQL's appendix A; their first two letters are the class.
_BUSY = ("55P03", "57014", "40001", "40P01")
_DISK_FULL = "53100"
_UNREACHABLE = ("08", "57P", "53300", "25P03")
_ADVICE = (
    ("28", "Check user and password; PGPASSWORD or ~/.pgpass keep the latter out of the settings"),
    ("3D", "Make the database with `iconface database create`, or correct its name in the address"),
    ("42501", "The user of the address has to own the gallery's tables"),
    ("25006", "This server is a replica: use the address of the one that writes"),
    ("42P01", "The gallery is damaged: restore a backup"),
    ("42703", "The gallery is damaged: restore a backup"),
    ("XX", "The gallery is damaged: restore a backup"),
)

_FACTS = """
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
  count(*) AS connections, coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float AS oldest_s
FROM pg_stat_activity WHERE datname = current_database()
"""

_PROBLEMS = """
SELECT 'index ' || c.relname || ' is not complete: build it again with ' ||
    CASE WHEN starts_with(c.relname, :prefix) THEN 'iconface database index' ELSE 'REINDEX' END
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)
UNION ALL SELECT 'constraint ' || conname || ' of ' || conrelid::regclass || ' was never checked'
  FROM pg_constraint WHERE NOT convalidated
UNION ALL SELECT checksum_failures || ' pages were read with a wrong checksum: the disk may be failing'
  FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0
"""


def create_database(server: Server) -> list[str]:
    """Make the database, if it is not there; what was done, as SQL. Then the server's database `postgres` is asked."""
    asked = make_engine(server)
    try:
        with asked.connect():
            return []
    except OperationalError as e:
        if _refusal(str(e.orig)) != "3D":
            with explained(server.shown):
                raise
    finally:
        asked.dispose()
    url = make_url(server.url).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(url, connect_args=_CONNECTION, isolation_level="AUTOCOMMIT")
    try:
        with explained(server.shown), engine.connect() as conn:
            name = engine.dialect.identifier_preparer.quote_identifier(server.name)
            statement = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
            conn.exec_driver_sql(statement.replace("%", "%%"))
            return [statement]
    finally:
        engine.dispose()


def restore_dump(server: Server, src: Path, directory: Path) -> Path | None:
    """Put the backup `src` in place of what the database holds; returns the copy that is made of that in `directory`
    first (None: it held nothing). Raises as `dumps.restore`, and leaves it as it was then."""
    engine = make_engine(server)
    try:
        with explained(server.shown), engine.connect() as conn:
            full = revision(conn) is not None
    finally:
        engine.dispose()
    kept = dump(server, free_name(directory, "before-restore", ".dump")) if full else None
    restore(server, src)
    opened = PostgresEngine.open(server)
    # Index stamps count changes; after going back in time the same count can mean other vectors.
    with opened.connect(write=True) as conn, conn.begin():
        conn.execute(meta.update().where(meta.c.key == "index_epoch").values(value=uuid4().hex))
    opened.dispose()
    return kept
