"""Where the gallery's database is: what is known of it, a new one on a server, and the way from one to the other."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery_db import Gallery
from gallery_db.database.address import Server, is_server

from .errors import UsageError
from .folders import Folders
from .paths import absolute
from .progress import Progress

if TYPE_CHECKING:
    from gallery_db.database.postgres_search import SearchIndex


def place(text: str, folders: Folders) -> Path | Server:
    """The database that somebody names on a command line: an address, or the path of a file. Raises GalleryError for
    what looks like an address and is none."""
    return Server(text, folders.data) if is_server(text) else absolute(Path(text))


def shown(where: Path | Server) -> str:
    """As it may be printed: without a password."""
    return where.shown if isinstance(where, Server) else str(where)


def facts(folders: Folders) -> dict[str, Any]:
    """What `Gallery.describe` knows, the `database` and where its index files are. Raises GalleryError when it cannot
    be opened."""
    with Gallery.open(folders.gallery) as gallery:
        return {"database": gallery.shown, **gallery.describe(), "index": str(gallery.vectors_dir)}


def build_index(folders: Folders, progress: Progress, *, memory_mb: int, dry_run: bool) -> list[dict[str, Any]]:
    """Have the gallery's server search vectors itself; returns the index of each embedder, as `Gallery.describe` has
    it. What is there already stays, what was broken off is built anew; others work meanwhile. `memory_mb` is the most
    that the server takes. Raises UsageError for a gallery in a file, and as `Gallery.build_search_index`."""
    with _on_a_server(folders) as gallery:
        if not dry_run:
            gallery.build_search_index(memory_mb, _Percent(progress))
        return list(gallery.describe()["search"])


def drop_index(folders: Folders, *, dry_run: bool) -> int:
    """Search vectors in the memory of each machine again; how many indexes the server had. Raises as `build_index`."""
    with _on_a_server(folders) as gallery:
        if not dry_run:
            return gallery.drop_search_index()
        return sum(index["state"] != "missing" for index in gallery.describe()["search"])


@contextmanager
def _on_a_server(folders: Folders) -> Generator[Gallery]:
    if not isinstance(folders.gallery, Server):
        raise UsageError("the gallery is a file: its vectors are searched in memory, and no index is to be built")
    with Gallery.open(folders.gallery) as gallery:
        yield gallery


class _Percent:
    """A hundred steps for each index."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done: dict[str, int] = {}

    def __call__(self, index: "SearchIndex", share: float) -> None:
        if index.embedder not in self._done:
            self._done[index.embedder] = 0
            self._progress.total(100 * len(self._done))
        while self._done[index.embedder] < int(100 * share):
            self._done[index.embedder] += 1
            self._progress.step(index.embedder)


def create(where: Path | Server, *, dry_run: bool) -> list[str]:
    """Make a database on a server, if it is not there, and the gallery's tables in it. Returns the statements of SQL
    for what has to be made by a superuser where the server lets nobody else. Raises GalleryError and UsageError."""
    if not isinstance(where, Server):
        raise UsageError(
            "a file needs no making: the first command does it. An address looks like postgresql://HOST/DB"
        )
    from gallery_db.database.postgres import create_database

    if dry_run:
        return [f"CREATE DATABASE \"{where.name}\" TEMPLATE template0 ENCODING 'UTF8'"]
    made = create_database(where)
    Gallery.open(where).close()
    return made


def copy(source: Path | Server, target: Path | Server, on_table: Callable[[str, int], None] | None = None) -> int:
    """Copy a gallery into an empty database, or go on with a copy that was broken off; then compare every row. Returns
    their number. Nobody may write to either meanwhile. Raises GalleryError, and UsageError without a `source`."""
    if isinstance(source, Path) and not source.is_file():
        raise UsageError(f"there is no gallery at {source}")
    if source == target or (isinstance(source, Path) and isinstance(target, Path) and _same(source, target)):
        raise UsageError(f"{shown(source)} cannot be copied into itself")
    with Gallery.open(source) as one, Gallery.open(target) as other:
        return one.copy_to(other, on_table)


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
