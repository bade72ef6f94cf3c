"""A small durable queue. Jobs are enqueued in the caller's transaction, so a crash loses neither row nor job."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import Connection, Row, and_, exists, func, or_, select, update

from .errors import NotFoundError
from .records import JobRecord, JobState, Origin
from .rows import from_json, to_json
from .schema import job


class JobRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

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
    ) -> int:
        """Add a job; higher priority runs first. A waiting job of the same kind and dedupe key is reused (payload
        replaced, higher priority and earlier start win; with the higher priority comes its `origin`, who asked).
        Returns the job id. `run_after` None: at once."""
        now = time.time()
        start = now if run_after is None else run_after
        body = to_json(dict(payload or {}))
        if dedupe is not None:
            same = and_(job.c.kind == kind, job.c.dedupe == dedupe, job.c.state == "waiting")
            old = self._c.execute(select(job).where(same)).first()
            if old is not None:
                values = {
                    "payload": body,
                    "priority": max(priority, old.priority),
                    "run_after": min(start, old.run_after),
                    "origin": origin if priority > old.priority else old.origin,
                }
                self._c.execute(update(job).where(job.c.id == old.id).values(values))
                return int(old.id)
        row = {
            "kind": kind,
            "payload": body,
            "dedupe": dedupe,
            "state": "waiting",
            "priority": priority,
            "attempts": 0,
            "max_attempts": max_attempts,
            "run_after": start,
            "created_at": now,
            "origin": origin,
        }
        return int(self._c.scalars(job.insert().values(row).returning(job.c.id)).one())

    def claim(self, now: float, lease_s: float, *, kinds: Sequence[str] | None = None) -> JobRecord | None:
        """Take the next job that may run: waiting, or running with an expired lease (its worker died). A job whose last
        allowed attempt expired becomes `failed`. Two jobs of one kind and dedupe key never run at once."""
        expired = and_(job.c.state == "running", job.c.lease_until < now)
        spent = {"state": "failed", "error": "the worker died during the last attempt", "finished_at": now}
        given_up = update(job).where(expired, job.c.attempts >= job.c.max_attempts)
        self._c.execute(given_up.values(**spent, lease_until=None))
        twin = job.alias("twin")
        running_twin = exists().where(
            twin.c.kind == job.c.kind,
            twin.c.dedupe == job.c.dedupe,
            twin.c.id != job.c.id,
            twin.c.state == "running",
            # An expired twin must be resumed first, so it blocks as well.
        )
        ready = or_(expired, and_(job.c.state == "waiting", job.c.run_after <= now))
        query = select(job.c.id).where(ready, ~running_twin).order_by(job.c.priority.desc(), job.c.id).limit(1)
        if kinds is not None:
            query = query.where(job.c.kind.in_(kinds))
        job_id = self._c.scalar(query)
        if job_id is None:
            return None
        claimed = {"state": "running", "lease_until": now + lease_s, "attempts": job.c.attempts + 1}
        self._c.execute(update(job).where(job.c.id == job_id).values(claimed))
        return self.get(job_id)

    def heartbeat(self, job: JobRecord, now: float, lease_s: float, progress: Mapping[str, Any] | None = None) -> bool:
        """Extend the lease. False: the job was cancelled or taken over; stop working on it."""
        values: dict[str, Any] = {"lease_until": now + lease_s}
        if progress is not None:
            values["progress"] = to_json(dict(progress))
        return self._change(job, values)

    def finish(self, job: JobRecord, now: float) -> bool:
        """False: no longer ours, nothing was changed."""
        return self._change(job, {"state": "done", "finished_at": now, "lease_until": None, "error": None})

    def fail(self, job: JobRecord, error: str, now: float, *, retry: bool = True, backoff_s: float = 30.0) -> bool:
        """Back to waiting after `backoff_s * 2**(attempts - 1)`, or `failed` after the last attempt or without `retry`.
        When the same work was enqueued again meanwhile, that job takes over and this one is `failed`."""
        again = retry and job.attempts < job.max_attempts and not self._waiting_twin(job)
        if again:
            later = now + backoff_s * 2.0 ** (job.attempts - 1)
            return self._change(job, {"state": "waiting", "run_after": later, "lease_until": None, "error": error})
        return self._change(job, {"state": "failed", "finished_at": now, "lease_until": None, "error": error})

    def release(self, job: JobRecord) -> bool:
        """Back to waiting at once, without counting the attempt (Ctrl-C)."""
        if self._waiting_twin(job):
            return self._change(job, {"state": "cancelled", "lease_until": None})
        return self._change(job, {"state": "waiting", "attempts": job.attempts - 1, "lease_until": None})

    def cancel(self, job_id: int, now: float) -> bool:
        """Cancel a waiting or running job; a running one learns of it at its next heartbeat."""
        live = and_(job.c.id == job_id, job.c.state.in_(("waiting", "running")))
        values = {"state": "cancelled", "finished_at": now, "lease_until": None}
        return self._c.execute(update(job).where(live).values(values)).rowcount == 1

    def get(self, job_id: int) -> JobRecord:
        """Raises NotFoundError."""
        row = self._c.execute(select(job).where(job.c.id == job_id)).first()
        if row is None:
            raise NotFoundError(f"no job with id {job_id}")
        return _record(row)

    def waiting(self, kind: str, dedupe: str) -> JobRecord | None:
        """The waiting job with this key, whose payload a caller may want to add to."""
        same = and_(job.c.kind == kind, job.c.dedupe == dedupe, job.c.state == "waiting")
        row = self._c.execute(select(job).where(same)).first()
        return None if row is None else _record(row)

    def find(
        self, *, kind: str | None = None, states: Sequence[JobState] | None = None, limit: int | None = None
    ) -> list[JobRecord]:
        """In order of id."""
        query = select(job).order_by(job.c.id).limit(limit)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        if states is not None:
            query = query.where(job.c.state.in_(states))
        return [_record(r) for r in self._c.execute(query)]

    def counts(self, kind: str | None = None) -> Mapping[JobState, int]:
        """Jobs per state; every state has an entry."""
        query = select(job.c.state, func.count().label("n")).group_by(job.c.state)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        return dict.fromkeys(get_args(JobState), 0) | {r.state: r.n for r in self._c.execute(query)}

    def _change(self, mine: JobRecord, values: Mapping[str, Any]) -> bool:
        """Only while the lease is still ours: `attempts` grows with every claim, so it tells ours from a later one."""
        ours = and_(job.c.id == mine.id, job.c.state == "running", job.c.attempts == mine.attempts)
        return self._c.execute(update(job).where(ours).values(values)).rowcount == 1

    def _waiting_twin(self, mine: JobRecord) -> bool:
        same = and_(job.c.kind == mine.kind, job.c.dedupe == mine.dedupe, job.c.state == "waiting")
        return mine.dedupe is not None and bool(self._c.scalar(select(exists().where(same))))


def _record(row: Row[Any]) -> JobRecord:
    values = dict(row._mapping)
    values["payload"] = from_json(row.payload)
    values["progress"] = from_json(row.progress)
    return JobRecord(**values)
