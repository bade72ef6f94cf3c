"""Temporary files and folders by one rule, so that what a killed process leaves is known, and swept by the next one.

A temporary lies beside what it becomes and is called `NAME.PID.unfinished`. It is a left-over as soon as that process
is gone. Older releases had other endings, some without a process in them: those count after an hour without a change.
"""

import os
import re
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Seven digits: no process has more, and the resumable parts of downloads have eight hexadecimal ones there.
_OURS = re.compile(r".*\.(\d{1,7})\.(?:unfinished|part|restoring|tmp)(?:-journal|-wal|-shm)?", re.DOTALL)
_OLD = re.compile(r"\.tmp\w{6}|.*\.partial", re.DOTALL)  # of safetensors, and of model files
_OLD_S = 3600.0


def temporary(target: Path) -> Path:
    """The name under which this process prepares `target`, in the same folder."""
    return target.with_name(f"{target.name}.{os.getpid()}.unfinished")


def drop(temp: Path) -> None:
    """Remove what was prepared, if it is there; what cannot be removed now is swept later, so the error that is on its
    way stays the one that is told."""
    with suppress(OSError):
        temp.unlink()


def leftovers(folder: Path, of: str = "") -> list[Path]:
    """What killed processes left directly in `folder`, sorted; empty for a folder that is not there. `of`: only of
    targets whose name begins so. Needed in a folder that is not ours alone."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if e.name.startswith(of) and _is_leftover(e))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def sweep(folders: Iterable[Path], of: str = "") -> list[Path]:
    """Remove what killed processes left in these folders (see `leftovers`). Returns what could not be removed."""
    stuck = []
    for path in (p for folder in folders for p in leftovers(folder, of)):
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        except OSError:
            stuck.append(path)
    return stuck


def _is_leftover(entry: "os.DirEntry[str]") -> bool:
    if found := _OURS.fullmatch(entry.name):
        return int(found[1]) != os.getpid() and not _works_on(int(found[1]), entry)
    return _OLD.fullmatch(entry.name) is not None and time.time() - _changed(entry) > _OLD_S


def _works_on(pid: int, entry: "os.DirEntry[str]") -> bool:
    """Whether the process that made it still runs: one that began later has only got the same number."""
    import psutil  # only where something lies about

    try:
        return psutil.Process(pid).create_time() <= _changed(entry) + 1.0
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OverflowError, ValueError):
        return True


def _changed(entry: "os.DirEntry[str]") -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return time.time()
