"""Jobs that look through folders of the library: ask for them, see how far one is, take them back."""

from collections.abc import Mapping
from dataclasses import dataclass

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord

from ..job_kinds import HAND, enqueue_again, enqueue_reconcile
from ..job_payloads import CHANGES, LOOK, RECONCILE, SETTLE, ChangesPayload, RootPayload, payload_of


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
        jobs = [j for kind in (CHANGES, RECONCILE, LOOK) for j in tx.jobs.find(kind=kind, states=("running",))]
    if not jobs:
        return None
    told = jobs[0].progress or {}
    return RunningScan(jobs[0].id, int(told.get("done", 0)), int(told.get("total", 0)), str(told.get("text", "")))


SCAN_NOW = HAND - 1
"""Somebody waits for it, but a photo that somebody wants restored does not wait for a whole folder."""


def scan_soon(gallery: Gallery, root_id: int, *, accept_missing: bool = False) -> None:
    """Have a folder looked through by the next worker. `accept_missing`: photos were deleted on purpose. Raises
    UnknownIdError."""
    with gallery.begin() as tx:
        tx.roots.get(root_id)
        enqueue_reconcile(tx, root_id, priority=SCAN_NOW, origin="hand", accept_missing=accept_missing)


def scan_new_folders(gallery: Gallery) -> None:
    """The same with every folder that never was."""
    with gallery.begin() as tx:
        for root in tx.roots.all():
            if root.last_scan_at is None:
                enqueue_reconcile(tx, root.id, priority=SCAN_NOW, origin="hand")


def scans_of(tx: Tx) -> Mapping[int, JobRecord]:
    """The job that looks through each folder, by the folder's id: the running one, else the waiting one."""
    jobs = tx.jobs.find(kind=RECONCILE, states=("waiting", "running"))
    # The rest of one that several machines share.
    jobs += tx.jobs.find(kind=SETTLE, states=("waiting", "running")) + tx.jobs.find(kind=LOOK, states=("running",))
    jobs.sort(key=lambda j: j.state == "running")
    return {p.root_id: j for j in jobs if (p := payload_of(j, RootPayload))}


def read_again(tx: Tx) -> frozenset[str]:
    """Paths that are read, or wait to be."""
    jobs = tx.jobs.find(kind=CHANGES, states=("waiting", "running"))
    payloads = [p for job in jobs if (p := payload_of(job, ChangesPayload))]
    return frozenset(path for p in payloads for path in p.paths)


def read_unreadable_again(gallery: Gallery) -> int:
    """Have every photo read once more that could not be read. Returns how many."""
    with gallery.begin() as tx:
        by_root: dict[int, list[str]] = {}
        for photo in tx.photos.find(states=("failed",)):
            if photo.root_id is not None:
                by_root.setdefault(photo.root_id, []).append(photo.path)
        for root_id, paths in by_root.items():
            enqueue_again(tx, root_id, paths)
    return sum(map(len, by_root.values()))


def cancel_scans(tx: Tx, root_id: int) -> None:
    """Have a folder looked through no more."""
    for kind in (RECONCILE, LOOK, SETTLE):
        for job in tx.jobs.find(kind=kind, states=("waiting", "running")):
            payload = payload_of(job, RootPayload)
            if payload is not None and payload.root_id == root_id:
                tx.jobs.cancel(job.id, tx.jobs.now())
