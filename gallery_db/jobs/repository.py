"""A small durable queue. Jobs are enqueued in the caller's transaction, so a crash loses neither row nor job.

The seam is `gallery_db.jobs.queue.JobQueue`. This class keeps it over SQLite, and over PostgreSQL at its usual
isolation (read committed). SQLite has one writer at a time; where writers run side by side, `FOR UPDATE SKIP LOCKED`
keeps two workers apart and a lock on the key two who enqueue the same work. SQLite's SQL leaves both out.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from gallery_db.database.acting import actor_of
from gallery_db.database.schema import job
from gallery_db.meta import MetaRepo
from gallery_db.records import JobRecord, JobState, Origin
from iconface_core.reason_codes import WORKER_DIED
from iconface_core.reasons import Reason, to_text

from .queue import EVERYTHING, StopReason
from .rows import ascii_json
from .table import PAUSED, JobTable

AT_ONCE = 0.0
"""`run_after` of what may run now. Not the clock's time: set back, the clock would keep a click waiting for hours."""


class JobRepo(JobTable):
    """The queue, changed by who asks for work and by who does it."""

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
    ) -> int:
        """Add a job; higher priority runs first. A waiting job of the same kind and dedupe key is reused (payload
        replaced, higher priority and earlier start win; with the higher priority comes its `origin`, who asked).
        Returns the job id. `run_after` None: at once, whatever happens to the clock. Of machines that share the queue
        only one that sees the root `root_id` takes it; `here`: only this one."""
        start = AT_ONCE if run_after is None else run_after
        body = self._stored(payload or {})
        old = None if dedupe is None else self.waiting(kind, dedupe)
        if old is not None:
            values = {
                "payload": body,
                "priority": max(priority, old.priority),
                "run_after": min(start, old.run_after),
                "origin": origin if priority > old.priority else old.origin,
                "root_id": root_id,
                "machine": self._machine.name if here else None,  # whoever asked last is there
                "actor": actor_of(self._c),
            }
            self._c.execute(update(job).where(job.c.id == old.id).values(values))
            self._tell()
            return old.id
        row = {
            "kind": kind,
            "payload": body,
            "dedupe": self._key(dedupe),
            "state": "waiting",
            "priority": priority,
            "attempts": 0,
            "max_attempts": max_attempts,
            "run_after": start,
            "created_at": self.now(),
            "origin": origin,
            "root_id": root_id,
            "machine": self._machine.name if here else None,
            "actor": actor_of(self._c),
        }
        self._tell()
        return int(self._c.scalars(job.insert().values(row).returning(job.c.id)).one())

    def claim(
        self, now: float, lease_s: float, *, kinds: Sequence[str] | None = None, leave: Collection[int] = ()
    ) -> JobRecord | None:
        """Take the next job that may run: waiting, or running with an expired lease (its worker died). A job whose last
        allowed attempt expired becomes `failed`. Two jobs of one kind and dedupe key never run at once, and nothing
        that is paused is given out, nor what is about one of the roots in `leave`."""
        paused = self.paused()
        if EVERYTHING in paused:
            return None
        expired = and_(job.c.state == "running", job.c.lease_until < now)
        spent = {"state": "failed", "error": to_text(WORKER_DIED()), "finished_at": now}
        given_up = select(job.c.id).where(expired, job.c.attempts >= job.c.max_attempts)
        ids = given_up.with_for_update(skip_locked=True)
        self._c.execute(update(job).where(job.c.id.in_(ids)).values(**spent, lease_until=None))
        allowed = and_(self._allowed(paused, kinds, leave), ~_TWIN_RUNS)
        waiting = and_(job.c.state == "waiting", job.c.run_after <= now)
        ways = (self._best_of(expired, allowed), self._first(waiting, allowed))
        found = [row for row in ways if row is not None]
        if not found:
            return None
        job_id = min(found, key=lambda row: (-row.priority, row.id)).id
        claimed = {"state": "running", "lease_until": now + lease_s, "attempts": job.c.attempts + 1}
        claimed["worker"] = self._machine.name
        self._c.execute(update(job).where(job.c.id == job_id).values(claimed))
        return self.get(job_id)

    def heartbeat(self, job: JobRecord, now: float, lease_s: float, progress: Mapping[str, Any] | None = None) -> bool:
        """Extend the lease. False: the job was cancelled or taken over; stop working on it. Until the transaction ends
        nobody else can take it."""
        values: dict[str, Any] = {"lease_until": now + lease_s}
        if progress is not None:
            values["progress"] = self._stored(progress)
        return self._change(job, values)

    def why_stop(
        self,
        mine: JobRecord,
        now: float,
        *,
        overtaking: int | None = None,
        kinds: Sequence[str] | None = None,
        leave: Collection[int] = (),
    ) -> StopReason | None:
        """Must a running job stop? `lost`: its lease went to another worker. `overtaken`: a job of at least the
        priority `overtaking` and of these kinds could be claimed now, and this one is below it."""
        row = self._c.execute(select(job.c.state, job.c.attempts).where(job.c.id == mine.id)).first()
        if row is None or row.state == "cancelled":
            return "cancelled"
        if (row.state, row.attempts) != ("running", mine.attempts):
            return "lost"
        paused = self.paused()
        if EVERYTHING in paused or mine.kind in paused:
            return "paused"
        if overtaking is not None and mine.priority < overtaking:
            urgent = and_(job.c.state == "waiting", job.c.run_after <= now, job.c.priority >= overtaking)
            if self._c.scalar(select(exists().where(urgent, self._allowed(paused, kinds, leave), ~_TWIN_RUNS))):
                return "overtaken"
        return None

    def next_due(self, *, kinds: Sequence[str] | None = None, leave: Collection[int] = ()) -> float | None:
        """When the next job may be claimed, which may be in the past: the start of a waiting one, or the end of a
        running one's lease. None while there is nothing to do or all is paused."""
        paused = self.paused()
        if EVERYTHING in paused:
            return None
        at = case((job.c.state == "waiting", job.c.run_after), else_=job.c.lease_until)
        live = job.c.state.in_(("waiting", "running"))
        due: float | None = self._c.scalar(select(func.min(at)).where(live, self._allowed(paused, kinds, leave)))
        return due

    def finish(self, job: JobRecord, now: float, result: Mapping[str, Any] | None = None) -> bool:
        """Keep `result` where the progress was. False: no longer ours, nothing was changed."""
        values: dict[str, Any] = {"state": "done", "finished_at": now, "lease_until": None, "error": None}
        if result is not None:
            values["progress"] = self._stored(result)
        return self._change(job, values)

    def fail(self, job: JobRecord, error: Reason, now: float, *, retry: bool = True, backoff_s: float = 30.0) -> bool:
        """Back to waiting after `backoff_s * 2**(attempts - 1)`, or `failed` after the last attempt or without `retry`.
        When the same work was enqueued again meanwhile, that job takes over and this one is `failed`."""
        if retry and job.attempts < job.max_attempts and not self._superseded(job):
            later = now + backoff_s * 2.0 ** (job.attempts - 1)
            return self._wait_again(job, {"run_after": later, "error": to_text(error)})
        return self._change(job, {"state": "failed", "finished_at": now, "lease_until": None, "error": to_text(error)})

    def release(self, job: JobRecord, *, run_after: float | None = None, error: Reason | None = None) -> bool:
        """Back to waiting without counting the attempt (Ctrl-C, overtaken, paused). `run_after` None: at once."""
        if self._superseded(job):
            return self._change(job, {"state": "cancelled", "lease_until": None})
        values: dict[str, Any] = {"attempts": job.attempts - 1, "error": None if error is None else to_text(error)}
        if run_after is not None:
            values["run_after"] = run_after
        return self._wait_again(job, values)

    def retry(self, job_id: int) -> bool:
        """A failed or cancelled job waits again, for nothing but its turn, with three more attempts. False: it is
        neither, or the same work waits already. Raises UnknownIdError."""
        old = self.get(job_id)
        if old.state not in ("failed", "cancelled") or (old.dedupe and self.waiting(old.kind, old.dedupe)):
            return False
        # Attempts keep counting: they tell a worker that was given up, but still runs, from the next one.
        values = {"state": "waiting", "run_after": AT_ONCE, "max_attempts": old.attempts + 3}
        ended = {"finished_at": None, "error": None}
        self._tell()
        same = and_(job.c.id == job_id, job.c.state == old.state)
        return self._c.execute(update(job).where(same).values(values | ended)).rowcount == 1

    def put_first(self, job_id: int, priority: int) -> bool:
        """A waiting job comes next: at once, with at least this priority, and above every other that waits. False: it
        does not wait any more."""
        others = select(func.max(job.c.priority)).where(job.c.state == "waiting", job.c.id != job_id)
        above = max(priority, (self._c.scalar(others) or 0) + 1)
        mine = and_(job.c.id == job_id, job.c.state == "waiting")
        return self._c.execute(update(job).where(mine).values(priority=above, run_after=AT_ONCE)).rowcount == 1

    def purge(
        self,
        before: float,
        *,
        kind: str | None = None,
        states: Sequence[JobState] = ("done", "cancelled"),
        spare: Origin | None = None,
    ) -> int:
        """Forget jobs, of one kind or of all, that ended before this time, but those that `spare` asked for. Returns
        how many. Live ones always stay."""
        ended = set(states) - {"waiting", "running"}
        at = func.coalesce(job.c.finished_at, job.c.created_at)  # one that gave way to its twin never ended
        others = true() if spare is None else job.c.origin.is_distinct_from(spare)
        these = true() if kind is None else job.c.kind == kind
        return self._c.execute(delete(job).where(job.c.state.in_(ended), at < before, others, these)).rowcount

    def pause(self, kind: str = EVERYTHING) -> None:
        """Give out no more jobs of this kind, or none at all; running ones stop at their next check."""
        self._hold(PAUSED)
        self._set_paused(self.paused() | {kind})

    def resume(self, kind: str = EVERYTHING) -> None:
        """Go on with this kind; without one, with everything."""
        self._hold(PAUSED)
        self._tell()
        self._set_paused(frozenset() if kind == EVERYTHING else self.paused() - {kind})

    def _set_paused(self, kinds: frozenset[str]) -> None:
        MetaRepo(self._c).set(PAUSED, ascii_json(sorted(kinds)) if kinds else None)

    def cancel(self, job_id: int, now: float) -> bool:
        """Cancel a waiting or running job; a running one learns of it at its next heartbeat."""
        live = and_(job.c.id == job_id, job.c.state.in_(("waiting", "running")))
        values = {"state": "cancelled", "finished_at": now, "lease_until": None}
        return self._c.execute(update(job).where(live).values(values)).rowcount == 1

    def forget(self, job_id: int) -> None:
        """A job that ended well, and whose result nobody will ask for."""
        self._c.execute(delete(job).where(job.c.id == job_id, job.c.state == "done"))

    def _first(self, ready: ColumnElement[bool], allowed: ColumnElement[bool]) -> Row[Any, Any] | None:
        """The next of these, of which there may be many: sorting them would take longer than the job. So the highest
        priority is looked up first, and each step is led to its first row by the index."""
        best = select(job.c.priority).where(ready, allowed).order_by(job.c.priority.desc()).limit(1)
        one = self._best_of(and_(ready, job.c.priority == best.scalar_subquery()), allowed)
        if one is None and self._c.dialect.name == "postgresql":  # none, or others are taking all of the best
            one = self._best_of(ready, allowed)
        return one

    def _best_of(self, ready: ColumnElement[bool], allowed: ColumnElement[bool]) -> Row[Any, Any] | None:
        """The next of these that nobody is just taking."""
        first = select(job.c.id, job.c.priority).where(ready, allowed).order_by(job.c.priority.desc(), job.c.id)
        return self._c.execute(first.limit(1).with_for_update(skip_locked=True)).first()

    def _change(self, mine: JobRecord, values: Mapping[str, Any]) -> bool:
        """Only while the lease is still ours: `attempts` grows with every claim, so it tells ours from a later one."""
        return self._c.execute(update(job).where(_ours(mine)).values(values)).rowcount == 1

    def _allowed(self, paused: Set[str], kinds: Sequence[str] | None, leave: Collection[int]) -> ColumnElement[bool]:
        """Jobs of these kinds (None: of all) that are not paused, and that this machine may do."""
        ours: ColumnElement[bool] = true() if kinds is None else job.c.kind.in_(kinds)
        if leave:
            ours = and_(ours, or_(job.c.root_id.is_(None), job.c.root_id.not_in(sorted(leave))))
        if self._machine.name is not None:
            ours = and_(ours, or_(job.c.machine.is_(None), job.c.machine == self._machine.name))
        return and_(ours, job.c.kind.not_in(sorted(paused)))

    def _superseded(self, mine: JobRecord) -> bool:
        """The same work waits once more, so that nothing is lost when this job ends."""
        twin = None if mine.dedupe is None else self.waiting(mine.kind, mine.dedupe)
        return twin is not None and twin.payload == mine.payload

    def _wait_again(self, mine: JobRecord, values: Mapping[str, Any]) -> bool:
        twin = None if mine.dedupe is None else self.waiting(mine.kind, mine.dedupe)
        # Only one waiting job may have the key; a twin with other work does not make up for this one.
        keyless = {"dedupe": None} if twin is not None else {}
        if "run_after" not in values:
            self._tell()
        return self._change(mine, {"state": "waiting", "lease_until": None, **values, **keyless})


_TWIN = job.alias("twin")
_TWIN_RUNS = exists().where(
    _TWIN.c.kind == job.c.kind,
    _TWIN.c.dedupe == job.c.dedupe,
    _TWIN.c.id != job.c.id,
    _TWIN.c.state == "running",
    # An expired twin must be resumed first, so it blocks as well.
)


def _ours(mine: JobRecord) -> ColumnElement[bool]:
    return and_(job.c.id == mine.id, job.c.state == "running", job.c.attempts == mine.attempts)
