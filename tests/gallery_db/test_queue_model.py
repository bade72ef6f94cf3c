"""The queue does what its model does, whatever is asked of it in whatever order."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from gallery_db.jobs.repository import JobRepo
from iconface_core.reasons import LEGACY
from tests.support.narrow import present

from .queue_model import Job, Model

LEASE = 10.0
KINDS = {"a", "b"}
held = st.integers(0, 3)


class Queue(RuleBasedStateMachine):
    """One transaction, rolled back at the end. `leases` holds all that were ever given, dead ones too."""

    engine: Engine

    @initialize()
    def begin(self):
        self.conn = self.engine.connect()
        self.jobs, self.model = JobRepo(self.conn), Model()
        self.now, self.leases = 100.0, []

    def teardown(self):
        self.conn.rollback()
        self.conn.close()

    @rule(
        kind=st.sampled_from(["a", "a", "b"]),
        dedupe=st.sampled_from([None, "x", "x"]),
        payload=st.sampled_from([{}, {}, {"n": 1}]),
        priority=st.integers(-1, 2),
        later=st.sampled_from([None, None, 5.0]),
        tries=st.integers(1, 3),
    )
    def enqueue(self, kind, dedupe, payload, priority, later, tries):
        after = None if later is None else self.now + later
        more = {"dedupe": dedupe, "priority": priority, "run_after": after, "max_attempts": tries}
        new_id = self.jobs.enqueue(kind, payload, **more)
        self.model.enqueue(new_id, Job(kind, dedupe, payload, priority, after or 0.0, tries))

    @rule(kinds=st.sampled_from([None, None, ("a",), ("b",)]))
    def claim(self, kinds):
        got = self.jobs.claim(self.now, LEASE, kinds=kinds)
        assert (got and got.id) == self.model.claim(self.now, LEASE, set(kinds or KINDS))
        if got is not None:
            self.leases.insert(0, got)

    @precondition(lambda self: self.leases)
    @rule(n=held, way=st.sampled_from(["finish", "fail", "give up", "release", "heartbeat"]))
    def act(self, n, way):
        mine = self.leases[n % len(self.leases)]
        ours = self.model.holds(mine.id, mine.attempts)
        job = self.model.jobs.get(mine.id) if ours else None
        if way == "finish":
            assert self.jobs.finish(mine, self.now, {"n": 1}) == ours
            if job:
                job.end("done", self.now)
        elif way == "heartbeat":
            assert self.jobs.heartbeat(mine, self.now, LEASE) == ours
            if job:
                job.lease_until = self.now + LEASE
        elif way == "release":
            assert self.jobs.release(mine) == ours
            if job and self.model.superseded(job):
                job.end("cancelled", None)
            elif job:
                self.model.wait_again(job, job.run_after)
                job.attempts -= 1
        else:
            assert self.jobs.fail(mine, LEGACY(text="x"), self.now, retry=way == "fail", backoff_s=4.0) == ours
            if job and way == "fail" and job.attempts < job.max_attempts and not self.model.superseded(job):
                self.model.wait_again(job, self.now + 4.0 * 2 ** (job.attempts - 1))
            elif job:
                job.end("failed", self.now)

    @precondition(lambda self: self.model.jobs)
    @rule(n=held, way=st.sampled_from(["cancel", "retry", "put_first"]))
    def change(self, n, way):
        job_id = sorted(self.model.jobs)[n % len(self.model.jobs)]
        job = self.model.jobs[job_id]
        if way == "cancel":
            live = job.state in ("waiting", "running")
            assert self.jobs.cancel(job_id, self.now) == live
            if live:
                job.end("cancelled", self.now)
        elif way == "retry":
            may = job.state in ("failed", "cancelled") and self.model.twin(job.kind, job.dedupe) is None
            assert self.jobs.retry(job_id) == may
            if may:
                job.wait(0.0)
                job.finished_at, job.max_attempts = None, job.attempts + 3
        else:
            assert self.jobs.put_first(job_id, 1) == (job.state == "waiting")
            if job.state == "waiting":
                others = [j.priority for i, j in self.model.jobs.items() if j.state == "waiting" and i != job_id]
                job.priority, job.run_after = max(1, max(others, default=0) + 1), 0.0

    @rule(kind=st.sampled_from(["a", "*"]), pause=st.sampled_from([True, False, False]))
    def hold(self, kind, pause):
        (self.jobs.pause if pause else self.jobs.resume)(kind)
        if pause:
            self.model.paused.add(kind)
        else:
            self.model.paused -= self.model.paused if kind == "*" else {kind}
        assert self.jobs.paused() == self.model.paused

    @rule()
    def purge(self):
        ended = {
            i for i, j in self.model.jobs.items() if j.state in ("done", "cancelled") and j.finished_at is not None
        }
        gone = {i for i in ended if (self.model.jobs[i].finished_at or 0) < self.now}
        assert self.jobs.purge(self.now) == len(gone)
        self.model.jobs = {i: j for i, j in self.model.jobs.items() if i not in gone}

    @rule(seconds=st.sampled_from([1, LEASE + 1]))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def same(self):
        found = {
            j.id: Job(
                j.kind,
                j.dedupe,
                dict(j.payload),
                j.priority,
                j.run_after,
                j.max_attempts,
                j.state,
                j.attempts,
                j.lease_until,
                j.finished_at,
            )
            for j in self.jobs.find()
        }
        assert found == self.model.jobs
        live = [j for j in found.values() if j.state in ("waiting", "running")]
        ready = [j for j in live if j.kind not in self.model.paused]
        due = [present(j.run_after if j.state == "waiting" else j.lease_until) for j in ready]
        assert self.jobs.next_due() == (None if "*" in self.model.paused else min(due, default=None))


@pytest.mark.slow
def test_the_queue_is_its_model(engine: Engine):
    machine = type("Machine", (Queue,), {"engine": engine})
    short = engine.dialect.name == "postgresql"
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15 if short else 50,
            stateful_step_count=40,
            suppress_health_check=[*HealthCheck],
        ),
    )
    with engine.begin() as conn:
        assert conn.scalar(text("SELECT count(*) FROM job")) == 0, "every example started from an empty queue"
