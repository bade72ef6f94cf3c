"""Requests dropped as small files, for programs that cannot wait until a database is open (a right-click).

`drop` needs the standard library only. Whoever opens the gallery next to look at its queue calls `collect`.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery_db import Gallery

SUFFIX = ".job"

COLLECT_S = 5.0
"""How long to wait for another process that collects."""


def drop(folder: Path, paths: Sequence[Path], options: Mapping[str, Any], *, origin: str = "hand") -> Path:
    """Ask for photos to be restored. The file is whole and on disk when this returns."""
    for private in (folder.parent, folder):  # the data folder may not be there yet, and is the user's alone
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{time.time_ns()}-{os.getpid()}{SUFFIX}"
    request = {"paths": [str(p) for p in paths], "options": dict(options), "origin": origin}
    temp = target.with_suffix(".tmp")
    with open(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - opened with a mode
        json.dump(request, file)  # ASCII: names that are not UTF-8 keep their stray bytes as escapes
        file.flush()
        os.fsync(file.fileno())
    temp.replace(target)
    return target


def waiting(folder: Path) -> list[Path]:
    """The requests that nobody took yet, oldest first."""
    try:
        return sorted(p for p in folder.iterdir() if p.suffix == SUFFIX)
    except FileNotFoundError:
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
    from .kinds import enqueue_restore

    try:
        request = json.loads(file.read_bytes())
        options, origin = request["options"], request["origin"]
        paths = [Path(p) for p in request["paths"]]
    except (ValueError, KeyError, TypeError):
        file.replace(file.with_suffix(".bad"))
        return []
    with gallery.begin() as tx:
        ids = [enqueue_restore(tx, path, options=options, origin=origin) for path in paths]
    file.unlink()
    return ids
