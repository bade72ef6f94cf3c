"""Bring a database file to the current schema: refuse newer ones, back up, upgrade in one transaction, verify."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from gallery_db.errors import GalleryError, SchemaTooNewError

from .backups import backup, migration_backup_path, once
from .connection import BUSY_TIMEOUT_MS
from .revisions import HEAD, known_revisions, revision_of, scripts
from .sqlite import make_engine

if TYPE_CHECKING:
    from alembic.config import Config


def alembic_config(connection: Connection, script_location: Path | None = None) -> "Config":
    from alembic.config import Config  # slow to import and only needed when something must change

    cfg = Config(stdout=sys.stdout)  # the default is what stdout was at the first import, by now perhaps closed
    cfg.set_main_option("script_location", str(script_location or scripts()).replace("%", "%%"))
    cfg.set_main_option("path_separator", "os")
    cfg.attributes["connection"] = connection
    return cfg


def upgrade(path: Path, script_location: Path | None = None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Path | None:
    """Upgrade the file at `path` to head; return the backup made beside it, if one was needed.

    Foreign keys are off while migrating: Alembic's batch mode drops and recreates tables on SQLite, and with
    enforcement on, that DROP would cascade into the child tables. Raises SchemaTooNewError for a file of a newer
    release, GalleryError when the result has dangling references (rolled back), and sqlite3 or SQLAlchemy errors as
    they come.
    """
    if script_location is None and revision_of(path, busy_timeout_ms) == HEAD:
        return None
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = make_engine(path, busy_timeout_ms=busy_timeout_ms, enforce_foreign_keys=False)
    try:
        with engine.execution_options(write=True).connect() as conn:
            cfg = alembic_config(conn, script_location)
            script = ScriptDirectory.from_config(cfg)
            current = MigrationContext.configure(conn).get_current_revision()
            if current is None and conn.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
                raise GalleryError(f"{path} is a database of another program: choose another folder or file name")
            if current is not None and current not in known_revisions(script_location):
                raise SchemaTooNewError(
                    f"{path} was written by a newer release (schema {current!r}, this one knows up to "
                    f"{script.get_current_head()!r}): update iconface, or restore a backup made before"
                )
            if current == script.get_current_head():
                return None  # another process was faster
            # A separate connection copies the last committed state while this one holds the write lock.
            saved = once(backup(path, migration_backup_path(path, current))) if current is not None else None
            command.upgrade(cfg, "head")
            broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise GalleryError(f"{path}: the migration left {len(broken)} dangling references; it was rolled back")
            conn.commit()
            return saved
    finally:
        engine.dispose()
