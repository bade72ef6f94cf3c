"""A small durable queue. Jobs are enqueued in the caller's transaction, so a crash loses neither row nor job."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from .records import JobRecord, JobState


class JobRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any] | None = None,
        *,
        dedupe: str | None = None,
        priority: int = 0,
        max_attempts: int = 3,
        run_after: float | None = None,
    ) -> int:
        """Add a job; higher priority runs first. A waiting job of the same kind and dedupe key is reused (payload
        replaced, higher priority wins). Returns the job id."""
        raise NotImplementedError

    def claim(self, now: float, lease_s: float, *, kinds: Sequence[str] | None = None) -> JobRecord | None:
        """Take the next job that may run: waiting, or running with an expired lease (its worker died). A job whose last
        allowed attempt expired becomes `failed`. Two jobs of one kind and dedupe key never run at once."""
        raise NotImplementedError

    def heartbeat(self, job: JobRecord, now: float, lease_s: float, progress: Mapping[str, Any] | None = None) -> bool:
        """Extend the lease. False: the job was cancelled or taken over; stop working on it."""
        raise NotImplementedError

    def finish(self, job: JobRecord, now: float) -> bool:
        """False: no longer ours, nothing was changed."""
        raise NotImplementedError

    def fail(self, job: JobRecord, error: str, now: float, *, retry: bool = True, backoff_s: float = 30.0) -> bool:
        """Back to waiting after `backoff_s * 2**(attempts-1)`, or `failed` after the last attempt or with `retry` False."""
        raise NotImplementedError

    def release(self, job: JobRecord) -> bool:
        """Back to waiting at once, without counting the attempt (Ctrl-C)."""
        raise NotImplementedError

    def cancel(self, job_id: int, now: float) -> bool:
        """Cancel a waiting or running job; a running one learns of it at its next heartbeat."""
        raise NotImplementedError

    def get(self, job_id: int) -> JobRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def find(
        self, *, kind: str | None = None, states: Sequence[JobState] | None = None, limit: int | None = None
    ) -> list[JobRecord]:
        """In order of id."""
        raise NotImplementedError

    def counts(self, kind: str | None = None) -> Mapping[JobState, int]:
        """Jobs per state; every state has an entry."""
        raise NotImplementedError
