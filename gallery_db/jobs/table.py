"""What waits, runs or ended in the queue, read; and what reading and changing it share."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from sqlalchemy import Connection, Row, and_, func, select

from gallery_db.database.rows import from_json, now
from gallery_db.database.schema import JOBS, job
from gallery_db.database.this_machine import this_machine, translated
from gallery_db.errors import UnknownIdError
from gallery_db.meta import MetaRepo
from gallery_db.records import JobRecord, JobState, Origin

from .rows import ascii_json, to_record

PAUSED = "jobs.paused"
"""Meta key: the paused kinds, as a JSON list."""


class JobTable:
    """The rows of the queue. What a caller reads with a lock stays as it is until the transaction ends."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn
        self._machine = this_machine(conn)

    def now(self) -> float:
        """Unix seconds by the queue's own clock, which every `now` here is of: clocks of machines differ."""
        return now(self._c)

    def paused(self) -> frozenset[str]:
        """The kinds that are paused; `EVERYTHING` among them when the whole queue is."""
        return frozenset(from_json(MetaRepo(self._c).get(PAUSED)) or ())

    def get(self, job_id: int) -> JobRecord:
        """Raises UnknownIdError."""
        row = self._c.execute(select(job).where(job.c.id == job_id)).first()
        if row is None:
            raise UnknownIdError(f"no job with id {job_id}")
        return self._record(row)

    def waiting(self, kind: str, dedupe: str) -> JobRecord | None:
        """The waiting job with this key, whose payload a caller may want to add to: until the transaction ends, nobody
        else enqueues this work or takes it."""
        self._hold(kind, dedupe)
        same = and_(job.c.kind == kind, job.c.dedupe == self._key(dedupe), job.c.state == "waiting")
        row = self._c.execute(select(job).where(same).with_for_update()).first()
        return None if row is None else self._record(row)

    def latest(self, kind: str, dedupe: str) -> JobRecord | None:
        """The job with this key that was asked for last, whatever became of it."""
        same = select(job).where(job.c.kind == kind, job.c.dedupe == self._key(dedupe))
        row = self._c.execute(same.order_by(job.c.id.desc()).limit(1)).first()
        return None if row is None else self._record(row)

    def find(
        self,
        *,
        kind: str | None = None,
        states: Sequence[JobState] | None = None,
        origin: Origin | None = None,
        root_id: int | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """In order of id."""
        query = select(job).order_by(job.c.id).limit(limit)
        if root_id is not None:
            query = query.where(job.c.root_id == root_id)
        if origin is not None:
            query = query.where(job.c.origin == origin)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        if states is not None:
            query = query.where(job.c.state.in_(states))
        return [self._record(r) for r in self._c.execute(query)]

    def ended(
        self, since: float, *, states: Sequence[JobState] = ("done",), limit: int | None = None
    ) -> list[JobRecord]:
        """Jobs that ended since this time, the latest first."""
        query = select(job).where(job.c.state.in_(states), job.c.finished_at >= since)
        return [
            self._record(r) for r in self._c.execute(query.order_by(job.c.finished_at.desc(), job.c.id).limit(limit))
        ]

    def counts(self, kind: str | None = None) -> Mapping[JobState, int]:
        """Jobs per state; every state has an entry."""
        query = select(job.c.state, func.count().label("n")).group_by(job.c.state)
        if kind is not None:
            query = query.where(job.c.kind == kind)
        return dict.fromkeys(get_args(JobState), 0) | {r.state: r.n for r in self._c.execute(query)}

    def _hold(self, *key: str) -> None:
        """Until the transaction ends nobody else decides about this key. It guards what is not there yet, and what is
        read, added to and written back."""
        key = tuple(self._machine.mounts.stored(part) for part in key)
        if self._c.dialect.name == "postgresql":
            self._c.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(ascii_json(key), 0))))

    def _tell(self) -> None:
        """Whoever listens hears of it when the transaction is committed (`Engine.listen`)."""
        if self._c.dialect.name == "postgresql":
            self._c.execute(select(func.pg_notify(JOBS, "")))

    def _record(self, row: Row[Any]) -> JobRecord:
        return to_record(self._c, row)

    def _stored(self, value: Mapping[str, Any]) -> str:
        return ascii_json(translated(value, self._machine.mounts.stored))

    def _key(self, dedupe: str | None) -> str | None:
        return None if dedupe is None else self._machine.mounts.stored(dedupe)
