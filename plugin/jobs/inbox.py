"""Requests dropped as small files, for programs that cannot wait until a database is open (a right-click).

`drop` needs the standard library only. Whoever opens the gallery next to look at its queue calls `collect`.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..paths import make_private

if TYPE_CHECKING:
    from gallery_db import Gallery
    from gallery_db.records import Origin

SUFFIX = ".job"

COLLECT_S = 5.0
"""How long to wait for another process that collects."""


def drop(folder: Path, paths: Sequence[Path], options: Mapping[str, Any], *, origin: str = "hand") -> Path:
    """Ask for photos to be restored. The file is whole and on disk when this returns."""
    make_private(folder)  # the data folder may not be there yet, and is the user's alone
    target = folder / f"{time.time_ns()}-{os.getpid()}{SUFFIX}"
    request = {"paths": [str(p) for p in paths], "options": dict(options), "origin": origin}
    temp = target.with_name(f"{target.name}.{os.getpid()}.unfinished")  # as iconface_core.images.leftovers has it
    with open(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - opened with a mode
        json.dump(request, file)  # ASCII: names that are not UTF-8 keep their stray bytes as escapes
        file.flush()
        os.fsync(file.fileno())
    temp.replace(target)
    return target


def waiting(folder: Path) -> list[Path]:
    """The requests that nobody took yet, oldest first."""
    try:
        # Nothing but files: a folder cannot be read, and a pipe would keep its reader for ever.
        with os.scandir(folder) as found:
            return sorted(Path(e.path) for e in found if e.name.endswith(SUFFIX) and e.is_file(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def collect(folder: Path, gallery: "Gallery") -> list[int]:
    """Turn requests into jobs; returns their ids. After a crash between the two a request is taken once more, which
    asks for the same again and gives the same file."""
    if not waiting(folder):
        return []
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=COLLECT_S)
    except Timeout:
        return []  # whoever holds it takes them all
    try:
        return [job_id for file in waiting(folder) for job_id in _take(file, gallery)]
    finally:
        lock.release()


def _take(file: Path, gallery: "Gallery") -> list[int]:
    from ..job_kinds import enqueue_restore

    try:
        request = json.loads(file.read_bytes())
        paths, options, origin = request["paths"], request["options"], request["origin"]
        if not (isinstance(paths, list) and isinstance(options, dict) and isinstance(origin, str)):
            raise TypeError("no request")
        with gallery.begin() as tx:
            ids = [enqueue_restore(tx, Path(path), options=options, origin=cast("Origin", origin)) for path in paths]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, RecursionError, OSError):
        file.replace(file.with_suffix(".bad"))  # set aside, or it would keep all later ones from being taken
        return []
    file.unlink()
    return ids
