"""A scan by hand while another process scans: it waits for its turn, and shows how far the other one is."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import BusyError
from ..job_payloads import CHANGES, RECONCILE
from ..library.scanning import only_one
from .output import Output

if TYPE_CHECKING:
    from gallery_db import Gallery
    from gallery_db.records import JobRecord

    from ..progress import Progress

T = TypeVar("T")

LOOK_S = 0.3


def in_turn(out: Output, gallery: "Gallery", lock_file: Path, scan: Callable[[], T]) -> T:
    """What `scan` returns, called once no other process holds the lock of scans. Ctrl-C ends the waiting."""
    while True:
        _wait(out, gallery, lock_file)
        try:
            return scan()
        except BusyError:  # somebody else was quicker
            continue


def _wait(out: Output, gallery: "Gallery", lock_file: Path) -> None:
    if _free(lock_file):
        return
    who = "another scan runs" if _scanning(gallery) is None else "the service scans"
    out.note(f"{who} already; this one follows it (Ctrl-C: do not wait)")
    with out.progress("waiting for it", "photos") as progress:
        shown = _Mirror(progress)
        while not _free(lock_file):
            shown.show(_scanning(gallery))
            time.sleep(LOOK_S)


class _Mirror:
    """Shows the progress that other processes store with their jobs, one after the other."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._job_id, self._before, self._done = 0, 0, 0

    def show(self, job: "JobRecord | None") -> None:
        if job is None:
            return
        if job.id != self._job_id:
            self._job_id, self._before = job.id, self._done
        told = job.progress or {}
        self._progress.total(self._before + int(told.get("total", 0)))
        for _ in range(self._before + int(told.get("done", 0)) - self._done):
            self._done += 1
            self._progress.step(str(told.get("text", "")))


def _free(lock_file: Path) -> bool:
    try:
        with only_one(lock_file, "scan"):
            return True
    except BusyError:
        return False


def _scanning(gallery: "Gallery") -> "JobRecord | None":
    """The job of a service that scans; its progress is stored once a second."""
    with gallery.begin(write=False) as tx:
        jobs = [j for kind in (CHANGES, RECONCILE) for j in tx.jobs.find(kind=kind, states=("running",))]
    return jobs[0] if jobs else None
