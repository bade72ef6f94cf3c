"""A scan by hand while another process scans: it waits for its turn, and shows how far the other one is."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import BusyError
from ..library.scan_jobs import RunningScan, running_scan
from ..library.scan_locks import only_one
from .output import Output

if TYPE_CHECKING:
    from ..app import App
    from ..progress import Progress

T = TypeVar("T")

LOOK_S = 0.3


def in_turn(out: Output, app: "App", scan: Callable[[], T]) -> T:
    """What `scan` returns, called once no other process holds the lock of scans. Ctrl-C ends the waiting."""
    while True:
        _wait(out, app)
        try:
            return scan()
        except BusyError:  # somebody else was quicker, or another machine is at it
            time.sleep(LOOK_S)


def _wait(out: Output, app: "App") -> None:
    lock_file = app.settings.folders.scan_lock
    if _free(lock_file):
        return
    who = "another scan runs" if running_scan(app.gallery) is None else "the service scans"
    out.note(f"{who} already; this one follows it (Ctrl-C: do not wait)")
    with out.progress("waiting for it", "photos") as progress:
        shown = _Mirror(progress)
        while not _free(lock_file):
            shown.show(running_scan(app.gallery))
            time.sleep(LOOK_S)


class _Mirror:
    """Shows the progress that other processes store with their jobs, one after the other."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._job_id, self._before, self._done = 0, 0, 0

    def show(self, scan: RunningScan | None) -> None:
        if scan is None:
            return
        if scan.job_id != self._job_id:
            self._job_id, self._before = scan.job_id, self._done
        self._progress.total(self._before + scan.total)
        for _ in range(self._before + scan.done - self._done):
            self._done += 1
            self._progress.step(scan.text)


def _free(lock_file: Path) -> bool:
    try:
        with only_one(lock_file, "scan"):
            return True
    except BusyError:
        return False
