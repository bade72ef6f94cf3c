"""What the service asks of the queue: pause, retry, results, who overtakes whom, and that nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.job_queue import EVERYTHING, JobQueue
from plugin.jobs import inbox
from plugin.jobs.kinds import HAND, enqueue_changes, enqueue_restore, printable


@pytest.fixture
def tx(gallery: Gallery) -> Iterator[Tx]:
    with gallery.begin() as tx:
        yield tx


@pytest.fixture
def jobs(tx: Tx) -> JobQueue:
    return tx.jobs


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
    assert jobs.why_stop(running, 1, overtaking=HAND) is None
    later = jobs.enqueue("click", run_after=50, priority=HAND)
    assert jobs.why_stop(running, 1, overtaking=HAND) is None, "not yet"
    assert jobs.why_stop(running, 50, overtaking=HAND) == "overtaken"
    jobs.pause("click")
    assert jobs.why_stop(running, 50, overtaking=HAND) is None, "it could not run now"
    jobs.resume()
    click = jobs.claim(50, 60)
    assert click is not None
    assert click.id == later
    jobs.enqueue("click", run_after=0, priority=HAND)
    assert jobs.why_stop(click, 51, overtaking=HAND) is None, "one click waits for the other"


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
    jobs.fail(job, "bad", 4, retry=False)
    waiting = jobs.enqueue("k", run_after=0)
    assert jobs.purge(3) == 0
    assert jobs.purge(100) == 1
    assert [j.id for j in jobs.find()] == [failed, waiting]
    assert jobs.purge(100, states=("failed", "waiting", "running")) == 1
    assert [j.id for j in jobs.find()] == [waiting], "live ones stay"


def test_retry_and_a_ghost_of_the_failed_attempt(jobs: JobQueue):
    job_id = jobs.enqueue("k", run_after=0, max_attempts=1, dedupe="a")
    ghost = jobs.claim(0, 10)
    assert ghost is not None
    assert not jobs.retry(job_id, 1), "it runs"
    jobs.fail(ghost, "timed out", 1)
    assert jobs.retry(job_id, 2)
    assert not jobs.retry(job_id, 2)
    again = jobs.claim(3, 10)
    assert again is not None
    assert (again.id, again.error) == (job_id, None)
    assert not jobs.finish(ghost, 4), "the attempt that was given up has no say in the new one"
    jobs.fail(again, "x", 4, backoff_s=0)
    jobs.fail(jobs.claim(5, 10) or again, "x", 5, backoff_s=0)
    assert jobs.get(job_id).state == "waiting", "three attempts more"
    jobs.fail(jobs.claim(6, 10) or again, "x", 6)
    assert jobs.get(job_id).state == "failed"
    jobs.enqueue("k", run_after=0, dedupe="a")
    assert not jobs.retry(job_id, 7), "the same work waits already"


@pytest.mark.parametrize("way", ["release", "fail"])
def test_work_that_differs_from_its_waiting_twin_is_not_lost(jobs: JobQueue, way: str):
    jobs.enqueue("changes", {"paths": ["a"]}, dedupe="1", run_after=0)
    running = jobs.claim(0, 10)
    assert running is not None
    twin = jobs.enqueue("changes", {"paths": ["b"]}, dedupe="1", run_after=0)
    assert jobs.release(running) if way == "release" else jobs.fail(running, "x", 0, backoff_s=0)
    claimed = [jobs.claim(1, 60), jobs.claim(1, 60)]
    assert {j.id for j in claimed if j} == {running.id, twin}


paths = st.lists(st.sampled_from("abcdef"), max_size=4)
shared = [HealthCheck.function_scoped_fixture]  # every example clears the queue


@settings(max_examples=25, deadline=None, suppress_health_check=shared)
@given(batches=st.lists(paths, min_size=1, max_size=5), claims=st.sets(st.integers(0, 4)))
def test_no_changed_path_is_ever_lost(gallery: Gallery, batches, claims):
    """Whatever is claimed, given back, failed or merged in between, every path ends in a job that is done."""
    with gallery.begin() as tx:
        for job in tx.jobs.find(states=("waiting",)):
            tx.jobs.cancel(job.id, 0)
        tx.jobs.purge(1e12)
        done: set[str] = set()
        for n, batch in enumerate(batches):
            enqueue_changes(tx, 1, batch)
            if n in claims:
                held = tx.jobs.claim(1e12, 10)
                assert held is not None
                # Failing is allowed twice: the third time it would be lost for a reason.
                tx.jobs.release(held, run_after=0) if n > 1 else tx.jobs.fail(held, "killed", 0, backoff_s=0)
        while (job := tx.jobs.claim(1e12, 10)) is not None:
            done |= set(job.payload["paths"])
            tx.jobs.finish(job, 0)
        assert done == {p for batch in batches for p in batch}


def test_a_face_of_a_photo_is_another_job_than_the_photo(tx: Tx):
    photo = Path("/p/a.jpg")
    assert enqueue_restore(tx, photo) == enqueue_restore(tx, photo)
    assert enqueue_restore(tx, photo, face_id=3) != enqueue_restore(tx, photo, face_id=4)
    assert tx.jobs.get(enqueue_restore(tx, photo)).origin == "hand"


def test_names_that_are_not_utf8_survive(tx: Tx):
    photo = Path("/p/M\udcfcller 'x\".jpg")
    job = tx.jobs.get(enqueue_restore(tx, photo))
    assert Path(job.payload["path"]) == photo
    assert printable(photo) == "/p/M\\xfcller 'x\".jpg"


def test_the_inbox_becomes_jobs_once(gallery: Gallery, tmp_path: Path):
    folder = tmp_path / "inbox"
    assert inbox.collect(folder, gallery) == []
    photos = [Path("/p/-a b.jpg"), Path("/p/M\udcfcller.jpg")]
    file = inbox.drop(folder, photos, {"force": True})
    assert file.stat().st_mode & 0o077 == 0
    inbox.drop(folder, photos[:1], {})
    (folder / "1.job").write_text("{broken")
    ids = inbox.collect(folder, gallery)
    assert len(set(ids)) == 2, "the same photo twice is one job"
    assert inbox.collect(folder, gallery) == []
    assert [p.name for p in folder.iterdir() if p.suffix == ".bad"] == ["1.bad"]
    with gallery.begin(write=False) as tx:
        assert {tx.jobs.get(i).payload["path"] for i in ids} == {str(p) for p in photos}
        assert all(j.priority == HAND for j in tx.jobs.find())
