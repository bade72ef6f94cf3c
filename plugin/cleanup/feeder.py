"""A clean-up at work: a list of photos, and a `cleanup_item` job that feeds them to the queue, a few at a time.

Few, so that hours, idleness and a pause take effect soon, and a crash loses nothing: what was fed is in the queue, what
was not is in the list, and both change in one transaction. The restorations themselves are ordinary `restore` jobs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gallery_db import Gallery, UnknownIdError
from gallery_db.cleanups import ORIGIN
from gallery_db.gallery import Tx
from gallery_db.records import CleanupItem, CleanupRecord
from iconface_core.codec import JsonObject, decode, encode

from ..job_kinds import CLEANUP_PRIORITY
from ..job_payloads import CLEANUP_ITEM, RESTORE, CleanupPayload, QueuedChoices, RestorePayload
from ..jobs.context import JobContext
from ..paths import printable
from ..reasons import ANOTHER_CLEANUP, FED, WAITING
from .schedule import Gate, Hours

if TYPE_CHECKING:
    from ..app import App
    from .estimate import Estimate

FEED = 4
"""Photos that are given to the queue at a time."""


def start(
    tx: Tx,
    photos: Sequence[tuple[int, Sequence[int]]],
    *,
    hours: Hours | None = None,
    idle: bool = False,
    options: QueuedChoices | None = None,
    estimated: "Estimate | None" = None,
) -> CleanupRecord:
    """Begin a clean-up of (photo id, face ids), in this order. One that is not finished ends here: its jobs in the
    queue stay, the rest of its list is dropped."""
    run = tx.cleanups.begin(
        datetime.now(UTC).isoformat(timespec="microseconds"),
        photos,
        hours=None if hours is None else str(hours),
        idle=idle,
        options=encode(options or QueuedChoices()),
        estimated_hours=None if estimated is None else estimated.hours,
        estimated_bytes=None if estimated is None else estimated.disk_bytes,
    )
    proceed(tx, run)
    return run


def resume(tx: Tx, run: CleanupRecord, *, hours: Hours | None, idle: bool) -> None:
    """Go on with an unfinished one, at these times."""
    tx.cleanups.set_times(run.id, hours=None if hours is None else str(hours), idle=idle)
    proceed(tx, run)


def stop(tx: Tx) -> None:
    """End the clean-up that is under way: what waits is dropped, what runs is cancelled, what is done stays."""
    tx.cleanups.drop_the_rest()
    for job in tx.jobs.find(origin=ORIGIN, states=("waiting", "running")):
        tx.jobs.cancel(job.id, tx.jobs.now())


def unfinished(gallery: Gallery) -> CleanupRecord | None:
    """The clean-up that is under way, be it paused; None when the latest is through, or there was none."""
    with gallery.begin(write=False) as tx:
        run = tx.cleanups.latest()
    return run if run is not None and (not run.finished or open_jobs(gallery) > 0) else None


def proceed(tx: Tx, run: CleanupRecord, *, wait: float = 0.0) -> None:
    """Have the next photos fed, now or in `wait` seconds."""
    if run.finished:
        return
    tx.jobs.enqueue(
        CLEANUP_ITEM,
        encode(CleanupPayload(run.started_at)),
        dedupe=CLEANUP_ITEM,
        priority=CLEANUP_PRIORITY - 1,  # after the photos that were fed before
        max_attempts=1000,  # a worker that dies was killed by a photo, never by this job
        run_after=tx.jobs.now() + wait,
        origin=ORIGIN,
    )


def feed(app: "App", payload: CleanupPayload, job: JobContext) -> JsonObject:
    """The `cleanup_item` job: feed the next photos, or wait until the gate opens."""
    with app.gallery.begin(write=False) as tx:
        run = tx.cleanups.latest()
    if run is None or run.started_at != payload.run:
        return {"text": ANOTHER_CLEANUP().as_json()}
    job.check()
    wait, why = Gate.of(run).wait(datetime.now())
    with app.gallery.begin() as tx:
        run = tx.cleanups.latest()
        if run is None or run.started_at != payload.run:
            return {"text": ANOTHER_CLEANUP().as_json()}
        if wait > 0:
            proceed(tx, run, wait=wait)
            return {"text": WAITING(why=why).as_json(), "wait": round(wait)}
        for item in tx.cleanups.next_items(run.id, FEED):
            tx.cleanups.feed(item.id, _enqueue(tx, item, run))
        run = tx.cleanups.latest() or run
        proceed(tx, run)
    return {"text": FED(fed=run.fed, of=run.photos).as_json(), "fed": run.fed}


def open_jobs(gallery: Gallery) -> int:
    """Jobs of clean-ups that still wait or run."""
    with gallery.begin(write=False) as tx:
        return len(tx.jobs.find(origin=ORIGIN, states=("waiting", "running")))


def _enqueue(tx: Tx, item: CleanupItem, run: CleanupRecord) -> int | None:
    """The id of its job; None when there is nothing left to do: the photo is gone, or its people were hidden."""
    try:
        photo = tx.photos.get(item.photo_id)
    except UnknownIdError:
        return None
    hidden = _hidden_since(tx, item.face_ids)
    wanted = [i for i in item.face_ids if i not in hidden]
    if not wanted:
        return None
    options = replace(decode(QueuedChoices, run.options, f"options of clean-up {run.id}"), face_ids=tuple(wanted))
    return tx.jobs.enqueue(
        RESTORE,
        encode(RestorePayload(photo.path, None, options, run.started_at)),
        dedupe=f"{printable(photo.path)}#cleanup",  # a right-click on the same photo keeps its own job and options
        priority=CLEANUP_PRIORITY,
        origin=ORIGIN,
        root_id=photo.root_id,
    )


def _hidden_since(tx: Tx, face_ids: Sequence[int]) -> set[int]:
    """Faces of people whom the user hid or ignored after the plan was made, which had left them out."""
    faces = [(f.id, tx.people.get(f.person_id)) for f in tx.faces.by_ids(face_ids) if f.person_id is not None]
    return {face_id for face_id, person in faces if person.hidden or person.ignored}
