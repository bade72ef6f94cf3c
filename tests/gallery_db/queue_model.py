"""The queue in the plainest words there are, to compare the real one with."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    kind: str
    dedupe: str | None
    payload: dict[str, Any]
    priority: int
    run_after: float
    max_attempts: int
    state: str = "waiting"
    attempts: int = 0
    lease_until: float | None = None
    finished_at: float | None = None

    def wait(self, run_after: float) -> None:
        self.state, self.run_after, self.lease_until = "waiting", run_after, None

    def end(self, state: str, at: float | None) -> None:
        self.state, self.finished_at, self.lease_until = state, at, None


@dataclass
class Model:
    """`jobs` by id. A lease is (id, attempts); what its holder does counts only while both still match."""

    jobs: dict[int, Job] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)

    def twin(self, kind: str, dedupe: str | None) -> int | None:
        same = (i for i, j in self.jobs.items() if (j.kind, j.dedupe, j.state) == (kind, dedupe, "waiting"))
        return None if dedupe is None else next(same, None)

    def enqueue(self, new_id: int, new: Job) -> None:
        old = self.twin(new.kind, new.dedupe)
        if old is None:
            assert new_id not in self.jobs, "an id is never given twice"
            self.jobs[new_id] = new
            return
        assert new_id == old
        job = self.jobs[old]
        job.payload, job.priority = new.payload, max(new.priority, job.priority)
        job.run_after = min(new.run_after, job.run_after)

    def ready(self, now: float, kinds: set[str]) -> list[int]:
        """What may be claimed, the next one first."""

        def may(i: int, j: Job) -> bool:
            held = any(
                (o.kind, o.state, o.dedupe) == (j.kind, "running", j.dedupe) and n != i
                for n, o in self.jobs.items()
                if o.dedupe is not None
            )
            due = j.state == "waiting" and j.run_after <= now
            return (due or self.expired(j, now)) and not held and j.kind in kinds and not {j.kind, "*"} & self.paused

        return sorted((i for i, j in self.jobs.items() if may(i, j)), key=lambda i: (-self.jobs[i].priority, i))

    @staticmethod
    def expired(job: Job, now: float) -> bool:
        return job.state == "running" and job.lease_until is not None and job.lease_until < now

    def claim(self, now: float, lease_s: float, kinds: set[str]) -> int | None:
        if "*" in self.paused:
            return None
        for job in self.jobs.values():
            if self.expired(job, now) and job.attempts >= job.max_attempts:
                job.end("failed", now)
        first = next(iter(self.ready(now, kinds)), None)
        if first is not None:
            job = self.jobs[first]
            job.state, job.attempts, job.lease_until = "running", job.attempts + 1, now + lease_s
        return first

    def holds(self, job_id: int, attempts: int) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and (job.state, job.attempts) == ("running", attempts)

    def superseded(self, job: Job) -> bool:
        twin = self.twin(job.kind, job.dedupe)
        return twin is not None and self.jobs[twin].payload == job.payload

    def wait_again(self, job: Job, run_after: float) -> None:
        if self.twin(job.kind, job.dedupe) is not None:
            job.dedupe = None
        job.wait(run_after)
