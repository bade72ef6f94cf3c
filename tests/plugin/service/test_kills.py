"""kill -9 of the worker at random moments: every photo ends in one copy and one record."""

import os
import random
import shutil
import signal
import time
from pathlib import Path
from threading import Thread

import psutil
import pytest

from gallery_db import Gallery
from iconface_core.images.provenance import read_provenance
from iconface_core.images.read import read_photo
from plugin.job_kinds import enqueue_restore
from plugin.job_payloads import QueuedChoices
from plugin.jobs.supervisor import Supervisor, worker_command
from plugin.jobs.worker_process import Limits
from tests.support.narrow import present

PHOTOS, KILLS = 3, 5


def enqueue_all(gallery: Gallery, photos: list[Path]) -> list[int]:
    with gallery.begin() as tx:
        return [enqueue_restore(tx, photo, options=QueuedChoices(force=True)) for photo in photos]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_random_moments(sample: tuple[Path, Path], tmp_path: Path):
    home, folder = tmp_path / "home", tmp_path / "photos"
    folder.mkdir()
    rng = random.Random(7)
    photos = [Path(shutil.copy(photo, folder)) for photo in sorted(sample[0].glob("*-1999.jpg"))[:PHOTOS]]
    assert len(photos) == PHOTOS
    with Gallery.open(home / "data" / "gallery.db") as gallery:
        jobs = enqueue_all(gallery, photos)
        limits = Limits(poll_s=0.1, backoff_s=0.0)
        supervisor = Supervisor(gallery, worker_command(home), tmp_path / "worker.log", limits=limits)
        thread = Thread(target=supervisor.run)
        thread.start()
        try:
            kills = 0
            end = time.monotonic() + 800
            while time.monotonic() < end:
                with gallery.begin() as tx:
                    states = [tx.jobs.get(j).state for j in jobs]
                    for job, state in zip(jobs, states, strict=True):
                        if state == "failed":  # three kills are held against a photo; the user knows better
                            tx.jobs.retry(job)
                if set(states) == {"done"}:
                    if kills >= KILLS:
                        break
                    jobs = enqueue_all(gallery, photos)  # a fast machine was done too soon; again gives the same copies
                pid = supervisor.status().get("pid")
                if pid and kills < KILLS and psutil.pid_exists(pid) and supervisor.status().get("job_id"):
                    time.sleep(rng.uniform(0.0, rng.choice((1.0, 4.0))))  # models load first, then a photo is quick
                    kills += 1
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        kills -= 1
                time.sleep(0.1)
        finally:
            supervisor.stop()
            thread.join()
        with gallery.begin(write=False) as tx:
            assert [tx.jobs.get(j).state for j in jobs] == ["done"] * PHOTOS
            results = [tx.jobs.get(j).progress or {} for j in jobs]
            rows = tx.restorations.history()
    assert kills >= KILLS, "it was killed often enough to mean something"
    copies = sorted(str(p) for p in (home / "restored").rglob("*") if p.is_file())
    assert copies == sorted(r["output"] for r in results if r["output"])
    assert len(copies) >= PHOTOS - 1, "at most one was refused by the identity check"
    done = [r for r in rows if r.state == "done"]
    assert sorted({present(r.output) for r in done}) == copies
    assert len({(r.photo, r.bbox, r.output) for r in done}) == len(done), "no record is doubled"
    for copy in copies:
        assert read_photo(Path(copy)).pixels.size
        assert read_provenance(Path(copy)) is not None
