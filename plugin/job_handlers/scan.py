"""The jobs of the watcher, done in the worker process: `changes`, `reconcile` and `propose`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db import Tx, UnknownIdError
from gallery_db.records import RootRecord
from iconface_core.codec import JsonObject

from ..error_reasons import reason_of
from ..errors import BusyError
from ..job_kinds import WATCH, enqueue_changes, enqueue_reconcile
from ..job_payloads import ChangesPayload, ReconcilePayload, RootPayload
from ..jobs.context import JobContext
from ..library.auto_restore_rules import enqueue_propose
from ..library.scan_report import ScanReport
from ..library.watch_limits import no_events
from ..reasons import FOLDER_REMOVED, LATER, NOTHING_NEW, SCANNED, SPREAD
from ..watching.settle import retry_after

if TYPE_CHECKING:
    from ..app import App

BUSY_S = 30.0
"""When somebody scans by hand, the job comes again after so many seconds."""

SHOWN = 20
"""At most so many failed files and problems are named in a result."""


def changes(app: "App", payload: ChangesPayload, job: JobContext) -> JsonObject:
    """Read the given paths again.

    A file that cannot be read may still be on its way: it is read again later, a few times.
    """
    root = root_of(app, payload)
    if root is None:
        return {"text": FOLDER_REMOVED().as_json()}
    paths, tries = payload.paths, payload.tries
    try:
        report = app.scans.update(
            job.steps(),
            root.id,
            paths,
            retry_failed=tries > 0,
            # The kernel's word that files were deleted is better than a share's.
            guarded=no_events(Path(root.path)) is not None,
        )
    except BusyError as e:
        with app.gallery.begin() as tx:
            _again(tx, root.id, paths, tries, BUSY_S)
        return {"text": LATER(why=reason_of(e)).as_json()}
    wait = retry_after(tries + 1)
    with app.gallery.begin() as tx:
        if report.scan.failed and wait is not None:
            _again(tx, root.id, list(report.scan.failed), tries + 1, wait)
        enqueue_propose(tx, root)
    return result_of(report.scan)


def reconcile(app: "App", payload: ReconcilePayload, job: JobContext) -> JsonObject:
    """Compare a whole root with the gallery, and group."""
    root = root_of(app, payload)
    if root is None:
        return {"text": FOLDER_REMOVED().as_json()}
    if app.gallery.shared:
        return _spread(app, root, payload, job)
    try:
        accept = payload.accept_missing
        report = app.scans.run(job.steps(), only=Path(root.path), accept_missing=accept)
    except BusyError as e:
        return _reconcile_later(app, payload, e)
    with app.gallery.begin() as tx:
        enqueue_propose(tx, root)
    return {**result_of(report.scan), "people": report.people}


def _spread(app: "App", root: RootRecord, payload: ReconcilePayload, job: JobContext) -> JsonObject:
    """Compare, and leave the looking and the rest to the machines that share the gallery."""
    try:
        scan, looks = app.shared_scans.begin(
            job.steps(),
            root,
            accept_missing=payload.accept_missing,
            priority=job.priority,
            origin=job.origin or "watch",
        )
    except BusyError as e:
        return _reconcile_later(app, payload, e)
    if scan.offline:
        return result_of(scan)
    return {**result_of(scan), "looks": looks, "text": SPREAD(jobs=looks).as_json()}


def _reconcile_later(app: "App", payload: ReconcilePayload, e: BusyError) -> JsonObject:
    with app.gallery.begin() as tx:
        later, accept = tx.jobs.now() + BUSY_S, payload.accept_missing
        enqueue_reconcile(tx, payload.root_id, priority=WATCH, accept_missing=accept, run_after=later)
    return {"text": LATER(why=reason_of(e)).as_json()}


def root_of(app: "App", payload: RootPayload) -> RootRecord | None:
    """None when it was removed from the library while the job waited."""
    with app.gallery.begin(write=False) as tx:
        try:
            return tx.roots.get(payload.root_id)
        except UnknownIdError:
            return None


def _again(tx: Tx, root_id: int, paths: Sequence[str], tries: int, wait_s: float) -> None:
    """A job of its own, so that it holds up nothing that is due now."""
    enqueue_changes(tx, root_id, paths, tries=tries, key=f"{root_id}/{tries}", run_after=tx.jobs.now() + wait_s)


def result_of(scan: ScanReport) -> JsonObject:
    """Counts, and the first of what went wrong."""
    counts = {what: getattr(scan, what) for what in ("new", "changed", "moved", "back", "missing")}
    counts["unreadable"] = len(scan.failed)
    text = SCANNED(**counts, offline=tuple(scan.offline)) if any(counts.values()) or scan.offline else NOTHING_NEW()
    return {
        **asdict(scan),
        "offline": [r.as_json() for r in scan.offline],
        "failed": {path: r.as_json() for path, r in list(scan.failed.items())[:SHOWN]},
        "problems": [r.as_json() for r in scan.problems[:SHOWN]],
        "text": text.as_json(),
    }
