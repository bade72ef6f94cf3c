"""Do what is due, here and now; or watch the service do it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gallery_db import Gallery
from gallery_db.errors import UnknownIdError
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import JobRecord

from ..errors import BusyError
from ..folders import Folders
from ..jobs.inbox import collect
from ..progress import Progress
from ..rows import job_subject
from ..settings import Settings
from .control import ask
from .lock import only_service
from .run import make_supervisor

LOOK_S = 0.3
"""How often the queue is looked at while the service works."""

FOLLOW_S = 1.0
"""The same for somebody who only watches."""


def drain(settings: Settings, home: Path | None, progress: Progress) -> list[JobRecord]:
    """Do all jobs that are due. With a service running that does them, and this waits until those are through that were
    there, those left out that it will try again later. Returns the jobs that were done or failed, in that order."""
    folders = settings.folders
    ended: list[JobRecord] = []

    def on_end(job: JobRecord) -> None:
        if job.state in ("done", "failed"):
            ended.append(job)
            progress.step(job_subject(job))

    with Gallery.open(folders.gallery) as gallery:
        collect(folders.inbox, gallery)
        with gallery.begin(write=False) as tx:
            left = {j.id for j in tx.jobs.find(states=("waiting", "running"))}
        progress.total(len(left))
        while True:
            try:
                with only_service(folders):
                    make_supervisor(gallery, settings, home, on_end).run(drain=True)
                break
            except BusyError:
                if _service_ends_them(gallery, folders.runtime, left, on_end):
                    break
    return ended


def follow(folders: Folders) -> Iterator[JobRecord]:
    """The jobs that the service ends from now on, done or failed, as they end; until it is gone."""
    told = set[int]()
    with Gallery.open(folders.gallery) as gallery:
        with gallery.begin(write=False) as tx:
            since = tx.jobs.now()
        while ask(folders.runtime, "ping") is not None:
            with gallery.begin(write=False) as tx:
                ended = tx.jobs.ended(since, states=("done", "failed"))
            yield from reversed([j for j in ended if j.id not in told])
            since = max((j.finished_at or since for j in ended), default=since)
            told = {j.id for j in ended if j.finished_at == since}
            time.sleep(FOLLOW_S)


def _service_ends_them(gallery: Gallery, runtime: Path, wanted: set[int], on_end: Callable[[JobRecord], None]) -> bool:
    """Wait until the service has ended these jobs, those it will try again later left out. False when it is gone
    before; then the rest is in `wanted`."""
    while wanted:
        jobs = []
        with gallery.begin(write=False) as tx:
            paused, at = tx.jobs.paused(), tx.jobs.now()
            for job_id in sorted(wanted):
                try:
                    jobs.append(tx.jobs.get(job_id))
                except UnknownIdError:  # cleared in the meantime
                    wanted.discard(job_id)
        for job in jobs:
            later = job.state == "waiting" and (job.run_after > at or {job.kind, EVERYTHING} & paused)
            if job.state not in ("waiting", "running") or later:
                wanted.discard(job.id)
                on_end(job)
        time.sleep(LOOK_S)
        if wanted and ask(runtime, "ping") is None:
            return False
    return True
