"""The files that pictures are made of, and why there may be none."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gallery_db.gallery import Tx
from gallery_db.records import PhotoRecord, RestorationRecord
from iconface_core.images.read import content_hash

Reason = Literal["unknown", "forgotten", "gone", "offline", "changed", "unreadable", "too-large", "nothing"]


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no picture.

    unknown: no such id · forgotten: its person was purged · gone: the file was deleted · offline: its disk is not there
    · changed: the file is another picture now · unreadable, too-large: as the word says · nothing: there never was one.
    """

    reason: Reason


@dataclass(frozen=True, slots=True)
class File:
    """A file that pictures are made of. `content` stands for its bytes; `absent` is why it cannot be read now, though
    pictures made earlier may be shown."""

    path: Path
    content: str
    absent: Reason | None = None


def photo_file(photo: PhotoRecord, root: str | None, online: bool) -> File | Missing:
    """The file of a photo. What was read at the last scan is trusted by size and time, as the scan does; a file that
    differs is another picture. While a disk is away, pictures made before serve."""
    path = Path(photo.path)
    if not online:
        return File(path, photo.content_hash, "offline")  # not even asked: a share that is gone may hang
    found = _stat(path)
    if found is None:
        away = root is not None and not Path(root).is_dir()
        return File(path, photo.content_hash, "offline") if away else Missing("gone")
    if photo.state == "failed":
        return Missing("unreadable")
    if (found.st_size, found.st_mtime_ns) == (photo.size, photo.mtime_ns):
        return File(path, photo.content_hash)
    return File(path, _seen(found))


def output_file(record: RestorationRecord) -> File | Missing:
    """The restored copy of a restoration. One that somebody edited is shown as it is now."""
    if record.output is None:
        return Missing("nothing")
    path = Path(record.output)
    found = _stat(path)
    if found is None:
        away = record.state == "done" and not path.parent.is_dir()
        return File(path, "", "offline") if away else Missing("gone")
    return File(path, _seen(found))


def loose_file(path: Path, sha256: str) -> File | Missing:
    """A photo outside the library, as long as it is the very same."""
    found = _stat(path)
    if found is None:
        return Missing("gone" if path.parent.is_dir() else "offline")
    try:
        return File(path, sha256) if content_hash(path) == sha256 else Missing("changed")
    except OSError:
        return Missing("unreadable")


def seen_file(path: Path) -> File | None:
    """A file as it is now, known by size and time; None when it is not there."""
    found = _stat(path)
    return None if found is None else File(path, _seen(found))


def input_of(tx: Tx, record: RestorationRecord) -> PhotoRecord | None:
    """The photo of the library that has the content that was restored, wherever it is now."""
    same = tx.photos.by_hash(record.input_sha256)
    present = [p for p in same if p.state == "indexed"] or same
    return next((p for p in present if p.path == record.photo), present[0] if present else None)


def root_of(tx: Tx, photo: PhotoRecord) -> tuple[str | None, bool]:
    """Its path, and whether it is there."""
    if photo.root_id is None:
        return None, True
    root = tx.roots.get(photo.root_id)
    return root.path, root.online


def _stat(path: Path) -> os.stat_result | None:
    """None for what is not a plain file: opening a pipe would wait for ever."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _seen(found: os.stat_result) -> str:
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
