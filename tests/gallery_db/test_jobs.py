import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gallery_db import Gallery, NotFoundError
from gallery_db.gallery import Tx


@pytest.fixture
def jobs(gallery: Gallery):
    with gallery.begin() as tx:
        yield tx.jobs


def test_priority_then_age(jobs):
    a, b, c = jobs.enqueue("k"), jobs.enqueue("k", priority=5), jobs.enqueue("other", run_after=0)
    now = 1e12
    assert [jobs.claim(now, 60).id for _ in range(3)] == [b, a, c]
    assert jobs.claim(now, 60) is None


def test_kinds_and_run_after(jobs):
    later = jobs.enqueue("k", run_after=100)
    assert jobs.claim(99, 60) is None
    assert jobs.claim(100, 60, kinds=["other"]) is None
    assert jobs.claim(100, 60, kinds=["k"]).id == later


def test_put_first(jobs):
    a, b = jobs.enqueue("k", priority=7), jobs.enqueue("k", priority=-20, run_after=1e11)
    assert jobs.put_first(b, 5)
    assert (jobs.get(b).priority, jobs.get(b).run_after < 1e11) == (8, True)
    assert jobs.put_first(b, 100)
    assert jobs.get(b).priority == 100
    assert [jobs.claim(1e12, 60).id for _ in range(2)] == [b, a]
    assert not jobs.put_first(a, 100)


def test_ended_jobs_come_latest_first(jobs):
    for at in (10.0, 30.0, 20.0):
        jobs.enqueue("k")
        jobs.finish(jobs.claim(1e12, 60), at)
    jobs.enqueue("k")
    jobs.fail(jobs.claim(1e12, 60), "no", 40.0, retry=False)
    assert [j.finished_at for j in jobs.ended(15.0)] == [30.0, 20.0]
    assert [j.finished_at for j in jobs.ended(0.0, states=("done", "failed"), limit=2)] == [40.0, 30.0]


def test_a_waiting_twin_is_reused(jobs):
    first = jobs.enqueue("index", {"n": 1}, dedupe="a.jpg", run_after=50)
    assert jobs.enqueue("index", {"n": 2}, dedupe="a.jpg", priority=3, run_after=40) == first
    job = jobs.get(first)
    assert (job.payload, job.priority, job.run_after) == ({"n": 2}, 3, 40)
    assert jobs.enqueue("group", dedupe="a.jpg") != first
    assert jobs.enqueue("index") != jobs.enqueue("index")


def test_twins_never_run_at_once(jobs):
    jobs.enqueue("index", dedupe="a", run_after=0)
    running = jobs.claim(1, 60)
    again = jobs.enqueue("index", dedupe="a", run_after=0)  # the file changed while it was being read
    assert again != running.id
    assert jobs.claim(2, 60) is None
    assert jobs.finish(running, 3)
    assert jobs.claim(4, 60).id == again


def test_a_dead_worker_s_job_is_taken_over_and_its_ghost_is_powerless(jobs):
    jobs.enqueue("k", run_after=0)
    dead = jobs.claim(0, 10)
    assert jobs.claim(10, 10) is None
    taken = jobs.claim(11, 10)
    assert (taken.id, taken.attempts) == (dead.id, 2)
    assert not jobs.heartbeat(dead, 12, 10)
    assert not jobs.finish(dead, 12)
    assert not jobs.fail(dead, "ghost", 12)
    assert jobs.heartbeat(taken, 12, 10, {"done": 3})
    assert jobs.get(taken.id).progress == {"done": 3}
    assert jobs.finish(taken, 13)
    assert jobs.get(taken.id).state == "done"


def test_retries_back_off_then_fail(jobs):
    job_id = jobs.enqueue("k", max_attempts=2, run_after=0)
    assert jobs.fail(jobs.claim(0, 10), "first", 0, backoff_s=30)
    assert (jobs.get(job_id).state, jobs.get(job_id).run_after) == ("waiting", 30)
    assert jobs.fail(jobs.claim(30, 10), "second", 30, backoff_s=30)
    assert (jobs.get(job_id).state, jobs.get(job_id).error) == ("failed", "second")


def test_a_worker_that_dies_on_every_attempt_ends(jobs):
    job_id = jobs.enqueue("k", max_attempts=1, run_after=0)
    jobs.claim(0, 10)
    assert jobs.claim(20, 10) is None
    assert jobs.get(job_id).state == "failed"
    assert "died" in jobs.get(job_id).error


def test_no_retry(jobs):
    jobs.enqueue("k", run_after=0)
    job = jobs.claim(0, 10)
    jobs.fail(job, "bad file", 0, retry=False)
    assert jobs.get(job.id).state == "failed"


def test_release_does_not_count(jobs):
    jobs.enqueue("k", run_after=0)
    job = jobs.claim(0, 10)
    assert jobs.release(job)
    assert (jobs.get(job.id).state, jobs.get(job.id).attempts) == ("waiting", 0)
    assert not jobs.release(job)


@pytest.mark.parametrize("way", ["release", "fail"])
def test_giving_back_beside_a_waiting_twin(jobs, way):
    jobs.enqueue("k", dedupe="a", run_after=0)
    job = jobs.claim(0, 10)
    twin = jobs.enqueue("k", dedupe="a", run_after=0)
    assert jobs.release(job) if way == "release" else jobs.fail(job, "x", 0)
    assert jobs.claim(1, 10).id == twin


def test_cancel(jobs):
    job_id = jobs.enqueue("k", run_after=0)
    job = jobs.claim(0, 10)
    assert jobs.cancel(job_id, 1)
    assert not jobs.heartbeat(job, 2, 10)
    assert not jobs.cancel(job_id, 3)
    assert jobs.counts() == {"waiting": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 1}
    assert [j.id for j in jobs.find(kind="k", states=["cancelled"], limit=5)] == [job_id]
    with pytest.raises(NotFoundError):
        jobs.get(99)


class Queue(RuleBasedStateMachine):
    """No job is lost or run twice, whatever workers do."""

    @initialize()
    def fill(self):
        self.conn = self.gallery._engine.execution_options(write=True).connect()
        self.jobs = Tx(self.conn).jobs
        self.now, self.held, self.ended = 0.0, {}, set()

    @rule(dedupe=st.sampled_from([None, "a", "b"]), priority=st.integers(0, 2))
    def enqueue(self, dedupe, priority):
        self.jobs.enqueue("k", dedupe=dedupe, priority=priority, run_after=self.now, max_attempts=2)

    @rule()
    def claim(self):
        job = self.jobs.claim(self.now, 10)
        if job is not None:
            assert job.id not in self.ended
            assert self.held.get(job.id, (-1,))[0] < self.now  # nobody else's lease still runs
            self.held[job.id] = (self.now + 10, job)

    @rule(data=st.data(), way=st.sampled_from(["finish", "fail", "release", "heartbeat", "cancel", "die"]))
    def end(self, data, way):
        if not self.held:
            return
        job_id = data.draw(st.sampled_from(sorted(self.held)))
        until, job = self.held[job_id]
        if way == "heartbeat":
            if self.jobs.heartbeat(job, self.now, 10):
                self.held[job_id] = (self.now + 10, job)
            return
        del self.held[job_id]
        if way == "finish" and self.jobs.finish(job, self.now):
            self.ended.add(job_id)
        elif way == "fail":
            self.jobs.fail(job, "x", self.now, backoff_s=1)
        elif way == "release":
            self.jobs.release(job)
        elif way == "cancel":
            self.jobs.cancel(job_id, self.now)

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def twins(self):
        for state in ("waiting", "running"):
            live = [(j.kind, j.dedupe) for j in self.jobs.find(states=[state]) if j.dedupe]
            assert len(live) == len(set(live))

    def teardown(self):
        self.conn.close()


def test_queue_laws(gallery):
    machine = type("Machine", (Queue,), {"gallery": gallery})
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=20, deadline=None))
