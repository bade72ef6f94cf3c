"""Which schema a file has, and which ones this release knows."""

import sqlite3
from contextlib import closing
from pathlib import Path

from .connection import BUSY_TIMEOUT_MS, configure

HEAD = "0012"
"""The revision this release reads and writes; equal to Alembic's head (tested). Known here so that opening an
up-to-date gallery does not import Alembic."""


def scripts() -> Path:
    """The migration scripts: inside this package in a wheel, beside it in a checkout."""
    here = Path(__file__).parents[1]
    inside = here / "migrations"
    return inside if inside.is_dir() else here.parent / "migrations"


def known_revisions(script_location: Path | None = None) -> set[str]:
    from alembic.script import ScriptDirectory  # slow to import, rarely needed

    return {r.revision for r in ScriptDirectory(str(script_location or scripts())).walk_revisions()}


def revision_of(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> str | None:
    """The schema revision of a database file; None for a file without our tables."""
    with closing(sqlite3.connect(path)) as conn:
        configure(conn, busy_timeout_ms)
        return revision(conn)


def revision(conn: sqlite3.Connection) -> str | None:
    if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
