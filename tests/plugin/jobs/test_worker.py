"""Real worker processes, killed for real: no job is lost, nothing is done twice, and who is to blame is known."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gallery_db import Gallery, Tx
from gallery_db.records import JobRecord
from plugin import reasons as app_reasons
from plugin.job_kinds import enqueue_reconcile
from plugin.jobs import crash_policy
from plugin.jobs.crash_policy import is_left_alone
from plugin.jobs.supervisor import Supervisor
from plugin.jobs.worker_process import Limits, death
from plugin.reason_words import in_words
from tests.support.waiting import until

from .handlers import COMMAND, HANDLERS

pytestmark = pytest.mark.timeout(90)


def supervisor(gallery: Gallery, home: Path, **limits: Any) -> Supervisor:
    usual = Limits(idle_s=30.0, poll_s=0.1, backoff_s=0.0, stop_s=5.0)
    return Supervisor(
        gallery,
        [*COMMAND, "--home", str(home)],
        home / "state" / "worker.log",
        limits=replace(usual, **limits),
        kinds=[*HANDLERS],
    )


def enqueue(gallery: Gallery, kind: str, payload: dict[str, Any] | None = None, **more) -> int:
    with gallery.begin() as tx:
        return tx.jobs.enqueue(kind, payload, **more)


def job(gallery: Gallery, job_id: int) -> JobRecord:
    with gallery.begin(write=False) as tx:
        return tx.jobs.get(job_id)


@contextmanager
def working(s: Supervisor) -> Iterator[Supervisor]:
    thread = Thread(target=s.run)
    thread.start()
    try:
        yield s
    finally:
        s.stop()
        thread.join()


def test_results_reasons_and_retries(gallery: Gallery, home: Path):
    good = enqueue(gallery, "ok", {"n": 1}, origin="auto")
    bad = enqueue(gallery, "broken", max_attempts=2)
    odd = enqueue(gallery, "unjson", max_attempts=1)
    supervisor(gallery, home).run(drain=True)
    assert (job(gallery, good).state, job(gallery, good).progress) == ("done", {"echo": {"n": 1}, "origin": "auto"})
    # An exception is tried again, later: 30 s after the first attempt.
    failed = job(gallery, bad)
    assert (failed.state, failed.attempts) == ("waiting", 1)
    assert failed.error == app_reasons.UNEXPECTED(error="ValueError", detail="this handler is broken")
    assert failed.run_after > time.time() + 10
    assert job(gallery, odd).state == "failed"
    assert "Traceback" in (home / "state" / "worker.log").read_text()


def test_what_a_killed_supervisor_left_running_is_waited_for(gallery: Gallery, home: Path):
    orphan = enqueue(gallery, "ok")
    with gallery.begin() as tx:
        assert tx.jobs.claim(tx.jobs.now(), 1.0) is not None, "by a worker that died with its supervisor"
    supervisor(gallery, home).run(drain=True)
    assert job(gallery, orphan).state == "done"


def test_what_is_given_back_while_the_queue_is_looked_at_is_done(
    gallery: Gallery, home: Path, monkeypatch: pytest.MonkeyPatch
):
    orphan = enqueue(gallery, "ok")
    with gallery.begin() as tx:
        claimed = tx.jobs.claim(tx.jobs.now(), 30.0)
    assert claimed is not None, "by a worker that lost its supervisor and gives it back"
    begin = gallery.begin
    given_back: list[bool] = []

    @contextmanager
    def then_given_back(**how: bool) -> Iterator[Tx]:
        with begin(**how) as tx:
            yield tx
        if not given_back:
            with begin() as tx:
                given_back.append(tx.jobs.release(claimed))

    monkeypatch.setattr(gallery, "begin", then_given_back)
    supervisor(gallery, home).run(drain=True)
    assert given_back == [True]
    assert job(gallery, orphan).state == "done"


@pytest.mark.parametrize("why", ["paused", "of another release"])
def test_what_nobody_may_take_over_is_not_waited_for(gallery: Gallery, home: Path, why: str):
    kind = "ok" if why == "paused" else "of a later release"
    left = enqueue(gallery, kind)
    with gallery.begin() as tx:
        assert tx.jobs.claim(tx.jobs.now(), 0.1) is not None
        if why == "paused":
            tx.jobs.pause(kind)
    supervisor(gallery, home).run(drain=True)
    assert job(gallery, left).state == "running"


def test_a_job_that_kills_its_worker_fails_after_three_deaths(gallery: Gallery, home: Path):
    bad = enqueue(gallery, "segfault")
    good = enqueue(gallery, "ok", priority=-1)
    supervisor(gallery, home).run(drain=True)
    assert job(gallery, good).state == "done", "the queue goes on"
    dead = job(gallery, bad)
    assert (dead.state, dead.attempts) == ("failed", 3)
    assert dead.error == app_reasons.WORKER_KILLED(signal="SIGSEGV")
    assert "Segmentation fault" in (home / "state" / "worker.log").read_text()


@pytest.mark.parametrize(
    "where", ["in the library", *(pytest.param(w, marks=pytest.mark.slow) for w in ("elsewhere", "given up before"))]
)
def test_a_photo_that_kills_three_times_is_quarantined(gallery: Gallery, home: Path, where: str):
    folder = home / "photos"
    folder.mkdir()
    photo = folder / "poison.jpg"
    photo.write_bytes(b"x")
    notes = home / "notes"
    with gallery.begin() as tx:
        if where != "elsewhere":
            tx.roots.add(folder)
        if where == "given up before":
            assert crash_policy.quarantine(tx, str(photo), app_reasons.WORKER_HANGS())
            assert not crash_policy.quarantine(tx, str(photo), app_reasons.WORKER_HANGS())
    # Neither of these kinds asks whether the photo was given up, and both must end.
    kind = "killed" if where == "given up before" else "restore"
    bad = enqueue(gallery, kind, {"path": str(photo), "notes": str(notes)})
    supervisor(gallery, home).run(drain=True)
    assert job(gallery, bad).state == "failed"
    assert notes.read_text().split() == ["started"] * 3
    with gallery.begin(write=False) as tx:
        row = tx.photos.by_path(str(photo))
    if where == "elsewhere":
        assert row is None
    else:
        assert row is not None
        assert row.state == "failed"
        assert is_left_alone(row)
        assert row.reason is not None
        assert row.reason.params["times"] == 3


def test_an_endless_loop_is_ended(gallery: Gallery, home: Path):
    bad = enqueue(gallery, "forever", max_attempts=1)
    good = enqueue(gallery, "ok", priority=-1)
    supervisor(gallery, home, timeout_s=1.0).run(drain=True)
    assert job(gallery, bad).error == app_reasons.NO_PROGRESS(seconds=1)
    assert (job(gallery, bad).state, job(gallery, good).state) == ("failed", "done")


@pytest.mark.slow
def test_a_memory_eater_is_ended(gallery: Gallery, home: Path):
    bad = enqueue(gallery, "glutton", max_attempts=1)
    supervisor(gallery, home, memory_bytes=700 << 20).run(drain=True)
    assert job(gallery, bad).state == "failed"
    assert job(gallery, bad).error == app_reasons.WORKER_TOO_LARGE(megabytes=700)


def test_one_poison_photo_among_many_is_found_and_the_job_is_done(gallery: Gallery, home: Path):
    folder = home / "photos"
    folder.mkdir()
    paths = [folder / f"{n}.jpg" for n in range(6)]
    for path in paths:
        path.write_bytes(b"x")
    with gallery.begin() as tx:
        tx.roots.add(folder)
    notes = home / "notes"
    payload = {"paths": [str(p) for p in paths], "poison": str(paths[3]), "notes": str(notes)}
    big = enqueue(gallery, "reconcile", payload)
    supervisor(gallery, home).run(drain=True)
    assert job(gallery, big).state == "done"
    with gallery.begin(write=False) as tx:
        failed = [p.path for p in tx.photos.find(states=("failed",))]
    assert failed == [str(paths[3])], "the poison, and not its innocent neighbour"
    assert {"4.jpg", "5.jpg"} <= set(notes.read_text().split()), "what came after the poison was seen"


@pytest.mark.slow
def test_a_photo_that_crashes_the_decoder_does_not_keep_the_others_out(own, home: Path):
    """The real reconciliation of a folder in which one file crashes the decoder, two photos at a time."""
    folder, cli = own("*person1*")
    shutil.copy(folder / "sample-person1-1999.jpg", folder / "poison.jpg")
    with Gallery.open(cli.home / "data" / "gallery.db") as gallery:
        with gallery.begin() as tx:
            [root] = tx.roots.all()
            big = enqueue_reconcile(tx, root.id)
        command = [*COMMAND, "--real", "--home", str(cli.home)]
        limits = Limits(poll_s=0.1, backoff_s=0.0)
        Supervisor(gallery, command, home / "worker.log", limits=limits, kinds=["reconcile"]).run(drain=True)
        assert job(gallery, big).state == "done"
        with gallery.begin(write=False) as tx:
            states = {Path(p.path).name: p.state for p in tx.photos.find()}
            counted = tx.photos.counts()
    assert states["poison.jpg"] == "failed"
    assert (counted["failed"], counted["indexed"]) == (1, len(list(folder.iterdir())) - 1)
    told = [c["message"] for c in cli("doctor", code=5)["checks"] if c["check"] == "photo"]
    assert any("poison.jpg" in m and "3 times" in m for m in told)


def test_a_right_click_overtakes_and_the_library_job_comes_back(gallery: Gallery, home: Path):
    notes = home / "notes"
    long = enqueue(gallery, "steps", {"steps": 40, "notes": str(notes)})
    with working(supervisor(gallery, home)) as s:
        until(lambda: notes.exists())
        click = enqueue(gallery, "ok", {"notes": str(notes)}, priority=100)
        s.wake()
        until(lambda: job(gallery, long).state == "done")
    assert notes.read_text().split() == ["started", "ok", "started", "finished"]
    assert job(gallery, click).state == "done"
    assert job(gallery, long).attempts == 1, "being overtaken is no failed attempt"


def test_less_urgent_jobs_do_not_interrupt(gallery: Gallery, home: Path):
    notes = home / "notes"
    long = enqueue(gallery, "steps", {"steps": 10, "notes": str(notes)}, priority=-10)
    with working(supervisor(gallery, home)):
        until(lambda: notes.exists())
        other = enqueue(gallery, "ok", {"notes": str(notes)}, priority=20)
        until(lambda: job(gallery, other).state == "done")
    assert notes.read_text().split() == ["started", "finished", "ok"]
    assert job(gallery, long).state == "done"


def test_cancel_pause_and_resume_reach_a_running_job(gallery: Gallery, home: Path):
    notes = home / "notes"
    first = enqueue(gallery, "steps", {"steps": 10_000, "notes": str(notes)})
    with working(supervisor(gallery, home)) as s:
        until(lambda: notes.exists())
        with gallery.begin() as tx:
            tx.jobs.cancel(first, time.time())
        second = enqueue(gallery, "steps", {"steps": 10_000, "notes": str(notes)})
        until(lambda: job(gallery, second).state == "running")
        with gallery.begin() as tx:
            tx.jobs.pause()
        until(lambda: job(gallery, second).state == "waiting")
        with gallery.begin() as tx:
            tx.jobs.resume()
        s.wake()
        until(lambda: job(gallery, second).state == "running")
    assert job(gallery, first).state == "cancelled"
    assert (job(gallery, second).state, job(gallery, second).attempts) == ("waiting", 0), "given back at the end"


@pytest.mark.slow
def test_kill_minus_nine_from_outside_at_any_moment(gallery: Gallery, home: Path):
    notes = home / "notes"
    jobs = [enqueue(gallery, "steps", {"steps": 4, "notes": str(notes)}, max_attempts=50) for _ in range(4)]
    with working(supervisor(gallery, home)) as s:
        for _ in range(5):
            until(lambda: s.status() or all(job(gallery, j).state == "done" for j in jobs))
            time.sleep(0.7)
            pid = s.status().get("pid")
            if pid:
                os.kill(pid, signal.SIGKILL)
        until(lambda: all(job(gallery, j).state == "done" for j in jobs))
    assert notes.read_text().count("finished") >= 4


def test_the_worker_ends_when_its_supervisor_is_gone(gallery: Gallery, home: Path):
    notes = home / "notes"
    long = enqueue(gallery, "steps", {"steps": 10_000, "notes": str(notes)})
    with working(supervisor(gallery, home)) as s:
        until(lambda: notes.exists())
        worker = s._worker
        assert worker is not None
        assert worker._process.stdin is not None
        worker._process.stdin.close()  # what the kernel does when the supervisor dies
        until(lambda: job(gallery, long).attempts == 0 or not worker.running())


def test_a_worker_that_cannot_start_is_no_busy_loop(gallery: Gallery, home: Path):
    enqueue(gallery, "ok")
    s = Supervisor(gallery, [sys.executable, "-c", "raise SystemExit(3)"], home / "worker.log", kinds=["ok"])
    with working(s):
        until(lambda: s._stillborn >= 1)
        time.sleep(1)
        assert s._stillborn == 1


def test_a_worker_that_hangs_before_its_first_job_is_ended(gallery: Gallery, home: Path):
    enqueue(gallery, "ok")
    hanging = [sys.executable, "-c", "import time; time.sleep(600)"]
    limits = Limits(timeout_s=0.5, idle_s=0.5, poll_s=0.1)
    s = Supervisor(gallery, hanging, home / "worker.log", limits=limits, kinds=["ok"])
    with working(s):
        until(lambda: s._stillborn >= 1)


def test_no_worker_can_be_started_for_now(gallery: Gallery, home: Path):
    """No memory for another process, or a log that cannot be written: the service stays."""
    good = enqueue(gallery, "ok")
    s = supervisor(gallery, home)
    (home / "state").write_text("in the way")
    with working(s):
        until(lambda: s._stillborn >= 1)
        (home / "state").unlink()
        until(lambda: job(gallery, good).state == "done")


def test_a_job_of_a_later_release_keeps_nobody_from_working(gallery: Gallery, home: Path):
    long = enqueue(gallery, "steps", {"steps": 10})
    unknown = enqueue(gallery, "of a later release", priority=100)
    supervisor(gallery, home).run(drain=True)
    assert (job(gallery, long).state, job(gallery, unknown).state) == ("done", "waiting")


def test_what_an_exit_status_says():
    assert death(3) == app_reasons.WORKER_ENDED(status=3)
    assert death(-11) == app_reasons.WORKER_KILLED(signal="SIGSEGV")
    assert "out of memory" in in_words(death(-9))
