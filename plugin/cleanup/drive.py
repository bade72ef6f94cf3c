"""Drive a clean-up from a command: its worker runs here, or in the service when that holds the queue."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gallery_db import Gallery
from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import CleanupRecord, JobRecord
from iconface_core.reasons import from_json

from ..errors import BusyError
from ..job_payloads import CLEANUP_ITEM, RESTORE, PhotoStep, QueuedChoices, RestorePayload, payload_of
from ..progress import Progress
from ..reason_words import in_words
from ..service.control import ask
from ..service.lock import only_service
from ..service.run import make_supervisor
from ..settings import Settings
from .feeder import open_jobs, resume, start, stop, unfinished
from .outcomes import ended_jobs
from .plan import CleanupPlan
from .schedule import Hours

if TYPE_CHECKING:
    from ..jobs.supervisor import Supervisor

NAP_S = 30.0
"""While the gate is shut the queue is looked at again after so long."""

DriveEnd = Literal["done", "paused", "service"]


@dataclass(slots=True)
class Waiting:
    """Why nothing happens at the moment: until when (Unix seconds), and what went wrong or is waited for."""

    until: float
    why: str


def drive(
    gallery: Gallery,
    settings: Settings,
    home: Path | None,
    run: CleanupRecord,
    *,
    progress: Progress,
    on_wait: Callable[[Waiting], None],
) -> DriveEnd:
    """Work until the clean-up `run` is done or paused. Returns "service" when the service does it. `progress` counts
    its photos.

    Ctrl-C stops at once: the photo in hand is given back, and the next run goes on there.
    """
    with gallery.begin(write=False) as tx:
        progress.total(run.photos - len(ended_jobs(tx, run)))

    def on_end(job: JobRecord) -> None:
        ours = job.kind == RESTORE and job.origin == ORIGIN and job.state in ("done", "failed")
        asked = payload_of(job, RestorePayload) if ours else None
        if asked is not None and asked.run == run.started_at:  # not what an earlier clean-up left in the queue
            progress.step(asked.path)

    try:
        with only_service(settings.folders):
            supervisor = make_supervisor(gallery, settings, home, on_end)
            return _work(gallery, supervisor, on_wait)
    except BusyError:
        ask(settings.folders.runtime, "wake")
        return "service"


def _work(gallery: Gallery, supervisor: "Supervisor", on_wait: Callable[[Waiting], None]) -> DriveEnd:
    told = ""
    while True:
        supervisor.run(drain=True)
        if open_jobs(gallery) == 0:
            return "done"
        with gallery.begin(write=False) as tx:
            if tx.jobs.paused() & {CLEANUP_ITEM, RESTORE, EVERYTHING}:
                return "paused"
            at = tx.jobs.now()
            left = max((tx.jobs.next_due() or at) - at, 0.0)
            why = _why(tx)
        if why != told:
            told = why
            on_wait(Waiting(time.time() + left, why))
        time.sleep(min(max(left, 0.2), NAP_S))


def _why(tx: Tx) -> str:
    """What the photo that is tried again last failed on, such as a full disk; else what the feeder said."""
    failed = [j.error for j in tx.jobs.find(kind=RESTORE, states=("waiting",), origin=ORIGIN) if j.error]
    if failed:
        return in_words(failed[-1])
    ended = tx.jobs.find(kind=CLEANUP_ITEM, states=("done",))
    text = (ended[-1].progress or {}).get("text") if ended else None
    return "" if text is None else in_words(from_json(text))


def begin(
    gallery: Gallery,
    plan: CleanupPlan,
    *,
    hours: Hours | None = None,
    idle: bool = False,
    restorer: str = "auto",
    photo_steps: tuple[PhotoStep, ...] = (),
) -> CleanupRecord:
    """Have done what a plan says, by the restorer that it was made for; `photo_steps` is what is done to the photos of
    its faces beside that. One that is not finished ends here."""
    options = QueuedChoices(restorer=restorer, photo_steps=photo_steps)
    with gallery.begin() as tx:
        _unpause(tx)
        return start(tx, plan.by_photo(), hours=hours, idle=idle, options=options, estimated=plan.estimate)


def go_on(gallery: Gallery, run: CleanupRecord, *, hours: Hours | None, idle: bool) -> None:
    """Go on with an unfinished one, at these times."""
    with gallery.begin() as tx:
        _unpause(tx)
        resume(tx, run, hours=hours, idle=idle)


def pause(gallery: Gallery, runtime: Path) -> bool:
    """Feed no more photos; those given to the queue before are still done. Lasts until the next `cleanup run`. False:
    no clean-up is at work."""
    if unfinished(gallery) is None:
        return False
    with gallery.begin() as tx:
        tx.jobs.pause(CLEANUP_ITEM)
    ask(runtime, "wake")
    return True


def end(gallery: Gallery, runtime: Path) -> bool:
    """Have no more of it done, now. False: no clean-up is at work."""
    if unfinished(gallery) is None:
        return False
    with gallery.begin() as tx:
        stop(tx)
    ask(runtime, "wake")
    return True


def unpause(gallery: Gallery) -> None:
    """Go on."""
    with gallery.begin() as tx:
        _unpause(tx)


def _unpause(tx: Tx) -> None:
    if CLEANUP_ITEM in tx.jobs.paused():
        tx.jobs.resume(CLEANUP_ITEM)
