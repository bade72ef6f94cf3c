"""Jobs that look through folders of the library: which there are, how far one is, no more of them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord

from ..job_kinds import CHANGES, RECONCILE


@dataclass(frozen=True, slots=True)
class RunningScan:
    """A scan of the service: `done` of `total` photos, `text` is the one it looked at last. Stored once a second."""

    job_id: int
    done: int
    total: int
    text: str


def running_scan(gallery: Gallery) -> RunningScan | None:
    """The one that runs now; None: the service scans nothing."""
    with gallery.begin(write=False) as tx:
        jobs = [j for kind in (CHANGES, RECONCILE) for j in tx.jobs.find(kind=kind, states=("running",))]
    if not jobs:
        return None
    told = jobs[0].progress or {}
    return RunningScan(jobs[0].id, int(told.get("done", 0)), int(told.get("total", 0)), str(told.get("text", "")))


def scans_of(tx: Tx) -> Mapping[int, JobRecord]:
    """The job that looks through each folder, by the folder's id: the running one, else the waiting one."""
    jobs = tx.jobs.find(kind=RECONCILE, states=("waiting", "running"))
    return {j.payload["root_id"]: j for j in sorted(jobs, key=lambda j: j.state == "running")}


def cancel_scans(tx: Tx, root_id: int) -> None:
    """Have a folder looked through no more."""
    for job in tx.jobs.find(kind=RECONCILE, states=("waiting", "running")):
        if job.payload["root_id"] == root_id:
            tx.jobs.cancel(job.id, time.time())
