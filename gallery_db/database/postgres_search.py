"""The index on a server that searches vectors there: pgvector's HNSW, one for each embedder, if somebody asks for it.

It is an index over an expression of the stored bytes and nothing else. So it can never disagree with them: what a
transaction sees of `embedding` is what a search in it finds, a vector that is deleted is gone from it, and a copy or a
backup has nothing to keep in step.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from gallery_db.errors import GalleryBusyError, GalleryError

OLDEST_EXTENSION = (0, 8)
"""pgvector before it looks at so many vectors only as its list is long, and then returns fewer than were asked for."""

PREFIX = "embedding_hnsw_"
FUNCTION = "iconface_halfvec"

WIDEST = 4_000
"""Numbers of a vector that an index of pgvector takes, with two bytes each."""

State = Literal["missing", "building", "unfinished", "ready"]

_BUILDING = "search index"
_LOOK_S = 0.5
_LOST_MS = 1_000  # so soon the server sees that whoever asked for an index is gone
_GRAPH_BYTES = 1_100  # of one face in memory while its index is built, beside the vector (m = 16)
_MARGIN = 1.3


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """The index of one embedder. `unfinished`: its building was broken off, nobody uses it. `bytes` on disk."""

    embedder: str
    dim: int
    faces: int
    state: State
    bytes: int

    @property
    def name(self) -> str:
        return index_name(self.embedder, self.dim)


Progress = Callable[[SearchIndex, float], None]
"""Told of the index that is being built, and which share of the table is read: 0 to 1."""


def index_name(embedder: str, dim: int) -> str:
    """Never longer than the 63 characters that a name may have."""
    return f"{PREFIX}{hashlib.sha256(embedder.encode()).hexdigest()[:12]}_{dim}"


def condition(embedder: str, dim: int) -> str:
    """SQL: whose vectors an index has. A query has to say it in the same words. Of another width none would fit."""
    quoted = embedder.replace("'", "''").replace("%", "%%")
    return f"embedder = '{quoted}' AND octet_length(vector) = {2 * dim}"


def expression(dim: int) -> str:
    """SQL: a stored vector as pgvector has it, number by number the same."""
    return f"({FUNCTION}(vector)::halfvec({dim}))"


def is_ready(conn: Connection, embedder: str, dim: int) -> bool:
    query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
    return bool(conn.scalar(text(query), {"name": index_name(embedder, dim)}))


def indexes(conn: Connection) -> list[SearchIndex]:
    """One for each embedder whose vectors are searched, whether it is there or not."""
    query = """
SELECT embedder, octet_length(vector) / 2, count(*) FROM embedding WHERE strpos(embedder, '/') = 0
GROUP BY 1, 2 ORDER BY 1, 2"""
    stored = conn.execute(text(query)).all()
    there: Mapping[str, tuple[State, int]] = {
        r.name: (r.state, r.bytes) for r in conn.execute(text(_THERE), {"prefix": PREFIX})
    }
    return [
        SearchIndex(embedder, dim, faces, *there.get(index_name(embedder, dim), ("missing", 0)))
        for embedder, dim, faces in stored
    ]


def build(engine: Engine, memory_mb: int, on_progress: Progress | None = None) -> list[SearchIndex]:
    """Make the index of each embedder that has none; what an interruption left is made anew. Others read and write
    meanwhile. Returns all that there are.

    `memory_mb` is the most that the server takes for it; with less than the graph needs it takes many times as long.
    Raises GalleryError when the server has no pgvector or an old one, GalleryBusyError when somebody else is at it.
    """
    with _builder(engine) as conn:
        _must_have_extension(conn)
        for index in indexes(conn):
            if index.state != "ready" and index.dim <= WIDEST:
                _build(engine, conn, index, memory_mb, on_progress)
        return indexes(conn)


def drop(engine: Engine) -> int:
    """Remove every index, and what they are made with; how many there were. The extension stays: it may be others'."""
    with _builder(engine) as conn:
        names = [r.name for r in conn.execute(text(_THERE), {"prefix": PREFIX})]
        for name in names:
            conn.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        conn.exec_driver_sql(f"DROP FUNCTION IF EXISTS {FUNCTION}(bytea)")
        return len(names)


def kept(contents: str) -> str:
    """Of a backup's list of contents (`pg_restore --list`) what is to be restored: all but the index and what it is
    made with. It is a choice for one server, and another may not have pgvector."""
    return "".join(line for line in contents.splitlines(keepends=True) if not _OURS.search(line))


_OURS = re.compile(
    rf"\d (INDEX \S+ {PREFIX}|FUNCTION \S+ {FUNCTION}\(|EXTENSION - vector\b|COMMENT - EXTENSION vector\b)"
)

# Ours are told by their names: a user may have made others.
_THERE = """
SELECT c.relname AS name, pg_relation_size(c.oid) AS bytes,
  CASE WHEN i.indisvalid THEN 'ready'
    WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) THEN 'building'
    ELSE 'unfinished' END AS state
FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
WHERE i.indrelid = to_regclass('embedding') AND starts_with(c.relname, :prefix)
"""

_EXTENSION = """
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS installed,
  (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS available
"""

# float16 of IEEE 754, the low byte first: a sign, five bits of exponent, ten of fraction. The table has the value of
# the last bit for each sign and exponent; numbers with the smallest exponent have no leading one.
_STEPS = ",".join(repr((-1.0 if n >> 5 else 1.0) * 2.0 ** (max(1, n & 31) - 25)) for n in range(64))
_MAKE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(bytes bytea) RETURNS halfvec
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
DECLARE
  steps CONSTANT real[] := '{{{_STEPS}}}';
  numbers real[] := array_fill(0::real, ARRAY[octet_length(bytes) / 2]);
  high int;
BEGIN
  FOR n IN 1 .. octet_length(bytes) / 2 LOOP
    high := get_byte(bytes, 2 * n - 1);
    numbers[n] := steps[(high >> 2) + 1]
      * (CASE WHEN high & 124 = 0 THEN 0 ELSE 1024 END + ((high & 3) << 8) + get_byte(bytes, 2 * n - 2));
  END LOOP;
  RETURN numbers;
END $$
"""


@contextmanager
def _builder(engine: Engine) -> Iterator[Connection]:
    """The only connection that builds. Its lock is its own session's: it lasts as long as the server works for it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.detach()  # its settings are for nobody else
        with suppress(DBAPIError):  # where the server's system cannot tell: a lost one builds to its end
            conn.exec_driver_sql(f"SET client_connection_check_interval = {_LOST_MS}")
        conn.exec_driver_sql("SET lock_timeout = 0")  # it waits for all who write, as long as they do
        if not conn.scalar(text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": _BUILDING}):
            raise GalleryBusyError("another process is building the index on the server; wait until it is done")
        yield conn


def _must_have_extension(conn: Connection) -> None:
    """Raises GalleryError with what an administrator has to do."""
    found = conn.execute(text(_EXTENSION)).one()
    oldest = ".".join(map(str, OLDEST_EXTENSION))
    if found.installed is None and found.available is None:
        raise GalleryError(
            f"the server has no pgvector: install its package there ({oldest} or later; on Debian it is called "
            "postgresql-NN-pgvector), then run the command again. Until then each machine searches vectors, as before"
        )
    if found.installed is None:
        try:
            conn.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
        except DBAPIError as e:
            if getattr(e.orig, "sqlstate", None) != "42501":
                raise
            raise GalleryError(
                "this user may not add pgvector to the database: let an administrator of the server run "
                "CREATE EXTENSION vector in it, then run the command again"
            ) from e
        found = conn.execute(text(_EXTENSION)).one()
    if _version(found.installed) < OLDEST_EXTENSION:
        raise GalleryError(
            f"the database has pgvector {found.installed}, and {oldest} or later is needed: install it on the server, "
            "let an administrator run ALTER EXTENSION vector UPDATE in the database, then run the command again"
        )


def _version(words: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", words))


def _build(engine: Engine, conn: Connection, index: SearchIndex, memory_mb: int, on_progress: Progress | None) -> None:
    needed = int(_MARGIN * index.faces * (_GRAPH_BYTES + 2 * index.dim) / (1 << 20)) + 64
    conn.exec_driver_sql(f"SET maintenance_work_mem = '{min(needed, memory_mb)}MB'")
    conn.exec_driver_sql(_MAKE_FUNCTION.replace("%", "%%"))
    conn.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}")
    made = f"{expression(index.dim)} halfvec_ip_ops"
    with _told(engine, conn, index, on_progress):
        conn.exec_driver_sql(
            f"CREATE INDEX CONCURRENTLY {index.name} ON embedding USING hnsw ({made}) "
            f"WHERE {condition(index.embedder, index.dim)}"
        )


@contextmanager
def _told(engine: Engine, conn: Connection, index: SearchIndex, on_progress: Progress | None) -> Iterator[None]:
    """Say how far the server is, while this thread waits for it."""
    if on_progress is None:
        yield
        return
    builder, over = conn.scalar(text("SELECT pg_backend_pid()")), threading.Event()

    def look() -> None:
        query = (
            "SELECT blocks_done::float / nullif(blocks_total, 0) FROM pg_stat_progress_create_index WHERE pid = :pid"
        )
        with suppress(DBAPIError), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            while not over.wait(_LOOK_S):
                share: Any = other.scalar(text(query), {"pid": builder})
                if share is not None:
                    on_progress(index, float(share))

    watcher = threading.Thread(target=look, name="index progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
