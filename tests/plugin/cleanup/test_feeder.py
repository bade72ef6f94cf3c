"""How photos get into the queue: a few at a time, none lost, none twice, wherever it is killed."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gallery_db import Gallery
from iconface_core.reason_codes import BLURRED, DISK_FULL, FILE_EMPTY, SHARP_ALREADY
from iconface_core.reasons import read_reason
from plugin.cleanup.drive import _why, end, go_on, pause
from plugin.cleanup.feeder import FEED, open_jobs, proceed, start
from plugin.cleanup.outcomes import counts, outcomes
from plugin.cleanup.schedule import Hours
from plugin.job_kinds import enqueue_restore
from plugin.job_payloads import CLEANUP_ITEM, RESTORE, QueuedChoices
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS
from plugin.reason_words import in_words
from plugin.reasons import ANOTHER_CLEANUP, FACE_GONE, WAITING


def photos(gallery: Gallery, n: int) -> list[tuple[int, list[int]]]:
    with gallery.begin() as tx:
        return [(tx.photos.upsert(f"/lib/{i}.jpg", f"h{i}", width=9, height=9).id, [i + 1]) for i in range(n)]


def run_feeder(gallery: Gallery) -> dict[str, Any]:
    """Claim and run the next `cleanup_item`, as the worker does. Only the gallery is used of the application."""
    with gallery.begin() as tx:
        job = tx.jobs.claim(time.time(), 30, kinds=[CLEANUP_ITEM])
        assert job is not None
    app: Any = SimpleNamespace(gallery=gallery)
    result = HANDLERS[CLEANUP_ITEM].run(app, job.payload, JobContext("cleanup"))
    with gallery.begin() as tx:
        assert tx.jobs.finish(job, time.time(), result)
    return dict(result)


def restores(gallery: Gallery) -> list[str]:
    with gallery.begin(write=False) as tx:
        return [j.payload["path"] for j in tx.jobs.find(kind=RESTORE)]


def test_photos_are_fed_in_order_a_few_at_a_time_until_all_are(gallery: Gallery):
    todo = photos(gallery, 2 * FEED + 1)
    with gallery.begin() as tx:
        begun = start(tx, todo, options=QueuedChoices(restorer="waifu2x"))
    assert (begun.photos, begun.faces, begun.fed) == (9, 9, 0)
    for fed in (FEED, 2 * FEED, 2 * FEED + 1):
        assert len(restores(gallery)) < fed
        assert run_feeder(gallery)["fed"] == fed
        assert len(restores(gallery)) == fed
    assert restores(gallery) == [f"/lib/{i}.jpg" for i in range(9)]
    with gallery.begin(write=False) as tx:
        assert tx.jobs.find(kind=CLEANUP_ITEM, states=("waiting",)) == [], "nothing is left to feed"
        run = tx.cleanups.latest()
        job = tx.jobs.find(kind=RESTORE)[3]
    assert run is not None
    assert run.finished
    assert (job.origin, job.payload["options"]) == (
        "cleanup", {"restorer": "waifu2x", "face_ids": [4]}
    )  # fmt: skip


def test_a_feeder_that_dies_before_its_end_leaves_nothing_doubled(gallery: Gallery):
    """Killed after its transaction: it is claimed again and finds the list as it left it."""
    todo = photos(gallery, FEED + 1)
    with gallery.begin() as tx:
        start(tx, todo)
        job = tx.jobs.claim(time.time(), 0.0, kinds=[CLEANUP_ITEM])
        assert job is not None
    app: Any = SimpleNamespace(gallery=gallery)
    HANDLERS[CLEANUP_ITEM].run(app, job.payload, JobContext("cleanup"))  # and killed: never finished
    time.sleep(0.01)
    run_feeder(gallery)
    assert sorted(restores(gallery)) == [f"/lib/{i}.jpg" for i in range(FEED + 1)]


def test_outside_its_hours_it_waits_for_them(gallery: Gallery):
    later = datetime.now() + timedelta(hours=3)
    hours = Hours.parse(f"{later.hour}-{(later.hour + 1) % 24}")
    with gallery.begin(write=False) as tx:
        assert tx.cleanups.latest() is None
    todo = photos(gallery, 3)
    with gallery.begin() as tx:
        start(tx, todo, hours=hours)
    result = run_feeder(gallery)
    assert result["text"]["code"] == WAITING
    assert restores(gallery) == []
    with gallery.begin() as tx:
        [again] = tx.jobs.find(kind=CLEANUP_ITEM, states=("waiting",))
        assert 2 * 3600 - 60 < again.run_after - time.time() <= 3 * 3600
        assert tx.jobs.claim(time.time(), 30) is None
        run = tx.cleanups.latest()
        assert run is not None
        proceed(tx, run)  # the user runs it again, with other hours: at once
        assert tx.jobs.claim(time.time(), 30) is not None


def test_a_new_clean_up_takes_the_place_of_an_unfinished_one(gallery: Gallery):
    todo = photos(gallery, 3)
    with gallery.begin() as tx:
        start(tx, todo)
        old = tx.jobs.claim(time.time(), 30)
        assert old is not None
        run = start(tx, todo[2:])
        assert [i.photo_id for i in tx.cleanups.next_items(run.id, 9)] == [todo[2][0]]
    app: Any = SimpleNamespace(gallery=gallery)
    assert HANDLERS[CLEANUP_ITEM].run(app, old.payload, JobContext()) == {"text": ANOTHER_CLEANUP().as_json()}
    assert restores(gallery) == []


def test_a_right_click_keeps_its_own_job_and_options(gallery: Gallery):
    [(photo_id, faces)] = photos(gallery, 1)
    with gallery.begin() as tx:
        enqueue_restore(tx, Path("/lib/0.jpg"), options=QueuedChoices(strength=0.3))
        start(tx, [(photo_id, faces)])
    run_feeder(gallery)
    with gallery.begin(write=False) as tx:
        first, second = tx.jobs.find(kind=RESTORE)
    assert (first.origin, first.payload["options"]) == ("hand", {"strength": 0.3})
    assert second.origin == "cleanup"
    assert open_jobs(gallery) == 1


def test_waiting_says_what_went_wrong(gallery: Gallery):
    todo = photos(gallery, 2)
    with gallery.begin() as tx:
        start(tx, todo)
    said = run_feeder(gallery)["text"]
    with gallery.begin() as tx:
        assert _why(tx) == in_words(read_reason(said))
        job = tx.jobs.claim(time.time(), 30, kinds=[RESTORE])
        assert job is not None
        tx.jobs.fail(job, DISK_FULL(), time.time(), retry=True)
        assert _why(tx) == "No space left on device"


def test_a_photo_that_is_gone_is_passed_over(gallery: Gallery):
    todo = photos(gallery, 2)
    with gallery.begin() as tx:
        start(tx, [(999, [1]), *todo])
    run_feeder(gallery)
    assert len(restores(gallery)) == 2


def test_outcomes_tell_what_waits_failed_and_was_left_alone(gallery: Gallery):
    todo = photos(gallery, 4)
    with gallery.begin() as tx:
        run = start(tx, todo)
    run_feeder(gallery)
    sharp = SHARP_ALREADY(degradation=0.1)
    face = {"person_name": None, "bbox": [0, 0, 9, 9], "degradation": {"score": 0.9, "reasons": [BLURRED().as_json()]}}
    with gallery.begin() as tx:
        for n in range(3):
            job = tx.jobs.claim(time.time(), 30, kinds=[RESTORE])
            assert job is not None
            if n == 0:
                tx.jobs.fail(job, FILE_EMPTY(), time.time(), retry=False)
            else:
                row = {**face, "face_id": n + 1, "skipped_reason": sharp.as_json() if n == 1 else None}
                tx.jobs.finish(job, time.time(), {"faces": [row]})
    with gallery.begin(write=False) as tx:
        found = outcomes(tx, run)
    assert [(o.kind, o.reason) for o in found] == [
        ("failed", FILE_EMPTY()),
        ("left alone", sharp),
        ("left alone", FACE_GONE()),
        ("waiting", None),
    ]
    assert counts(found) == {"failed": 1, "left alone": 2, "waiting": 1}


def test_nothing_is_paused_or_ended_when_no_cleanup_is_at_work(gallery: Gallery, tmp_path: Path):
    assert not pause(gallery, tmp_path)
    assert not end(gallery, tmp_path)
    with gallery.begin(write=False) as tx:
        assert tx.jobs.paused() == frozenset(), "the next clean-up must not wait for a pause of none"


def test_going_on_ends_the_pause_and_keeps_to_the_new_hours(gallery: Gallery, tmp_path: Path):
    todo = photos(gallery, 2)
    with gallery.begin() as tx:
        run = start(tx, todo)
    assert pause(gallery, tmp_path)
    go_on(gallery, run, hours=Hours.parse("22-06"), idle=True)
    with gallery.begin(write=False) as tx:
        assert tx.jobs.paused() == frozenset()
        now = tx.cleanups.latest()
    assert now is not None
    assert (now.id, now.hours, now.idle) == (run.id, str(Hours.parse("22-06")), True)
    assert end(gallery, tmp_path)
    assert open_jobs(gallery) == 0
