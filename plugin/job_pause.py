"""Is the queue paused? For a right-click, which cannot wait until the gallery is open: only the standard library."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

EVERYTHING = "*"
"""As in gallery_db.jobs.queue, which takes long to import."""


def paused_kinds(database: Path) -> frozenset[str]:
    """The paused kinds, as `JobQueue.paused` has them; none where the database cannot be read at once."""
    if not database.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'jobs.paused'").fetchone()
        return frozenset(json.loads(row[0] or "[]")) if row else frozenset()
    except (sqlite3.Error, ValueError, TypeError):
        return frozenset()  # whoever opens it next says what is wrong with it
