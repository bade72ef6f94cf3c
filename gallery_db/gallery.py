"""Gallery is the unit of work: `with gallery.begin() as tx:` is one transaction."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .decisions import DecisionRepo
from .faces import FaceRepo
from .jobs import JobRepo
from .meta import MetaRepo
from .people import PersonRepo
from .photos import PhotoRepo
from .records import ForgetResult
from .restorations import RestorationRepo
from .roots import RootRepo


class Tx:
    """One transaction's repositories. Invalid once the `with` block ends."""

    def __init__(self, session: Session) -> None:
        self.roots = RootRepo(session)
        self.photos = PhotoRepo(session)
        self.faces = FaceRepo(session)
        self.people = PersonRepo(session)
        self.decisions = DecisionRepo(session)
        self.restorations = RestorationRepo(session)
        self.jobs = JobRepo(session)
        self.meta = MetaRepo(session)


class Gallery:
    """An open database. Safe to share between threads; each `begin` takes its own connection."""

    path: Path
    vectors_dir: Path
    """Where the index files of `gallery_db.vectors` live: `vectors/` beside the database."""

    def __init__(self, path: Path, engine: Engine) -> None:
        raise NotImplementedError

    @classmethod
    def open(cls, path: Path, *, busy_timeout_ms: int = 10_000) -> "Gallery":
        """Open or create the database at `path`, migrating it to this release (after a backup beside it).

        Creates the folder (mode 0700) and the file (0600). Raises SchemaTooNewError, UnsupportedLocationError (network
        file system), GalleryBusyError (another process is migrating) or GalleryError (not a database, disk full).
        """
        raise NotImplementedError

    @contextmanager
    def begin(self, *, write: bool = True) -> Generator[Tx]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Writers are serialised (BEGIN IMMEDIATE); GalleryBusyError after the busy timeout. Keep writing blocks short:
        no model, no network inside. A read transaction (`write=False`) sees one consistent state and never waits.
        """
        raise NotImplementedError
        yield

    def forget(self, person_id: int) -> ForgetResult:
        """Purge a person beyond recovery: vectors, landmarks, name, decisions and references that mention them.

        Not undoable. Their face boxes stay as `forgotten` tombstones without a vector, so that the next scan does not
        make the vectors again (docs/adr/0001-storage.md). Freed pages are overwritten (secure_delete, VACUUM, WAL
        truncated) and index files are deleted, to be rebuilt. Older backups still hold the person: see
        `backups.list_backups`. Raises NotFoundError.
        """
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
