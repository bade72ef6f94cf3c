"""A clean-up at work: a list of photos, and a `cleanup_item` job that feeds them to the queue, a few at a time.

Few, so that hours, idleness and a pause take effect soon, and a crash loses nothing: what was fed is in the queue, what
was not is in the list, and both change in one transaction. The restorations themselves are ordinary `restore` jobs.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gallery_db import Gallery, NotFoundError
from gallery_db.gallery import Tx
from plugin.job_kinds import CLEANUP_ITEM, CLEANUP_PRIORITY, RESTORE
from plugin.jobs.context import JobContext
from plugin.paths import printable

from .schedule import Gate, Hours

if TYPE_CHECKING:
    from plugin.app import App

    from .estimate import Estimate

FEED = 4
"""Photos that are given to the queue at a time."""

RUN, TODO = "cleanup.run", "cleanup.todo"
"""Meta keys: what is going on, and the photos left to feed."""


@dataclass(frozen=True, slots=True)
class Run:
    """One clean-up. `started_at` (UTC) names it. `photos` and `faces` are what was planned, `fed` photos were given to
    the queue. `options` are fields of RestoreRequest for every photo. `estimated_...` is what the plan said, None where
    it could not."""

    started_at: str
    photos: int
    faces: int
    fed: int = 0
    hours: str | None = None
    idle: bool = False
    options: Mapping[str, Any] | None = None
    estimated_hours: float | None = None
    estimated_bytes: int | None = None

    @property
    def finished(self) -> bool:
        """Whether everything was given to the queue (where some may still wait)."""
        return self.fed >= self.photos

    def gate(self) -> Gate:
        """When it may go on."""
        return Gate(None if self.hours is None else Hours.parse(self.hours), self.idle)


def start(
    tx: Tx,
    photos: Sequence[tuple[int, Sequence[int]]],
    *,
    hours: Hours | None = None,
    idle: bool = False,
    options: Mapping[str, Any] | None = None,
    estimated: "Estimate | None" = None,
) -> Run:
    """Begin a clean-up of (photo id, face ids), in this order. One that is not finished ends here: its jobs in the
    queue stay, the rest of its list is dropped."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    run = Run(
        now,
        len(photos),
        sum(len(f) for _, f in photos),
        hours=None if hours is None else str(hours),
        idle=idle,
        options=options,
        estimated_hours=None if estimated is None else estimated.hours,
        estimated_bytes=None if estimated is None else estimated.disk_bytes,
    )
    tx.meta.set(TODO, json.dumps([[p, list(f)] for p, f in photos]))
    _keep(tx, run)
    proceed(tx, run)
    return run


def current(tx: Tx) -> Run | None:
    """The latest clean-up, finished or not."""
    text = tx.meta.get(RUN)
    return None if text is None else Run(**json.loads(text))


def change(tx: Tx, run: Run, *, hours: Hours | None, idle: bool) -> Run:
    """Other hours for a clean-up that goes on."""
    run = replace(run, hours=None if hours is None else str(hours), idle=idle)
    _keep(tx, run)
    return run


def proceed(tx: Tx, run: Run, *, wait: float = 0.0) -> None:
    """Have the next photos fed, now or in `wait` seconds."""
    if run.finished:
        return
    tx.jobs.enqueue(
        CLEANUP_ITEM,
        {"run": run.started_at},
        dedupe=CLEANUP_ITEM,
        priority=CLEANUP_PRIORITY - 1,  # after the photos that were fed before
        max_attempts=1000,  # a worker that dies was killed by a photo, never by this job
        run_after=time.time() + wait,
        origin="cleanup",
    )


def feed(app: "App", payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]:
    """The `cleanup_item` job: feed the next photos, or wait until the gate opens."""
    with app.gallery.begin(write=False) as tx:
        run = current(tx)
    if run is None or run.started_at != payload["run"]:
        return {"text": "another clean-up took its place"}
    job.check()
    wait, why = run.gate().wait(datetime.now())
    with app.gallery.begin() as tx:
        run = current(tx)
        if run is None or run.started_at != payload["run"]:
            return {"text": "another clean-up took its place"}
        if wait > 0:
            proceed(tx, run, wait=wait)
            return {"text": f"waiting: {why}", "wait": round(wait)}
        todo = json.loads(tx.meta.get(TODO) or "[]")
        for photo_id, face_ids in todo[:FEED]:
            _enqueue(tx, photo_id, face_ids, run)
        tx.meta.set(TODO, json.dumps(todo[FEED:]))
        run = replace(run, fed=run.photos - len(todo[FEED:]))
        _keep(tx, run)
        proceed(tx, run)
    return {"text": f"{run.fed} of {run.photos} photos given to the queue", "fed": run.fed}


def open_jobs(gallery: Gallery) -> int:
    """Jobs of clean-ups that still wait or run."""
    with gallery.begin(write=False) as tx:
        live = tx.jobs.find(states=("waiting", "running"))
    return sum(j.origin == "cleanup" for j in live)


def at_work(gallery: Gallery) -> bool:
    """Whether a clean-up is unfinished, be it paused."""
    with gallery.begin(write=False) as tx:
        run = current(tx)
    return run is not None and (not run.finished or open_jobs(gallery) > 0)


def _enqueue(tx: Tx, photo_id: int, face_ids: Sequence[int], run: Run) -> None:
    try:
        photo = tx.photos.get(photo_id)
    except NotFoundError:
        return  # gone since: there is nothing to restore
    hidden = _hidden_since(tx, face_ids)
    wanted = [i for i in face_ids if i not in hidden]
    if not wanted:
        return
    options = {**(run.options or {}), "face_ids": wanted}
    tx.jobs.enqueue(
        RESTORE,
        {"path": photo.path, "face_id": None, "options": options, "run": run.started_at},
        dedupe=f"{printable(photo.path)}#cleanup",  # a right-click on the same photo keeps its own job and options
        priority=CLEANUP_PRIORITY,
        origin="cleanup",
    )


def _hidden_since(tx: Tx, face_ids: Sequence[int]) -> set[int]:
    """Faces of people whom the user hid or ignored after the plan was made, which had left them out."""
    faces = [(f.id, tx.people.get(f.person_id)) for f in tx.faces.by_ids(face_ids) if f.person_id is not None]
    return {face_id for face_id, person in faces if person.hidden or person.ignored}


def _keep(tx: Tx, run: Run) -> None:
    tx.meta.set(RUN, json.dumps(asdict(run)))
