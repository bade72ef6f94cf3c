"""Clean-ups in the database: their photos in order, and how long their jobs are remembered."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery_db import Gallery
from gallery_db.cleanups import ORIGIN


def test_before_the_first_there_is_none(gallery: Gallery):
    with gallery.begin(write=False) as tx:
        assert tx.cleanups.latest() is None


@settings(max_examples=20)
@given(
    planned=st.lists(st.tuples(st.integers(1, 99), st.lists(st.integers(1, 99), max_size=3)), max_size=12),
    step=st.integers(1, 5),
)
def test_every_photo_is_fed_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, planned: list[tuple[int, list[int]]], step: int
):
    with Gallery.open(tmp_path_factory.mktemp("g") / "g.db") as gallery:
        with gallery.begin() as tx:
            run = tx.cleanups.begin("2026-01-01T00:00:00.000000+00:00", planned)
        fed = []
        while True:
            with gallery.begin() as tx:
                items = tx.cleanups.next_items(run.id, step)
                for item in items:
                    fed.append((item.photo_id, list(item.face_ids)))
                    tx.cleanups.feed(item.id, None)
                now = tx.cleanups.latest()
                assert now is not None
                assert now.fed == len(fed)
            if not items:
                break
        assert fed == planned
        assert now.finished
        assert (now.photos, now.faces) == (len(planned), sum(len(faces) for _, faces in planned))


def test_a_new_one_drops_what_the_old_one_had_not_fed(gallery: Gallery):
    with gallery.begin() as tx:
        old = tx.cleanups.begin("2026-01-01T00:00:00.000000+00:00", [(1, [1]), (2, [2])], hours="22:00-06:00")
        tx.cleanups.feed(tx.cleanups.next_items(old.id, 1)[0].id, tx.jobs.enqueue("restore", origin=ORIGIN))
        new = tx.cleanups.begin("2026-01-02T00:00:00.000000+00:00", [(3, [3])], options={"restorer": "waifu2x"})
        assert tx.cleanups.latest() == new
        assert (new.hours, new.options) == (None, {"restorer": "waifu2x"})
        assert tx.cleanups.next_items(old.id, 9) == []
        assert len(tx.cleanups.jobs(old.id)) == 1
        tx.cleanups.set_times(new.id, hours="01:00-02:00", idle=True)
        changed = tx.cleanups.latest()
        assert changed is not None
        assert (changed.hours, changed.idle) == ("01:00-02:00", True)


def test_jobs_of_the_latest_clean_up_outlive_the_others(gallery: Gallery):
    """The queue forgets old jobs; the report of the latest clean-up needs its own."""
    with gallery.begin() as tx:
        for day in (1, 2):
            run = tx.cleanups.begin(f"2026-01-0{day}T00:00:00.000000+00:00", [(day, [day])])
            tx.cleanups.feed(tx.cleanups.next_items(run.id, 1)[0].id, tx.jobs.enqueue("restore", origin=ORIGIN))
        tx.jobs.enqueue("restore", origin="hand")
        while (job := tx.jobs.claim(time.time(), 30)) is not None:
            tx.jobs.finish(job, 100.0)
        first, second, hand = (j.id for j in tx.jobs.find())
        assert tx.jobs.purge(200.0, spare=ORIGIN) == 1
        assert [j.id for j in tx.jobs.find()] == [first, second]
        assert hand not in {first, second}
        assert tx.cleanups.forget_jobs(50.0) == 0
        assert tx.cleanups.forget_jobs(200.0) == 1
        assert [j.id for j in tx.jobs.find(origin=ORIGIN)] == [second]
        assert [j.id for j in tx.cleanups.jobs(run.id)] == [second]
        assert tx.cleanups.jobs(run.id, states=("failed",)) == []


def test_clearing_the_queue_leaves_the_clean_up_whole(gallery: Gallery):
    with gallery.begin() as tx:
        run = tx.cleanups.begin("2026-01-01T00:00:00.000000+00:00", [(1, [1])])
        tx.cleanups.feed(tx.cleanups.next_items(run.id, 1)[0].id, tx.jobs.enqueue("restore", origin=ORIGIN))
        job = tx.jobs.claim(time.time(), 30)
        assert job is not None
        tx.jobs.finish(job, 100.0)
        assert tx.jobs.purge(200.0) == 1
        kept = tx.cleanups.latest()
        assert kept is not None
        assert kept.finished
        assert tx.cleanups.jobs(run.id) == []
