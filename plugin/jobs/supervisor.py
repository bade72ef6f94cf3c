"""Keeps one worker process at work: starts it when a job is due, and ends it when it hangs or eats the memory.

Runs in the service's main process, or in the foreground for `iconface jobs run`. Loads no model: what crashes is the
worker, and then its job is given back or failed at once, with the reason.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from gallery_db import Gallery, Tx
from gallery_db.errors import GalleryBusyError, GalleryError, SchemaTooNewError
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import JobRecord
from iconface_core.reasons import Reason

from ..own_process import own_module
from ..reason_words import in_words
from . import crash_policy
from .presence import Presence
from .registry import HANDLERS
from .worker_process import Limits, WorkerProcess, death

log = logging.getLogger(__name__)

IN_VAIN_S = 5.0
"""After a worker that found nothing to claim, the next one starts so much later."""


def worker_command(home: Path | None, kinds: Sequence[str] | None = None) -> tuple[str, ...]:
    """The worker of this installation. `home` is the gallery's, None for the user's own; `kinds` None: of all jobs."""
    chosen = () if home is None else ("--home", str(home))
    only = () if kinds is None else ("--kinds", ",".join(kinds))
    return (*own_module(f"{__package__}.worker"), *chosen, *only)


class Supervisor:
    """One worker at a time over the queue of `gallery`. `on_end(job)` is called after a job ended or was given back,
    `refill()` before the queue is looked at: it may bring in jobs from elsewhere. `presence` tells other machines."""

    def __init__(
        self,
        gallery: Gallery,
        command: Sequence[str],
        log_file: Path,
        *,
        limits: Limits | None = None,
        kinds: Sequence[str] = tuple(HANDLERS),
        presence: Presence | None = None,
        on_end: Callable[[JobRecord], None] = lambda _: None,
        refill: Callable[[], object] = lambda: None,
    ) -> None:
        self._gallery, self._command, self._log_file = gallery, tuple(command), log_file
        self._limits = limits or Limits()
        self._kinds, self._on_end, self._refill = tuple(kinds), on_end, refill
        self._presence = presence
        self._wake, self._stopping, self._over = Event(), Event(), Event()
        self._worker: WorkerProcess | None = None
        self._careful = False
        self._stillborn = 0

    def wake(self) -> None:
        """There is something new in the queue."""
        self._wake.set()

    def stop(self) -> None:
        """End `run` soon; the worker is asked to end first."""
        self._stopping.set()
        self._wake.set()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def status(self) -> Mapping[str, Any]:
        """The worker as others see it: pid, memory, and its job; empty when there is none."""
        worker = self._worker
        return {} if worker is None else worker.status()

    def run(self, *, drain: bool = False, linger_s: float | None = None) -> None:
        """Work until `stop`; with `drain` until nothing is due, nor in the hands of a worker whose supervisor was
        killed; with `linger_s` until nothing was due for so long. Raises SchemaTooNewError when another machine has
        updated a shared gallery."""
        busy = time.monotonic()
        try:
            if self._presence is not None:
                self._presence.start()
                Thread(target=self._gallery.listen, args=(self.wake, self._over), name="listen", daemon=True).start()
            while not self._stopping.is_set():
                self._wake.clear()
                wait, orphaned = self._look()
                if wait <= 0:
                    self._attend(drain=drain)
                    busy = time.monotonic()
                    continue
                if drain and not orphaned:
                    return
                if linger_s is not None and time.monotonic() - busy >= linger_s:
                    return
                self._wake.wait(min(wait, self._limits.poll_s))
        finally:
            self._end_worker()
            self._over.set()
            if self._presence is not None:
                self._presence.stop()

    def _look(self) -> tuple[float, bool]:
        """Seconds until a job is due, and whether a worker without a supervisor still has one: it ends it, gives it
        back, or its lease runs out. Both as of one moment: what is given back in between would be seen by neither. A
        busy gallery is asked again a little later."""
        self._refill_safely()
        try:
            with self._gallery.begin(write=False) as tx:
                self._gallery.must_fit(tx)
                due, now = tx.jobs.next_due(kinds=self._kinds), tx.jobs.now()
                orphaned = not self._gallery.shared and self._orphaned(tx)  # there it may be another machine's
        except SchemaTooNewError:
            raise
        except GalleryError as e:
            log.warning("the queue cannot be read: %s", e)
            return 1.0, isinstance(e, GalleryBusyError)
        return (float("inf") if due is None else due - now), orphaned

    def _orphaned(self, tx: Tx) -> bool:
        paused = tx.jobs.paused()
        mine = [j.kind for j in tx.jobs.find(states=("running",)) if j.kind in self._kinds]
        return any(not paused & {kind, EVERYTHING} for kind in mine)

    def _refill_safely(self) -> None:
        try:
            self._refill()
        except (GalleryError, OSError) as e:
            log.warning("requests stay where they are for now: %s", e)

    def _attend(self, *, drain: bool) -> None:
        """Start a worker and watch it until it ends."""
        idle = "0" if drain else str(self._limits.idle_s)
        argv = [*self._command, "--idle", idle, *(["--careful"] if self._careful else [])]
        try:
            self._worker = worker = WorkerProcess(argv, self._log_file, self._ended)
        except OSError as e:  # no memory for a process, no log to write: the service waits for better times
            log.warning("no worker can be started: %s", e)
            self._back_off()
            return
        reason = None
        while worker.running():
            self._wake.wait(worker.pulse_s)
            if self._stopping.is_set():
                self._end_worker()
                return
            if self._wake.is_set():
                self._wake.clear()
                self._refill_safely()
                worker.send("wake")
            reason = worker.excess(self._limits)
            if reason is not None:
                worker.kill()
                break
        code = worker.wait()
        self._worker = None
        if worker.job is None and code == 0:
            self._stillborn = 0
            if not worker.claimed:
                # What is due may not be claimed yet: the same work is in the hands of another process.
                self._wake.wait(IN_VAIN_S)
            return
        self._bury(worker, reason or death(code))

    def _bury(self, worker: "WorkerProcess", reason: Reason) -> None:
        said, looking = in_words(reason), sorted(worker.looking)
        log.warning("worker %d: %s; job %s, photos in hand %s", worker.pid, said, worker.job, looking)
        if worker.job is None:
            # It dies without a job: a broken installation must not become a busy loop.
            self._back_off()
            return
        self._stillborn = 0
        job_id, attempts = worker.job
        try:
            with self._gallery.begin() as tx:
                job = tx.jobs.get(job_id)
                if (job.state, job.attempts) != ("running", attempts):
                    return  # finished or cancelled just before
                verdict = crash_policy.settle(
                    tx, job, worker.looking, reason, tx.jobs.now(), backoff_s=self._limits.backoff_s
                )
                after = tx.jobs.get(job_id)
        except GalleryError as e:
            log.warning("job %d waits for the end of its lease: %s", job_id, e)
            return
        self._careful = self._careful or verdict.careful
        if verdict.quarantined is not None:
            log.warning("left alone from now on: %s", verdict.quarantined)
        self._announce(after)

    def _back_off(self) -> None:
        self._stillborn += 1
        self._wake.wait(min(300.0, 2.0 ** min(self._stillborn, 10)))

    def _ended(self, job_id: int, outcome: str) -> None:
        """Called from the worker's listening thread."""
        if outcome == "done":
            self._careful = False
        with self._gallery.begin(write=False) as tx:
            job = tx.jobs.get(job_id)
        self._announce(job)

    def _announce(self, job: JobRecord) -> None:
        try:
            self._on_end(job)
        except Exception:  # who listens must not stop the work
            log.exception("job %d ended, but telling so failed", job.id)

    def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.send("stop")
        if not worker.ended_within(self._limits.stop_s):
            worker.kill()
        worker.wait()
        if worker.job is None:
            return
        job_id, attempts = worker.job
        # If the gallery is busy now, the job is claimed again when its lease is over.
        with suppress(GalleryError), self._gallery.begin() as tx:
            job = tx.jobs.get(job_id)
            if (job.state, job.attempts) == ("running", attempts):
                tx.jobs.release(job)
