"""A new file, complete or not there at all, that never replaces another one."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import ImageWriteError

_PARTIAL = ".part"
_STALE_S = 600.0
"""A partial file this old belongs to a process that was killed: writing takes seconds."""


def publish(data: bytes | memoryview, names: Iterator[Path], source: Path) -> Path:
    """Write `data` to a hidden temporary file of the target folder, then give it the first free of `names`.

    The new file gets the read and write permissions of `source`. Raises ImageWriteError when the disk is full, the
    folder missing or read-only and the like; nothing is left behind then, nor when it is interrupted.
    """
    first = next(names)
    folder = first.parent
    temporary: Path | None = None
    prefix = f".{first.stem}."
    try:
        _sweep(folder, prefix)
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=_PARTIAL, dir=folder)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(source.stat().st_mode & 0o666 | 0o600)
        path = _take_name(temporary, first, names)
        _sync_folder(folder)
    except OSError as e:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise ImageWriteError(f"{first}: cannot be written ({e.strerror or e}); nothing was left behind") from e
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
    return path


def _sweep(folder: Path, prefix: str) -> None:
    """Remove what a process that was killed while writing this photo left behind."""
    for path in folder.iterdir():
        if path.name.startswith(prefix) and path.suffix == _PARTIAL and time.time() - path.stat().st_mtime > _STALE_S:
            path.unlink(missing_ok=True)


def _take_name(temporary: Path, first: Path, names: Iterator[Path]) -> Path:
    """A hard link fails when the name is taken, where a rename would overwrite."""
    for path in (first, *names):
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
    raise OSError(errno.EEXIST, "too many restored versions of this photo in the folder")


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


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
