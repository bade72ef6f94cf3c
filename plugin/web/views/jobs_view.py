"""The queue as one look at it: what runs, waits, failed, was left alone, and is done today."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gallery_db.gallery import Tx
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import CleanupRecord, JobRecord, PhotoRecord
from iconface_core.reasons import from_json, looks_like_reason

from ...job_payloads import CLEANUP_ITEM, RestorePayload, payload_of
from ...jobs.crash_policy import is_left_alone
from ...languages import _
from ...reasons import NOTHING_NEW
from ..words.jobs import KINDS, JobLine, JobWords
from ..words.reasons import on_page

SHOWN = 30
"""At most so many jobs of each list; the number of the others is said."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A photo that stopped the worker again and again, and is not read any more."""

    photo_id: int
    name: str
    where: str
    reason: str
    waits: bool


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The clean-up under way. `ended` of `photos` are through; `waiting` says what it waits for."""

    photos: int
    faces: int
    ended: int
    open: int
    hours: str | None
    idle: bool
    paused: bool
    waiting: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Everything the page shows of the queue; the numbers count what the lists leave out as well. `stuck`: something
    is due and nobody is seen at work."""

    running: list[JobLine]
    waiting: list[JobLine]
    failed: list[JobLine]
    today: list[JobLine]
    left_alone: list[LeftAlone]
    n_waiting: int
    n_failed: int
    n_today: int
    n_left_alone: int
    all_paused: bool
    stuck: bool
    paused: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    cleanup: CleanUp | None


def digest(*seen: Any) -> str:
    """Changes when there is something new to see in these dataclasses."""
    return hashlib.sha256(json.dumps([asdict(s) for s in seen], default=str).encode()).hexdigest()[:16]


def look(tx: Tx) -> Queue:
    """The queue as it is now."""
    live = tx.jobs.find(states=("waiting", "running"))
    clean_up = _cleanup(tx, live)
    queued = [j for j in live if j.state == "waiting" and not (clean_up and j.kind == CLEANUP_ITEM)]
    waiting = sorted(queued, key=lambda j: (-j.priority, j.run_after, j.id))
    failed = tx.jobs.find(states=("failed",))[::-1]
    midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    today = tx.jobs.ended(midnight, states=("done", "cancelled"), limit=10 * SHOWN)
    seen = [j for j in today if not _housekeeping(j.kind, j.progress)]
    alone = [p for p in tx.photos.find(states=("failed",)) if is_left_alone(p)]
    paused = tx.jobs.paused()
    now = time.time()
    at_work = any(j.state == "running" and (j.lease_until or 0) >= now for j in live)
    due = any(j.state == "running" or (j.run_after <= now and j.kind not in paused) for j in live)
    words = JobWords(tx)
    return Queue(
        running=words.lines([j for j in live if j.state == "running"]),
        waiting=words.lines(waiting[:SHOWN]),
        failed=words.lines(failed[:SHOWN]),
        today=words.lines(seen[:SHOWN]),
        left_alone=[_left_alone(words, p, tx) for p in alone[:SHOWN]],
        n_waiting=len(waiting),
        n_failed=len(failed),
        n_today=len(seen),
        n_left_alone=len(alone),
        all_paused=EVERYTHING in paused,
        stuck=due and not at_work and EVERYTHING not in paused,
        paused=[(k, KINDS.get(k, k)) for k in sorted(paused - {EVERYTHING})],
        kinds=[(k, _(text)) for k, text in KINDS.items() if k not in paused],
        cleanup=clean_up,
    )


def _housekeeping(kind: str, result: object) -> bool:
    """What came to nothing and is done every few minutes is not worth a line."""
    return kind == CLEANUP_ITEM or (isinstance(result, dict) and _code(result.get("text")) == NOTHING_NEW)


def _code(text: object) -> str:
    return from_json(text).code if looks_like_reason(text) else ""


def _left_alone(words: JobWords, photo: PhotoRecord, tx: Tx) -> LeftAlone:
    reason = "" if photo.reason is None else on_page(photo.reason)
    waits = photo.root_id is not None and photo.path in words.read_again(photo.root_id)
    return LeftAlone(photo.id, Path(photo.path).name, words.place(photo.path), reason, waits)


def _cleanup(tx: Tx, live: Sequence[JobRecord]) -> CleanUp | None:
    """Out of the jobs that wait or run. None when there is none, or it is through."""
    run = tx.cleanups.latest()
    if run is None:
        return None
    mine = [j for j in live if j.origin == "cleanup"]
    items = [p for j in mine if (p := payload_of(j, RestorePayload)) and p.run == run.started_at]
    if run.finished and not items:
        return None
    paused = bool(tx.jobs.paused() & {CLEANUP_ITEM, EVERYTHING})
    ended, waiting = run.fed - len(items), cleanup_waits(run, mine)
    return CleanUp(run.photos, run.faces, ended, len(items), run.hours, run.idle, paused, waiting)


def cleanup_waits(run: CleanupRecord, live: Sequence[JobRecord]) -> str:
    """When a clean-up goes on whose next photos may not begin yet; "" while nothing holds it. `live`: its open jobs."""
    feeding = next((j for j in live if j.kind == CLEANUP_ITEM), None)
    if feeding is None or feeding.run_after <= time.time():
        return ""
    return (
        _("It goes on between {hours}.", hours=run.hours)
        if run.hours
        else _("It goes on when nobody needs the machine.")
    )
