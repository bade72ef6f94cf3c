"""The lease of a running job: it keeps the job with its worker, and answers what the job asks."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from gallery_db import Tx
from gallery_db.errors import GalleryError
from gallery_db.records import JobRecord

from ..job_kinds import HAND
from .context import JobCancelled, JobContext, StopReason

if TYPE_CHECKING:
    from ..app import App

LEASE_S = 30.0
"""A job whose worker was silent for so long may be claimed again. A silent worker that still lives keeps its job as
long as nobody else claimed it."""

ASK_S = 0.25
"""`JobContext.check` asks the queue at most so often."""

TELL_S = 1.0
"""Progress is stored at most so often; the last report of a job always is, in its result."""

MODEL_IDLE_S = 120.0
"""A model that was not used for so long is dropped, even while other jobs run."""


class Lease:
    """Keeps one job ours while it runs, and answers its questions."""

    def __init__(
        self, app: "App", job: JobRecord, kinds: Sequence[str], stopping: Event, tell: Callable[..., None]
    ) -> None:
        self._app, self._job, self._kinds, self._stopping, self._tell = app, job, kinds, stopping, tell
        self._over = Event()
        self._lost: StopReason | None = None
        self._asked = self._told = self._stored = 0.0
        self._thread = Thread(target=self._beat, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def context(self) -> JobContext:
        return JobContext(
            self._job.origin,
            job_id=self._job.id,
            priority=self._job.priority,
            report=self._report,
            why_stop=self._why_stop,
            looking=lambda path, begins: self._tell(event="looking", path=str(path), begins=begins),
        )

    def must_be_ours(self, tx: Tx) -> None:
        """Before anything is written for this job. Who was frozen until the lease was over would write its result over
        that of the next one. Raises JobCancelled, and SchemaTooNewError."""
        self._app.gallery.must_fit(tx)
        if not tx.jobs.heartbeat(self._job, tx.jobs.now(), LEASE_S):
            raise JobCancelled("lost")

    def _beat(self) -> None:
        pause = LEASE_S / 3
        while not self._over.wait(pause):
            # While the job itself writes for long, nobody can take it; right after that somebody could.
            beaten = self._extend(None) or not self._app.gallery.shared
            pause = LEASE_S / 3 if beaten else ASK_S
            self._app.unload_idle(MODEL_IDLE_S)

    def _extend(self, progress: Mapping[str, Any] | None) -> bool:
        """Whether the gallery could be written."""
        # A gallery that is busy for a while is not a reason to drop the work: the lease outlives a few missed beats.
        with suppress(GalleryError), self._app.gallery.begin(alone=False) as tx:
            if not tx.jobs.heartbeat(self._job, tx.jobs.now(), LEASE_S, progress):
                self._lost = "lost"
            return True
        return False

    def _report(self, progress: Mapping[str, Any]) -> None:
        now = time.monotonic()
        if now - self._told >= ASK_S:
            self._told = now
            self._tell(event="progress", job=self._job.id, **progress)
        if now - self._stored >= TELL_S:
            self._stored = now
            self._extend(progress)

    def _why_stop(self) -> StopReason | None:
        if self._stopping.is_set():
            return "stopping"
        now = time.monotonic()
        if now - self._asked < ASK_S:
            return None
        self._asked = now
        with self._app.gallery.begin(write=False) as tx:
            return tx.jobs.why_stop(self._job, tx.jobs.now(), overtaking=HAND, kinds=self._kinds) or self._lost
