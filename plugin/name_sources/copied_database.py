"""SQLite files of other programs: copied first, because reading one in place writes beside it and may wait for its
program."""

import shutil
import sqlite3
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import AppError

_TRIES = 3  # a program that writes meanwhile leaves a copy that is half old, half new


class DatabaseUnreadableError(AppError):
    """Another program's database is damaged, not there, or of a form that is not known."""


@contextmanager
def copied(path: Path, tables: Sequence[str]) -> Generator[sqlite3.Connection]:
    """A connection to a copy that is gone afterwards, once SQLite finds it sound and `tables` in it. What the program
    had written and not yet merged (`-wal`) comes along. Raises DatabaseUnreadableError, also for what goes wrong
    inside, and OSError."""
    with tempfile.TemporaryDirectory(prefix="iconface-names-") as folder:
        try:
            with closing(_sound_copy(path, Path(folder))) as connection:
                for table in tables:
                    if not columns(connection, table):
                        raise DatabaseUnreadableError(f"{path}: not the database that was expected (no table {table})")
                yield connection
        except sqlite3.Error as e:
            raise DatabaseUnreadableError(
                f"{path}: cannot be read as a database ({e}); close the program it belongs to, or use a backup of it"
            ) from e


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Names of its columns; none when there is no such table."""
    return {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _sound_copy(path: Path, folder: Path) -> sqlite3.Connection:
    for turn in range(_TRIES):
        target = folder / f"{turn}.db"
        shutil.copyfile(path, target)
        wal = path.with_name(path.name + "-wal")
        if wal.exists():
            shutil.copyfile(wal, target.with_name(target.name + "-wal"))
        connection = sqlite3.connect(target)
        try:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if said == "ok":
                return connection
            problem = sqlite3.DatabaseError(str(said))
        except sqlite3.Error as e:
            problem = sqlite3.DatabaseError(str(e))
        connection.close()
    raise problem
