"""What callers may ask of the queue, whatever engine keeps it.

Here it is `gallery_db.jobs.repository.JobRepo` over the tables of the gallery, in SQLite; over PostgreSQL the same
class passes the same tests. Whoever keeps a queue has to keep these promises: `enqueue` belongs to the caller's
transaction; at most one waiting job per kind and dedupe key; nobody else enqueues or takes the work that `waiting`
asked for until that caller's transaction ends; a claimed job has a lease, and whoever lost it can change nothing
(`attempts` tells leases apart).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

from gallery_db.records import JobRecord, JobState, Origin
from iconface_core.reasons import Reason

EVERYTHING = "*"
"""In place of a kind: the whole queue."""

StopReason = Literal["cancelled", "lost", "paused", "overtaken"]


class JobQueue(Protocol):
    """One transaction's view of the queue. Clock values are Unix seconds; docstrings are at `JobRepo`."""

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any] | None = None,
        *,
        dedupe: str | None = None,
        priority: int = 0,
        max_attempts: int = 3,
        run_after: float | None = None,
        origin: Origin | None = None,
        root_id: int | None = None,
        here: bool = False,
    ) -> int: ...
    def now(self) -> float: ...
    def claim(
        self, now: float, lease_s: float, *, kinds: Sequence[str] | None = None, leave: Collection[int] = ()
    ) -> JobRecord | None: ...
    def heartbeat(
        self, job: JobRecord, now: float, lease_s: float, progress: Mapping[str, Any] | None = None
    ) -> bool: ...
    def why_stop(
        self,
        mine: JobRecord,
        now: float,
        *,
        overtaking: int | None = None,
        kinds: Sequence[str] | None = None,
        leave: Collection[int] = (),
    ) -> StopReason | None: ...
    def next_due(self, *, kinds: Sequence[str] | None = None, leave: Collection[int] = ()) -> float | None: ...
    def finish(self, job: JobRecord, now: float, result: Mapping[str, Any] | None = None) -> bool: ...
    def fail(
        self, job: JobRecord, error: Reason, now: float, *, retry: bool = True, backoff_s: float = 30.0
    ) -> bool: ...
    def release(self, job: JobRecord, *, run_after: float | None = None, error: Reason | None = None) -> bool: ...
    def cancel(self, job_id: int, now: float) -> bool: ...
    def retry(self, job_id: int) -> bool: ...
    def put_first(self, job_id: int, priority: int) -> bool: ...
    def purge(
        self,
        before: float,
        *,
        kind: str | None = None,
        states: Sequence[JobState] = ("done", "cancelled"),
        spare: Origin | None = None,
    ) -> int: ...
    def pause(self, kind: str = EVERYTHING) -> None: ...
    def resume(self, kind: str = EVERYTHING) -> None: ...
    def paused(self) -> frozenset[str]: ...
    def get(self, job_id: int) -> JobRecord: ...
    def waiting(self, kind: str, dedupe: str) -> JobRecord | None: ...
    def latest(self, kind: str, dedupe: str) -> JobRecord | None: ...
    def find(
        self,
        *,
        kind: str | None = None,
        states: Sequence[JobState] | None = None,
        origin: Origin | None = None,
        root_id: int | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]: ...
    def forget(self, job_id: int) -> None: ...
    def ended(
        self, since: float, *, states: Sequence[JobState] = ("done",), limit: int | None = None
    ) -> list[JobRecord]: ...
    def counts(self, kind: str | None = None) -> Mapping[JobState, int]: ...
