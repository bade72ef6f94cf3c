"""What the queue promises, in each engine that keeps it: SQLite, and a real PostgreSQL server."""

import contextlib

import pytest
from sqlalchemy import Connection, text

from gallery_db import UnknownIdError
from gallery_db.jobs.queue import EVERYTHING, JobQueue
from gallery_db.jobs.repository import JobRepo
from gallery_db.meta import MetaRepo
from iconface_core.reason_codes import WORKER_DIED
from iconface_core.reasons import LEGACY

CLICK = 100
"""The priority of what somebody waits for."""


@pytest.fixture
def jobs(conn: Connection) -> JobQueue:
    return JobRepo(conn)


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
    jobs.fail(jobs.claim(1e12, 60), LEGACY(text="no"), 40.0, retry=False)
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
    assert not jobs.fail(dead, LEGACY(text="ghost"), 12)
    assert jobs.heartbeat(taken, 12, 10, {"done": 3})
    assert jobs.get(taken.id).progress == {"done": 3}
    assert jobs.finish(taken, 13)
    assert jobs.get(taken.id).state == "done"


def test_retries_back_off_then_fail(jobs):
    job_id = jobs.enqueue("k", max_attempts=2, run_after=0)
    assert jobs.fail(jobs.claim(0, 10), LEGACY(text="first"), 0, backoff_s=30)
    assert (jobs.get(job_id).state, jobs.get(job_id).run_after) == ("waiting", 30)
    assert jobs.fail(jobs.claim(30, 10), LEGACY(text="second"), 30, backoff_s=30)
    assert (jobs.get(job_id).state, jobs.get(job_id).error) == ("failed", LEGACY(text="second"))


def test_a_worker_that_dies_on_every_attempt_ends(jobs):
    job_id = jobs.enqueue("k", max_attempts=1, run_after=0)
    jobs.claim(0, 10)
    assert jobs.claim(20, 10) is None
    assert jobs.get(job_id).state == "failed"
    assert jobs.get(job_id).error == WORKER_DIED()


def test_no_retry(jobs):
    jobs.enqueue("k", run_after=0)
    job = jobs.claim(0, 10)
    jobs.fail(job, LEGACY(text="bad file"), 0, retry=False)
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
    assert jobs.release(job) if way == "release" else jobs.fail(job, LEGACY(text="x"), 0)
    assert jobs.claim(1, 10).id == twin
    assert jobs.purge(1e12, states=("cancelled", "failed")) == 1, "what gave way is forgotten like the others"


def test_cancel(jobs):
    job_id = jobs.enqueue("k", run_after=0)
    job = jobs.claim(0, 10)
    assert jobs.cancel(job_id, 1)
    assert not jobs.heartbeat(job, 2, 10)
    assert not jobs.cancel(job_id, 3)
    assert jobs.counts() == {"waiting": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 1}
    assert [j.id for j in jobs.find(kind="k", states=["cancelled"], limit=5)] == [job_id]
    with pytest.raises(UnknownIdError):
        jobs.get(10**6)


def test_nothing_paused_is_given_out(jobs: JobQueue):
    a, b = jobs.enqueue("a", run_after=0), jobs.enqueue("b", run_after=0)
    jobs.pause("a")
    assert jobs.paused() == {"a"}
    claimed = jobs.claim(1, 60)
    assert claimed is not None
    assert claimed.id == b
    assert jobs.claim(1, 60) is None
    assert jobs.why_stop(claimed, 1) is None
    jobs.pause()
    assert jobs.paused() == {"a", EVERYTHING}
    assert jobs.why_stop(claimed, 1) == "paused"
    assert jobs.next_due() is None
    jobs.resume("a")
    assert jobs.claim(1, 60) is None, "everything is paused still"
    jobs.resume()
    again = jobs.claim(1, 60)
    assert again is not None
    assert again.id == a


def test_resume_without_a_kind_means_everything(jobs: JobQueue):
    jobs.pause("a")
    jobs.pause("b")
    jobs.resume()
    assert jobs.paused() == frozenset()


def test_only_what_somebody_waits_for_interrupts(jobs: JobQueue):
    jobs.enqueue("library", run_after=0, priority=20)
    running = jobs.claim(1, 60)
    assert running is not None
    jobs.enqueue("other", run_after=0, priority=99)
    assert jobs.why_stop(running, 1, overtaking=CLICK) is None
    later = jobs.enqueue("click", run_after=50, priority=CLICK)
    assert jobs.why_stop(running, 1, overtaking=CLICK) is None, "not yet"
    assert jobs.why_stop(running, 50, overtaking=CLICK) == "overtaken"
    jobs.pause("click")
    assert jobs.why_stop(running, 50, overtaking=CLICK) is None, "it could not run now"
    jobs.resume()
    click = jobs.claim(50, 60)
    assert click is not None
    assert click.id == later
    jobs.enqueue("click", run_after=0, priority=CLICK)
    assert jobs.why_stop(click, 51, overtaking=CLICK) is None, "one click waits for the other"


def test_a_stopped_worker_learns_why(jobs: JobQueue):
    first = jobs.enqueue("k", run_after=0)
    held = jobs.claim(0, 10)
    assert held is not None
    assert jobs.claim(11, 10) is not None
    assert jobs.why_stop(held, 12) == "lost"
    jobs.cancel(first, 12)
    assert jobs.why_stop(held, 12) == "cancelled"


def test_next_due(jobs: JobQueue):
    assert jobs.next_due() is None
    jobs.enqueue("k", run_after=70)
    jobs.enqueue("other", run_after=5)
    assert jobs.next_due() == 5
    assert jobs.next_due(kinds=["k"]) == 70
    jobs.claim(6, 30)
    assert jobs.next_due() == 36, "its worker may die"


def test_results_are_kept_and_old_jobs_forgotten(jobs: JobQueue):
    done = jobs.enqueue("k", run_after=0)
    job = jobs.claim(1, 60)
    assert job is not None
    jobs.heartbeat(job, 2, 60, {"done": 1, "total": 2})
    assert jobs.finish(job, 3, {"output": "M\udcfcller.jpg"})
    assert jobs.get(done).progress == {"output": "M\udcfcller.jpg"}
    failed = jobs.enqueue("k", run_after=0)
    job = jobs.claim(4, 60)
    assert job is not None
    jobs.fail(job, LEGACY(text="bad"), 4, retry=False)
    waiting = jobs.enqueue("k", run_after=0)
    assert jobs.purge(3) == 0
    assert jobs.purge(100, kind="other") == 0
    assert jobs.purge(100, kind="k") == 1
    assert [j.id for j in jobs.find()] == [failed, waiting]
    assert jobs.purge(100, states=("failed", "waiting", "running")) == 1
    assert [j.id for j in jobs.find()] == [waiting], "live ones stay"


def test_the_latest_of_a_key_whatever_became_of_it(jobs: JobQueue):
    first = jobs.enqueue("k", dedupe="a", run_after=0)
    assert jobs.latest("k", "b") is None
    assert jobs.latest("other", "a") is None
    job = jobs.claim(1, 60)
    assert job is not None
    jobs.finish(job, 2, {})
    assert (jobs.get(first).state, jobs.latest("k", "a")) == ("done", jobs.get(first))
    second = jobs.enqueue("k", dedupe="a", run_after=0)
    jobs.enqueue("k", dedupe="b", run_after=0)
    assert jobs.latest("k", "a") == jobs.get(second)


def test_retry_and_a_ghost_of_the_failed_attempt(jobs: JobQueue):
    job_id = jobs.enqueue("k", run_after=0, max_attempts=1, dedupe="a")
    ghost = jobs.claim(0, 10)
    assert ghost is not None
    assert not jobs.retry(job_id), "it runs"
    jobs.fail(ghost, LEGACY(text="timed out"), 1)
    assert jobs.retry(job_id)
    assert not jobs.retry(job_id)
    assert jobs.get(job_id).run_after == 0, "a clock that is set back does not keep it waiting"
    again = jobs.claim(3, 10)
    assert again is not None
    assert (again.id, again.error) == (job_id, None)
    assert not jobs.finish(ghost, 4), "the attempt that was given up has no say in the new one"
    jobs.fail(again, LEGACY(text="x"), 4, backoff_s=0)
    jobs.fail(jobs.claim(5, 10) or again, LEGACY(text="x"), 5, backoff_s=0)
    assert jobs.get(job_id).state == "waiting", "three attempts more"
    jobs.fail(jobs.claim(6, 10) or again, LEGACY(text="x"), 6)
    assert jobs.get(job_id).state == "failed"
    jobs.enqueue("k", run_after=0, dedupe="a")
    assert not jobs.retry(job_id), "the same work waits already"


@pytest.mark.parametrize("way", ["release", "fail"])
def test_work_that_differs_from_its_waiting_twin_is_not_lost(jobs: JobQueue, way: str):
    jobs.enqueue("changes", {"paths": ["a"]}, dedupe="1", run_after=0)
    running = jobs.claim(0, 10)
    assert running is not None
    twin = jobs.enqueue("changes", {"paths": ["b"]}, dedupe="1", run_after=0)
    assert jobs.release(running) if way == "release" else jobs.fail(running, LEGACY(text="x"), 0, backoff_s=0)
    claimed = [jobs.claim(1, 60), jobs.claim(1, 60)]
    assert {j.id for j in claimed if j} == {running.id, twin}


def test_with_the_change_or_not_at_all(engine):
    """A job belongs to the transaction of what it is about."""
    for fails in (True, False):
        with contextlib.suppress(ZeroDivisionError), engine.begin() as conn:
            MetaRepo(conn).set("photo", "changed")
            JobRepo(conn).enqueue("read", dedupe="photo")
            JobRepo(conn).pause("other")
            if fails:
                raise ZeroDivisionError
        with engine.begin() as conn:
            kept = (MetaRepo(conn).get("photo"), len(JobRepo(conn).find()), len(JobRepo(conn).paused()))
        assert kept == ((None, 0, 0) if fails else ("changed", 1, 1))


def test_at_once_does_not_wait_for_a_clock_that_was_set_back(jobs):
    a, b = jobs.enqueue("k"), jobs.enqueue("k", run_after=1e12)
    assert jobs.next_due() <= 1
    assert jobs.claim(1, 10).id == a
    assert jobs.put_first(b, CLICK)
    assert jobs.claim(1, 10).id == b


def test_clocks_are_not_rounded(jobs):
    at = 1_800_000_000.123
    job = jobs.get(jobs.enqueue("k", run_after=at))
    assert job.run_after == at
    assert jobs.claim(at - 0.001, 10) is None
    assert jobs.claim(at, 0.5).lease_until == at + 0.5


def test_what_cannot_be_claimed_interrupts_nobody(jobs):
    """Or a worker would give its job back, get it again, and never be done."""
    jobs.enqueue("library", run_after=0)
    mine = jobs.claim(1, 60, kinds=["library"])
    jobs.enqueue("of a later release", run_after=0, priority=CLICK)
    assert jobs.why_stop(mine, 1, overtaking=CLICK, kinds=["library", "click"]) is None
    jobs.enqueue("click", run_after=0, priority=CLICK, dedupe="a")
    other = jobs.claim(1, 60, kinds=["click"])
    jobs.enqueue("click", run_after=0, priority=CLICK, dedupe="a")
    assert jobs.why_stop(mine, 1, overtaking=CLICK, kinds=["library", "click"]) is None, "its twin runs elsewhere"
    jobs.finish(other, 2)
    assert jobs.why_stop(mine, 2, overtaking=CLICK, kinds=["library", "click"]) == "overtaken"


@pytest.mark.parametrize("damage", ["{half", "[1]", "", "\u00fc"])
def test_a_damaged_row_keeps_nobody_from_the_queue(jobs, conn: Connection, damage: str):
    bad, good = jobs.enqueue("k", {"a": 1}, priority=1), jobs.enqueue("k", {"b": 2})
    conn.execute(text("UPDATE job SET payload = :d, progress = :d WHERE id = :id"), {"d": damage, "id": bad})
    assert [jobs.claim(1, 60).payload for _ in range(2)] == [{"damaged": damage}, {"b": 2}]
    assert [j.id for j in jobs.find()] == [bad, good]


@pytest.mark.parametrize("error", ["no such file: M\udcfcller.jpg", "a\0b", "\ud800"])
def test_a_reason_that_is_no_text_is_kept_as_escapes(jobs, error: str):
    job_id = jobs.enqueue("k")
    assert jobs.fail(jobs.claim(1, 60), LEGACY(text=error), 1, retry=False)
    assert "\\" in jobs.get(job_id).error.params["text"]
    assert jobs.retry(job_id)
    assert jobs.release(jobs.claim(3, 60), error=LEGACY(text=error))
