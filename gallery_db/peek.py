"""A look into a gallery with the standard library alone, for a list that shall be there at once: to import SQLAlchemy
takes longer than all the rest of such a command."""

import sqlite3
from contextlib import closing
from pathlib import Path

from .database.connection import BUSY_TIMEOUT_MS
from .database.filesystem import refuse_network
from .database.revisions import HEAD, revision
from .errors import GalleryError
from .notes import NOTES
from .people_list import SUMMARIES, VISIBLE, in_order, summary
from .records import PersonSummary


def people(path: Path, *, everybody: bool) -> list[PersonSummary] | None:
    """The people in the database at `path`, as `PersonRepo.find` gives them; `everybody`: hidden and ignored ones too.

    None where it has to be opened in full: it is not there, of another release, or damaged, or a process that was
    killed left something to be finished. Nothing is written.
    """
    try:
        refuse_network(path)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            conn.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            conn.execute("BEGIN")
            left = f"SELECT 1 FROM meta WHERE key IN ({', '.join('?' * len(NOTES))})"  # noqa: S608 - only marks
            if revision(conn) != HEAD or conn.execute(left, NOTES).fetchone():
                return None
            return in_order(map(summary, conn.execute(SUMMARIES.format(where="true" if everybody else VISIBLE))))
    except (sqlite3.Error, OSError, GalleryError):
        return None
