"""Pictures kept on disk for the site. Standard library only, so that `iconface forget` can empty it at no cost.

One file per picture, named by a hash of all that its pixels depend on: a changed photo asks for another name. Only the
owner may read the folder (faces are in it), and no name in it tells whose.
"""

import logging
import os
import secrets
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from .paths import make_private

log = logging.getLogger(__name__)

DEFAULT_LIMIT = 1_000_000_000
"""Bytes. About 100,000 face pictures and 1,000 large ones."""

FULL, LOW = 1.0, 0.8
"""Shares of the limit: above the first, the least recently used go until the second is reached."""

TOUCH_S = 3600.0
"""A picture in use is marked so once an hour: often enough to keep it, seldom enough to cost nothing."""

_EPOCH, _PARTIAL = "epoch", ".part"


class PictureCache:
    """Bytes by key below `folder`. Safe between threads; processes that share the folder cannot hurt each other."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        self._folder, self._limit = folder, limit
        self._lock = threading.Lock()
        self._size: int | None = None  # bytes, known after the first look

    def get(self, key: str) -> bytes | None:
        """The picture, or None: never kept, or damaged."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                data = file.read()
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        if not (data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")):
            return None  # the machine went down while it was being written
        if time.time() - used > TOUCH_S:
            with suppress(OSError):
                os.utime(path)
        return data

    def epoch(self) -> str:
        """Changes when the cache is emptied. Ask before reading what a picture is made from, and give it to `put`."""
        try:
            return (self._folder / _EPOCH).read_text("ascii")
        except (OSError, ValueError):
            return ""

    def put(self, key: str, data: bytes, epoch: str) -> None:
        """Keep a picture, unless the cache was emptied since `epoch`: who is in it may be forgotten by now.

        A full or read-only disk is logged, not raised: the picture can be shown all the same.
        """
        path = self._path(key)
        try:
            make_private(path.parent)
            handle, name = tempfile.mkstemp(suffix=_PARTIAL, dir=path.parent)  # mode 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            if self.epoch() != epoch:
                path.unlink(missing_ok=True)
                return
        except OSError as e:
            log.warning("pictures cannot be kept in %s: %s", self._folder, e.strerror or e)
            return
        self._grown(len(data))

    def _grown(self, by: int) -> None:
        with self._lock:
            self._size = self._measure() if self._size is None else self._size + by
            if self._size > FULL * self._limit:
                self._size = self._evict()

    def _measure(self) -> int:
        return sum(size for _, size, _ in _entries(self._folder))

    def _evict(self) -> int:
        kept = sorted(_entries(self._folder))
        left = sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if left <= LOW * self._limit:
                break
            with suppress(OSError):
                path.unlink()
                left -= size
        return left

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.jpg"


def clear(folder: Path) -> None:
    """Remove every picture, also those that are just being made (see `PictureCache.put`).

    For after somebody was forgotten: which of the pictures show them nobody can tell any more.
    """
    if not folder.is_dir():
        return
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(8))
    Path(name).replace(folder / _EPOCH)
    for _, _, path in _entries(folder):
        path.unlink(missing_ok=True)


def _entries(folder: Path) -> list[tuple[float, int, Path]]:
    """(time of last use, bytes, path) of all pictures, half-written ones of killed processes too."""
    out: list[tuple[float, int, Path]] = []
    with suppress(OSError):
        for part in folder.iterdir():
            if not part.is_dir():
                continue
            for path in part.iterdir():
                with suppress(OSError):  # another process may have removed it
                    stat = path.stat()
                    out.append((stat.st_mtime, stat.st_size, path))
    return out
