"""What a handler holds of its job: it reports progress, asks whether to go on, and names the photo it looks at."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from gallery_db.records import Origin
from iconface_core.reasons import Reason

from ..progress import Counted

StopReason = Literal["cancelled", "lost", "paused", "overtaken", "stopping"]


class JobCancelled(Exception):  # noqa: N818 - not an error: the handler lets it pass
    """The handler must stop now. `reason` says why; anything but `cancelled` and `lost` is run again later.

    Let it pass through, as KeyboardInterrupt: nothing half done may stay behind.
    """

    def __init__(self, reason: StopReason) -> None:
        super().__init__(f"the job was {reason}")
        self.reason: StopReason = reason


class JobFailedError(Exception):
    """The job cannot be done, and trying again would not help. The reason is kept with the job."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason.code))
        self.reason = reason


class NotYet(Exception):  # noqa: N818 - not an error: the job waits
    """The job has to wait for others, and is run again in `seconds`. No attempt is counted."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the job waits for {seconds} s")
        self.seconds = seconds


class JobContext:
    """One running job. Callables come from whoever runs it: the worker, a command in the foreground, or a test.

    `report(progress)` keeps progress, `why_stop()` asks the queue, `looking(path, begins)` tells the supervisor which
    photo is being decoded, so that a crash can be blamed on it.
    """

    def __init__(
        self,
        origin: Origin | None = "hand",
        *,
        job_id: int | None = None,
        priority: int = 0,
        report: Callable[[Mapping[str, Any]], None] = lambda _: None,
        why_stop: Callable[[], StopReason | None] = lambda: None,
        looking: Callable[[Path, bool], None] = lambda _path, _begins: None,
    ) -> None:
        self.origin, self.job_id, self.priority = origin, job_id, priority
        self._report, self._why_stop, self._looking = report, why_stop, looking

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Tell how far it is. Also proves that the job is alive: without it for long, the worker is killed."""
        self._report({"done": done, "total": total, "text": text})

    def check(self) -> None:
        """Raise JobCancelled when cancelled, paused, or overtaken by somebody's right-click. Cheap: call it often."""
        reason = self._why_stop()
        if reason is not None:
            raise JobCancelled(reason)

    @contextmanager
    def looking_at(self, path: Path) -> Generator[None]:
        """Around work on one photo that might kill the process. A photo that does so three times is quarantined."""
        self._looking(path, True)
        try:
            yield
        finally:
            self._looking(path, False)

    def steps(self) -> "JobProgress":
        """This job as the `Progress` of a long function: every step reports and checks."""
        return JobProgress(self)


class JobProgress(Counted):
    """A `Progress` (../progress.py) over a job. A step raises JobCancelled when the job must stop."""

    def __init__(self, job: JobContext) -> None:
        super().__init__()
        self._job = job

    def total(self, n: int) -> None:
        super().total(n)
        self._job.progress(self._done, n)

    def step(self, note: str = "") -> None:
        self._done += 1
        self._job.progress(self._done, max(self._total, self._done), note)
        self._job.check()
