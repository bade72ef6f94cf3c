"""Drive a clean-up from a command: its worker runs here, or in the service when that holds the queue."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db import Gallery
from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import JobRecord
from iconface_core.reasons import from_json

from ..errors import BusyError
from ..job_payloads import CLEANUP_ITEM, RESTORE
from ..reason_words import in_words
from ..service.control import ask
from ..service.lock import only_service
from ..service.run import make_supervisor
from ..settings import Settings
from .feeder import open_jobs, stop

if TYPE_CHECKING:
    from ..jobs.supervisor import Supervisor

NAP_S = 30.0
"""While the gate is shut the queue is looked at again after so long."""


@dataclass(slots=True)
class Waiting:
    """Why nothing happens at the moment: until when (Unix seconds), and what went wrong or is waited for."""

    until: float
    why: str


def drive(
    gallery: Gallery,
    settings: Settings,
    home: Path | None,
    *,
    on_end: Callable[[JobRecord], None],
    on_wait: Callable[[Waiting], None],
) -> str:
    """Work until the clean-up is done or paused. Returns "done", "paused", or "service" when the service does it.

    Ctrl-C stops at once: the photo in hand is given back, and the next run goes on there.
    """
    try:
        with only_service(settings.folders):
            supervisor = make_supervisor(gallery, settings, home, _only_ours(on_end))
            return _work(gallery, supervisor, on_wait)
    except BusyError:
        ask(settings.folders.runtime, "wake")
        return "service"


def _work(gallery: Gallery, supervisor: "Supervisor", on_wait: Callable[[Waiting], None]) -> str:
    told = ""
    while True:
        supervisor.run(drain=True)
        if open_jobs(gallery) == 0:
            return "done"
        with gallery.begin(write=False) as tx:
            if tx.jobs.paused() & {CLEANUP_ITEM, RESTORE, EVERYTHING}:
                return "paused"
            due = tx.jobs.next_due() or time.time()
            why = _why(tx)
        if why != told:
            told = why
            on_wait(Waiting(due, why))
        time.sleep(min(max(due - time.time(), 0.2), NAP_S))


def _why(tx: Tx) -> str:
    """What the photo that is tried again last failed on, such as a full disk; else what the feeder said."""
    failed = [j.error for j in tx.jobs.find(kind=RESTORE, states=("waiting",), origin=ORIGIN) if j.error]
    if failed:
        return in_words(failed[-1])
    ended = tx.jobs.find(kind=CLEANUP_ITEM, states=("done",))
    text = (ended[-1].progress or {}).get("text") if ended else None
    return "" if text is None else in_words(from_json(text))


def _only_ours(on_end: Callable[[JobRecord], None]) -> Callable[[JobRecord], None]:
    def ended(job: JobRecord) -> None:
        if job.kind == RESTORE and job.origin == ORIGIN and job.state in ("done", "failed"):
            on_end(job)

    return ended


def pause(gallery: Gallery, runtime: Path) -> None:
    """Feed no more photos; those given to the queue before are still done. Lasts until the next `cleanup run`."""
    with gallery.begin() as tx:
        tx.jobs.pause(CLEANUP_ITEM)
    ask(runtime, "wake")


def end(gallery: Gallery, runtime: Path) -> None:
    """Have no more of it done, now."""
    with gallery.begin() as tx:
        stop(tx)
    ask(runtime, "wake")


def unpause(gallery: Gallery) -> None:
    """Go on."""
    with gallery.begin() as tx:
        if CLEANUP_ITEM in tx.jobs.paused():
            tx.jobs.resume(CLEANUP_ITEM)
