"""What people ask of the queue, without a command or a page."""

import time
from pathlib import Path

import pytest

from gallery_db import Gallery
from gallery_db.gallery import Tx
from iconface_core.reason_codes import FILE_EMPTY
from plugin.errors import UnknownIdError, UsageError
from plugin.job_kinds import enqueue_restore
from plugin.jobs.jobs import Jobs


def fail(tx: Tx, job_id: int) -> None:
    job = tx.jobs.claim(time.time(), 30)
    assert job is not None
    assert job.id == job_id
    tx.jobs.fail(job, FILE_EMPTY(), time.time(), retry=False)


@pytest.fixture
def queue(gallery: Gallery) -> list[int]:
    """Four restorations: one that failed, three that wait."""
    with gallery.begin() as tx:
        first = enqueue_restore(tx, Path("/lib/0.jpg"))
        fail(tx, first)
        return [first, *(enqueue_restore(tx, Path(f"/lib/{n}.jpg")) for n in (1, 2, 3))]


def states(gallery: Gallery, ids: list[int]) -> list[str]:
    with gallery.begin(write=False) as tx:
        return [tx.jobs.get(i).state for i in ids]


def test_only_what_can_be_changed_is(gallery: Gallery, queue: list[int]):
    jobs, (failed, first, second, third) = Jobs(gallery), queue
    assert jobs.cancel([failed, first]) == [first]
    assert jobs.retry([failed, first, second]) == [failed, first]
    assert states(gallery, queue) == ["waiting"] * 4
    assert not jobs.put_first(jobs.cancel([third])[0])
    assert jobs.put_first(second)
    with gallery.begin() as tx:
        claimed = tx.jobs.claim(time.time(), 30)
    assert claimed is not None
    assert claimed.id == second


def test_one_unknown_job_and_none_is_changed(gallery: Gallery, queue: list[int]):
    with pytest.raises(UnknownIdError):
        Jobs(gallery).cancel([queue[1], 999])
    assert states(gallery, queue) == ["failed", "waiting", "waiting", "waiting"]


def test_all_that_failed_is_tried_again_unless_it_waits_already(gallery: Gallery, queue: list[int]):
    with gallery.begin() as tx:
        again = enqueue_restore(tx, Path("/lib/0.jpg"))
    assert Jobs(gallery).retry_failed() == ([queue[0]], [])
    Jobs(gallery).cancel([again])
    assert Jobs(gallery).retry_failed() == ([queue[0]], [queue[0]])


@pytest.mark.parametrize("waiting", [False, True])
def test_what_would_be_cleared_is_what_is_cleared(gallery: Gallery, queue: list[int], waiting: bool):
    jobs = Jobs(gallery)
    counted = jobs.clear(("failed",), waiting=waiting, dry_run=True)
    assert states(gallery, queue) == ["failed", "waiting", "waiting", "waiting"]
    assert counted == (4 if waiting else 1)
    assert jobs.state().counts["failed"] == 1
    assert jobs.clear(("failed", "cancelled") if waiting else ("failed",), waiting=waiting) == counted
    assert sum(jobs.state().counts.values()) == 4 - counted


def test_a_pause_is_of_one_kind_or_of_all(gallery: Gallery, queue: list[int]):
    jobs = Jobs(gallery)
    assert jobs.due()
    assert jobs.pause("restore") == ["restore"]
    assert not jobs.due()
    assert jobs.pause() == ["*", "restore"]
    assert jobs.state().paused == ["*", "restore"]
    assert jobs.resume("restore") == ["*"]
    assert jobs.resume() == []
    with pytest.raises(UsageError, match="no kind of job 'sing'"):
        jobs.pause("sing")


def test_a_kind_of_a_later_release_can_be_looked_at_and_resumed(gallery: Gallery):
    jobs = Jobs(gallery)
    with pytest.raises(UsageError):
        jobs.listed(kind="sing", limit=9)
    with gallery.begin() as tx:
        song = tx.jobs.enqueue("sing", {})
        tx.jobs.pause("sing")
    found, state = jobs.listed(kind="sing", limit=9)
    assert [j.id for j in found] == [song]
    assert state.paused == ["sing"]
    assert jobs.resume("sing") == []


def test_a_photo_that_was_not_left_alone_is_not_read_again(gallery: Gallery):
    with gallery.begin() as tx:
        photo = tx.photos.upsert("/lib/a.jpg", "hash", width=9, height=9).id
    with pytest.raises(UsageError, match="not left alone"):
        Jobs(gallery).read_again(photo)
