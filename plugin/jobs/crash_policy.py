"""A worker died: which photo was it, what becomes of the job, and when is a photo given up."""

import json
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from gallery_db import Tx
from gallery_db.records import JobRecord, PhotoRecord
from iconface_core.reasons import Reason

from ..job_payloads import CHANGES, LOOK, RECONCILE
from ..paths import printable
from ..reasons import QUARANTINED

STRIKES = "jobs.strikes"
"""Meta key: for each photo that killed the worker, how often, and size and time of the file it was then."""

OVER_MANY = frozenset({CHANGES, RECONCILE, LOOK})
"""Kinds that go on with the other photos, and skip one that is marked as failed."""

MAX_STRIKES = 3
BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Consequence:
    """What followed. `quarantined` is the photo that was given up; `careful` asks for a worker that looks at one photo
    at a time, because several were in its hands."""

    quarantined: str | None = None
    careful: bool = False


def settle(
    tx: Tx, job: JobRecord, looked_at: Set[str], reason: Reason, now: float, *, backoff_s: float = BACKOFF_S
) -> Consequence:
    """Blame a photo if only one was in the worker's hands, and give the job back or fail it.

    A job over one photo has its own three attempts. One over many photos is not spoiled by a few bad ones: it is
    released, and the bad ones are out after three deaths each. It ends all the same, because it fails when a photo that
    is out already kills again.
    """
    spent, out = False, None
    if len(looked_at) == 1:
        [path] = looked_at
        spent = _strike(tx, path) >= MAX_STRIKES
        out = path if spent and quarantine(tx, path, reason) else None
    if job.kind in OVER_MANY and looked_at and (out or not spent):
        tx.jobs.release(job, run_after=now if out else now + backoff_s, error=reason)
    else:
        tx.jobs.fail(job, reason, now, retry=not spent, backoff_s=backoff_s)
    return Consequence(out, careful=len(looked_at) > 1)


def quarantine(tx: Tx, path: str, reason: Reason) -> bool:
    """Mark a photo of the library as unreadable, with the reason. Its faces and names stay. False: it is so already, or
    is in no folder of the library, where the failed job says it all."""
    known = tx.photos.by_path(printable(path))
    root = tx.roots.containing(Path(path))
    size, mtime_ns, inode = _stat(path)
    if known is None and root is None:
        return False
    if known is not None and known.state == "failed" and (known.size, known.mtime_ns) == (size, mtime_ns):
        return False
    tx.photos.mark_failed(
        path,
        QUARANTINED(cause=reason, times=MAX_STRIKES),
        root_id=known.root_id if known is not None else root.id if root is not None else None,
        content_hash="" if known is None else known.content_hash,
        size=size,
        mtime_ns=mtime_ns,
        inode=inode,
    )
    return True


def is_left_alone(photo: PhotoRecord) -> bool:
    """Whether a photo was given up, and is not read until somebody asks."""
    return photo.state == "failed" and photo.reason is not None and photo.reason.code == QUARANTINED


def _strike(tx: Tx, path: str) -> int:
    """Count one death against this version of the file; forget it when it is given up."""
    strikes = json.loads(tx.meta.get(STRIKES) or "{}")
    size, mtime_ns, _ = _stat(path)
    key = printable(path)
    count, *version = strikes.get(key, (0, size, mtime_ns))
    count = count + 1 if version == [size, mtime_ns] else 1
    if count >= MAX_STRIKES:
        strikes.pop(key, None)
    else:
        strikes[key] = (count, size, mtime_ns)
    tx.meta.set(STRIKES, json.dumps(strikes) if strikes else None)
    return int(count)


def _stat(path: str) -> tuple[int, int, int]:
    try:
        stat = Path(path).stat()
    except OSError:
        return 0, 0, 0
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
