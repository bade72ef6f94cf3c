"""A service steps aside: for a command that needs the gallery to itself, or because iconface was updated.

It ends its work as if stopped, lets those finish who asked for it, and is then replaced by the same command once more:
in the same process, so that systemd, launchd or a terminal see nothing of it.
"""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from filelock import FileLock

from ..folders import Folders
from .control import ask
from .lock import only_service

PATIENCE_S = 60.0
"""A worker may need a quarter of that to give its job back."""

LOOK_S = 60.0
"""How often a service looks whether it was updated. Seen twice in a row: an installer is not interrupted."""


@contextmanager
def alone(folders: Folders) -> Generator[None]:
    """No service has the gallery open while this runs. One that runs starts again afterwards.

    Raises BusyError when another command does the jobs, or a service does not give way.
    """
    folders.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(_lock_file(folders.runtime)):
        ask(folders.runtime, "restart")
        with only_service(folders, patience_s=PATIENCE_S):
            yield


def put_backup_back(folders: Folders, source: Path) -> Path | None:
    """Put a backup in place of the gallery's database, with no service at work meanwhile. Returns the copy that is kept
    of the database before, None when there was none. Raises BusyError as `alone`, GalleryError for a file that is no
    sound backup: nothing is changed then."""
    from gallery_db.database.backups import restore_backup

    where = folders.gallery
    with alone(folders):
        if isinstance(where, Path):
            return restore_backup(source, where)
        from gallery_db.database.postgres import restore_dump

        return restore_dump(where, source, folders.backups)


def start_anew(runtime: Path) -> NoReturn:
    """Become the command that started this process, with the program of now. Raises OSError when it is gone."""
    for number in ending_signals():
        signal.signal(number, signal.SIG_DFL)  # nothing is left that would have to end in order
    with FileLock(_lock_file(runtime)):
        pass
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line


def ending_signals() -> list[signal.Signals]:
    """Ctrl-C, `kill` and a closed terminal; not what `nohup` or a shell's `&` had this process ignore."""
    found = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    return [s for s in found if s is not None and signal.getsignal(s) is not signal.SIG_IGN]


class Updates:
    """Notices that another version of iconface was installed than the one that runs."""

    def __init__(self) -> None:
        self.running = installed()
        self._seen = self.running
        self._looked = 0.0

    def come(self, now: float) -> bool:
        """Whether there is another one for a while. Looks at most once in `LOOK_S`; `now` in seconds of any clock."""
        if now - self._looked < LOOK_S:
            return False
        self._looked, before = now, self._seen
        self._seen = installed()
        return self._seen not in ("", self.running) and self._seen == before


def installed() -> str:
    """The version on the disk; empty while an installer is at work."""
    try:
        return version("iconface")
    except PackageNotFoundError:
        return ""


def _lock_file(runtime: Path) -> Path:
    return runtime / "aside.lock"
