"""A new file, complete or not there at all, that never replaces another one."""

import errno
import hashlib
import os
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO

from iconface_core.errors import ImageWriteError
from iconface_core.reason_codes import CANNOT_WRITE, DISK_FULL

_PARTIAL = ".part"
_TOO_MANY = "too many restored versions of this photo in the folder"
_STALE_S = 600.0
"""A partial file this old belongs to a process that was killed: writing takes seconds."""


Data = bytes | Callable[[IO[bytes]], None]
"""What is in a file, or a function that writes it into an empty one: all of it, whenever it is called."""

_ROOM = len(f"..12345678{_PARTIAL}")
_USUAL_LIMIT = 255


def name_limit(folder: Path) -> int:
    """The most bytes that a file name in `folder`, or in what will be made there, may have."""
    there = next((p for p in (folder, *folder.parents) if p.is_dir()), folder)
    try:
        limit = os.pathconf(there, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows, or a file system that does not say
        return _USUAL_LIMIT
    return limit if 32 <= limit <= _USUAL_LIMIT else _USUAL_LIMIT


def shortened(name: str, most: int) -> str:
    """`name` if it has at most `most` bytes as UTF-8; else its beginning, whole characters only, and eight hexadecimal
    digits of the hash of all of it."""
    data = os.fsencode(name)
    if len(data) <= most:
        return name
    mark = f"~{hashlib.sha256(data).hexdigest()[:8]}"
    kept = data[: max(0, most - len(mark))].decode(errors="ignore")
    while kept and unicodedata.combining(name[len(kept)]):  # an accent belongs to the letter before it
        kept = kept[:-1]
    return kept.rstrip() + mark


def publish(data: Data, names: Iterator[Path], source: Path) -> Path:
    """Write `data` to a file without a name in the target folder, then give it the first free of `names`.

    The new file gets the read and write permissions of `source`, and its time. Raises ImageWriteError when the disk is
    full, the folder missing or read-only and the like; nothing is left behind then, nor when it is interrupted or
    killed. Where the system has no nameless files a hidden temporary one serves; a kill can leave that one, and
    `_sweep` removes it. What making the data raises, other than OSError, is passed on.
    """
    first = next(names)
    mode = source.stat().st_mode & 0o666 | 0o600
    try:
        path = _publish_nameless(data, first, names, mode) or _publish_hidden(data, first, names, mode)
        _copy_times(source, path)
        sync_path(first.parent)
    except OSError as e:
        reason = DISK_FULL() if e.errno == errno.ENOSPC else CANNOT_WRITE(detail=e.strerror or str(e))
        raise ImageWriteError(f"{first}: cannot be written ({e.strerror or e}); nothing was left behind", reason) from e
    return path


def _copy_times(source: Path, path: Path) -> None:
    """Photos without a date are sorted by their file's time, and a copy belongs beside its original."""
    with suppress(OSError):  # some network mounts keep times to themselves
        stat = source.stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _publish_nameless(data: Data, first: Path, names: Iterator[Path], mode: int) -> Path | None:
    """Linux: the file appears under its name only when it is whole. None where that is not possible."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    folder = os.open(first.parent, os.O_RDONLY)
    try:
        with os.fdopen(os.open(first.parent, os.O_TMPFILE | os.O_WRONLY, mode), "wb") as file:
            _fill(file, data, mode)
            for path in chain((first,), names):
                try:
                    # With a folder given, Python uses linkat and follows the link in /proc to the open file.
                    os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=folder, follow_symlinks=True)
                except FileExistsError:
                    continue
                return path
            raise OSError(errno.EEXIST, _TOO_MANY)
    except OSError as e:
        if e.errno in {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EXDEV, errno.EPERM}:
            return None  # no such files here, or no /proc; a missing folder fails again below
        raise
    finally:
        os.close(folder)


def _publish_hidden(data: Data, first: Path, names: Iterator[Path], mode: int) -> Path:
    prefix = f".{shortened(first.stem, name_limit(first.parent) - _ROOM)}."
    _sweep(first.parent, prefix)
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=_PARTIAL, dir=first.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _fill(file, data, mode)
        return _take_name(temporary, first, names)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _fill(file: IO[bytes], data: Data, mode: int) -> None:
    if callable(data):
        data(file)
    else:
        file.write(data)
    file.flush()
    os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what a process that was killed while writing this photo left behind."""
    for path in folder.iterdir():
        if path.name.startswith(prefix) and path.suffix == _PARTIAL and time.time() - path.stat().st_mtime > _STALE_S:
            path.unlink(missing_ok=True)


def _take_name(temporary: Path, first: Path, names: Iterator[Path]) -> Path:
    """A hard link fails when the name is taken, where a rename would overwrite."""
    for path in chain((first,), names):
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            continue
        except OSError as e:
            if e.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EACCES}:
                raise
            if not _claim(path, temporary):
                continue
            return path
        temporary.unlink()
        return path
    raise OSError(errno.EEXIST, _TOO_MANY)


def _claim(path: Path, temporary: Path) -> bool:
    """For file systems without hard links (FAT, some network mounts): hold the name with an empty file, then rename."""
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    try:
        temporary.replace(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def sync_path(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on (where the system can)."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
