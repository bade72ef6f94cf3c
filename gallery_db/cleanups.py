"""Clean-ups and their photos: what was planned, what was given to the queue, and as which job.

The jobs of the latest clean-up stay until the next one begins (`forget_jobs`), so that its report stays whole.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, select, update

from .database.rows import to_json
from .database.schema import cleanup_item, cleanup_run, job
from .jobs.rows import to_record
from .records import CleanupItem, CleanupRecord, JobRecord, JobState, Origin

ORIGIN: Origin = "cleanup"
"""Who asked for its jobs, and for the restorations that they left."""


class CleanupRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def begin(
        self,
        started_at: str,
        photos: Iterable[tuple[int, Sequence[int]]],
        *,
        hours: str | None = None,
        idle: bool = False,
        options: Mapping[str, Any] | None = None,
        estimated_hours: float | None = None,
        estimated_bytes: int | None = None,
    ) -> CleanupRecord:
        """A new clean-up of (photo id, face ids), in this order. What an earlier one had not fed yet is dropped."""
        planned = [(photo_id, list(face_ids)) for photo_id, face_ids in photos]
        row = {
            "started_at": started_at,
            "photos": len(planned),
            "faces": sum(len(face_ids) for _, face_ids in planned),
            "hours": hours,
            "idle": idle,
            "options": to_json(options or {}),
            "estimated_hours": estimated_hours,
            "estimated_bytes": estimated_bytes,
        }
        self.drop_the_rest()
        run_id = self._c.scalars(cleanup_run.insert().values(row).returning(cleanup_run.c.id)).one()
        items = [
            {"run_id": run_id, "photo_id": photo_id, "face_ids": to_json(face_ids), "fed": False}
            for photo_id, face_ids in planned
        ]
        if items:
            self._c.execute(cleanup_item.insert(), items)
        return self._record(self._c.execute(select(cleanup_run).where(cleanup_run.c.id == run_id)).one())

    def drop_the_rest(self) -> None:
        """Feed no more of any."""
        self._c.execute(delete(cleanup_item).where(~cleanup_item.c.fed))

    def latest(self) -> CleanupRecord | None:
        """Finished or not; None before the first."""
        row = self._c.execute(select(cleanup_run).order_by(cleanup_run.c.id.desc()).limit(1)).first()
        return None if row is None else self._record(row)

    def set_times(self, run_id: int, *, hours: str | None, idle: bool) -> None:
        """When it may go on."""
        self._c.execute(update(cleanup_run).where(cleanup_run.c.id == run_id).values(hours=hours, idle=idle))

    def next_items(self, run_id: int, limit: int) -> list[CleanupItem]:
        """The first photos that are not fed."""
        mine = and_(cleanup_item.c.run_id == run_id, ~cleanup_item.c.fed)
        rows = self._c.execute(select(cleanup_item).where(mine).order_by(cleanup_item.c.id).limit(limit))
        return [CleanupItem(r.id, r.photo_id, tuple(json.loads(r.face_ids))) for r in rows]

    def feed(self, item_id: int, job_id: int | None) -> None:
        """A photo was given to the queue as this job; None: there was nothing left to do about it."""
        self._c.execute(update(cleanup_item).where(cleanup_item.c.id == item_id).values(fed=True, job_id=job_id))

    def jobs(self, run_id: int, *, states: Sequence[JobState] | None = None) -> list[JobRecord]:
        """Its jobs that are remembered, in the order in which the photos were planned."""
        query = select(job).join(cleanup_item, cleanup_item.c.job_id == job.c.id)
        query = query.where(cleanup_item.c.run_id == run_id).order_by(cleanup_item.c.id)
        if states is not None:
            query = query.where(job.c.state.in_(states))
        return [to_record(self._c, r) for r in self._c.execute(query)]

    def forget_jobs(self, before: float) -> int:
        """Forget jobs of earlier clean-ups that ended well, or were cancelled, before this time (Unix seconds), and
        the earlier clean-ups themselves once none of their jobs is left. Returns how many jobs."""
        latest = select(func.max(cleanup_run.c.id)).scalar_subquery()
        of_latest = select(cleanup_item.c.job_id).where(
            cleanup_item.c.run_id == latest, cleanup_item.c.job_id.is_not(None)
        )
        over = and_(
            job.c.origin == ORIGIN,
            job.c.state.in_(("done", "cancelled")),
            func.coalesce(job.c.finished_at, job.c.created_at) < before,
            job.c.id.not_in(of_latest),
        )
        gone = self._c.execute(delete(job).where(over)).rowcount
        remembered = select(cleanup_item.c.run_id).where(cleanup_item.c.job_id.is_not(None))
        empty = and_(cleanup_run.c.id != latest, cleanup_run.c.id.not_in(remembered))
        self._c.execute(delete(cleanup_run).where(empty))
        return gone

    def _record(self, row: Row[Any]) -> CleanupRecord:
        by_fed = select(cleanup_item.c.fed, func.count().label("n")).where(cleanup_item.c.run_id == row.id)
        counts: dict[bool, int] = {r.fed: r.n for r in self._c.execute(by_fed.group_by(cleanup_item.c.fed))}
        values = {**row._mapping, "options": json.loads(row.options)}
        return CleanupRecord(**values, fed=counts.get(True, 0), left=counts.get(False, 0))
