"""Requests dropped as small files, for programs that cannot wait until a database is open (a right-click).

`drop` needs nothing that takes long to import. Whoever opens the gallery next to look at its queue calls `collect`.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from iconface_core.codec import decode_json, encode_json

from ..job_payloads import QueuedChoices
from ..paths import make_private, write_private

if TYPE_CHECKING:
    from gallery_db import Gallery

SUFFIX = ".job"

COLLECT_S = 5.0
"""How long to wait for another process that collects."""


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """Photos to be restored."""

    paths: tuple[Path, ...]
    options: QueuedChoices
    origin: Literal["hand"] = "hand"


def drop(folder: Path, paths: Sequence[Path], options: QueuedChoices) -> Path:
    """Ask for photos to be restored. The file is whole and on disk when this returns."""
    make_private(folder)  # the data folder may not be there yet, and is the user's alone
    target = folder / f"{time.time_ns()}-{os.getpid()}{SUFFIX}"
    write_private(target, encode_json(Request(tuple(paths), options)).encode())
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
        request = decode_json(Request, file.read_bytes(), file.name)
        with gallery.begin() as tx:
            ids = [enqueue_restore(tx, path, options=request.options, origin=request.origin) for path in request.paths]
    except FileNotFoundError:
        return []
    except (ValueError, OSError):
        file.replace(file.with_suffix(".bad"))  # set aside, or it would keep all later ones from being taken
        return []
    file.unlink()
    return ids
