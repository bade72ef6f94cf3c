"""Several processes at one queue, in each engine; and what only PostgreSQL can be asked: who waits for whom."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from gallery_db.jobs.repository import JobRepo
from gallery_db.meta import MetaRepo
from iconface_core.reasons import LEGACY
from tests.support.waiting import until

from . import queue_process

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


def start(engine: Engine, role: str) -> subprocess.Popen[str]:
    url = engine.url.database if engine.dialect.name == "sqlite" else engine.url.render_as_string(hide_password=False)
    command = [sys.executable, queue_process.__file__, str(url), role]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env={"PYTHONPATH": str(root)})


def test_nobody_gets_a_job_twice_and_nothing_is_lost(engine: Engine):
    with engine.begin() as conn:
        plain = {JobRepo(conn).enqueue("k", priority=n % 3) for n in range(60)}
    claimers = [start(engine, "claim") for _ in range(3)]
    adders = [start(engine, "add") for _ in range(2)]
    ended: list[tuple[object, ...]] = [(*p.communicate(), p.returncode) for p in adders]
    assert ended == [("", None, 0)] * 2
    with engine.begin() as conn:
        MetaRepo(conn).set(queue_process.OVER, "yes")
    lines = [line for p in claimers for line in p.communicate()[0].splitlines()]
    assert [p.returncode for p in claimers] == [0, 0, 0]
    done = [json.loads(line) for line in lines]
    assert len({d[0] for d in done}) == len(done), "twice"
    assert {d[0] for d in done} >= plain
    assert {d[1] for d in done} == {1}
    added = {path for d in done for path in d[2]}
    assert added == {f"{p.pid}-{n}" for p in adders for n in range(queue_process.ADDED)}
    with engine.begin() as conn:
        assert JobRepo(conn).counts()["done"] == len(done)
        assert len(JobRepo(conn).find()) == len(done)


def test_kill_minus_nine_between_and_within_transactions(engine: Engine):
    with engine.begin() as conn:
        ids = [JobRepo(conn).enqueue("k") for _ in range(2)]
    with start(engine, "hold") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == ids
        process.kill()
    until(lambda: states(engine) == ["running", "waiting"])
    if engine.dialect.name == "postgresql":
        until(lambda: _count(engine, "SELECT count(*) FROM pg_locks WHERE relation = 'job'::regclass") <= 1)
    with engine.begin() as conn:
        jobs = JobRepo(conn)
        second = jobs.claim(1, 60)
        assert second is not None
        assert (second.id, second.attempts) == (ids[1], 1), "as if it had never been claimed"
        assert jobs.claim(queue_process.LEASE, 60) is None
        first = jobs.claim(queue_process.LEASE + 1, 60)
        assert first is not None
        assert (first.id, first.attempts) == (ids[0], 2)


def test_the_database_itself_keeps_waiting_twins_out(engine: Engine):
    with engine.begin() as conn:
        JobRepo(conn).enqueue("k", dedupe="a")
        JobRepo(conn).enqueue("k", dedupe=None)
    copy = "INSERT INTO job (kind, payload, dedupe, state, priority, attempts, max_attempts, run_after, created_at)"
    copy += " SELECT kind, payload, dedupe, :state, priority, attempts, max_attempts, run_after, created_at FROM job"
    with engine.begin() as conn:
        conn.execute(text(copy), {"state": "done"})
    with pytest.raises(IntegrityError, match=r"uq_job_waiting|job\.kind, job\.dedupe"), engine.begin() as conn:
        conn.execute(text(copy), {"state": "waiting"})


def test_nobody_waits_for_another_s_transaction(postgres: Engine):
    """One worker claims, and gives up what died too often; the other is not kept for a millisecond."""
    with postgres.begin() as conn:
        for _ in range(4):
            JobRepo(conn).enqueue("k", max_attempts=1)
        dead = JobRepo(conn).claim(0, 1)
    with postgres.connect() as one, postgres.connect() as two:
        two.execute(text("SET LOCAL lock_timeout = '1ms'"))
        a, b = JobRepo(one).claim(10, 60), JobRepo(two).claim(10, 60)
        assert a is not None
        assert b is not None
        assert len({a.id, b.id, dead and dead.id}) == 3
        assert JobRepo(two).heartbeat(b, 11, 60)
        assert JobRepo(two).why_stop(b, 11, overtaking=5) is None
        assert JobRepo(two).next_due() is not None
        assert JobRepo(two).enqueue("k", dedupe="new")
        assert JobRepo(two).finish(b, 12)
        assert JobRepo(one).finish(a, 12)
        two.commit()
        one.commit()
    with postgres.begin() as conn:
        assert JobRepo(conn).counts() == {"waiting": 2, "running": 0, "done": 2, "failed": 1, "cancelled": 0}


def meanwhile(engine: Engine, first: Callable[[JobRepo], Any], second: Callable[[JobRepo], Any]) -> tuple[Any, Any]:
    """Do `second` in another transaction while that of `first` is open, and wait until it waits for it."""
    answer: list[Any] = []

    def other() -> None:
        with engine.begin() as conn:
            answer.append(second(JobRepo(conn)))

    thread = threading.Thread(target=other)
    with engine.begin() as conn:
        done = first(JobRepo(conn))
        thread.start()
        until(lambda: _count(engine, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1)
    thread.join()
    return done, answer[0]


def test_cancelled_at_the_moment_it_ends(postgres: Engine):
    with postgres.begin() as conn:
        job_id = JobRepo(conn).enqueue("k")
        mine = JobRepo(conn).claim(1, 60)
    assert mine is not None
    assert meanwhile(postgres, lambda j: j.finish(mine, 2), lambda j: j.cancel(job_id, 2)) == (True, False)
    with postgres.begin() as conn:
        job_id = JobRepo(conn).enqueue("k")
        next_one = JobRepo(conn).claim(1, 60)
    assert next_one is not None
    assert meanwhile(postgres, lambda j: j.cancel(job_id, 2), lambda j: j.finish(next_one, 2)) == (True, False)
    assert states(postgres) == ["done", "cancelled"]


def test_enqueued_at_the_moment_it_is_claimed(postgres: Engine):
    """The new payload must not vanish in a job whose worker has read the old one."""
    with postgres.begin() as conn:
        old = JobRepo(conn).enqueue("k", {"n": 1}, dedupe="a")
    claimed, new = meanwhile(postgres, lambda j: j.claim(1, 60), lambda j: j.enqueue("k", {"n": 2}, dedupe="a"))
    assert (claimed.id, claimed.payload) == (old, {"n": 1})
    assert new != old
    with postgres.begin() as conn:
        assert JobRepo(conn).get(new).payload == {"n": 2}


@pytest.mark.parametrize("way", ["release", "fail", "retry"])
def test_enqueued_at_the_moment_it_is_given_back(postgres: Engine, way: str):
    with postgres.begin() as conn:
        JobRepo(conn).enqueue("k", {"n": 1}, dedupe="a")
        mine = JobRepo(conn).claim(1, 60)
        assert mine is not None
        if way == "retry":
            JobRepo(conn).fail(mine, LEGACY(text="x"), 1, retry=False)
    back = {
        "release": lambda j: j.release(mine),
        "fail": lambda j: j.fail(mine, LEGACY(text="x"), 2, backoff_s=0),
        "retry": lambda j: j.retry(mine.id),
    }[way]
    _, given = meanwhile(postgres, lambda j: j.enqueue("k", {"n": 2}, dedupe="a"), back)
    assert given == (way != "retry")
    with postgres.begin() as conn:
        waiting = [j.payload["n"] for j in JobRepo(conn).find(states=("waiting",))]
        assert waiting == ([2] if way == "retry" else [1, 2])


def test_paused_by_two_at_once(postgres: Engine):
    meanwhile(postgres, lambda j: j.pause("a"), lambda j: j.pause("b"))
    with postgres.begin() as conn:
        assert JobRepo(conn).paused() == {"a", "b"}


def states(engine: Engine) -> list[str]:
    with engine.begin() as conn:
        return [j.state for j in JobRepo(conn).find()]


def _count(engine: Engine, query: str) -> int:
    with engine.begin() as conn:
        return int(conn.scalar(text(query)) or 0)
