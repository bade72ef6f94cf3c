"""The jobs of the watcher, done in the worker process: `changes`, `reconcile` and `propose`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery_db import Tx, UnknownIdError
from gallery_db.records import RootRecord

from ..error_reasons import reason_of
from ..errors import BusyError
from ..job_kinds import CHANGES, RECONCILE, WATCH
from ..jobs.context import JobContext
from ..library.auto_restore_rules import enqueue_propose
from ..library.scanning import ScanReport
from ..library.watch_limits import no_events
from ..reasons import FOLDER_REMOVED, LATER, NOTHING_NEW, SCANNED
from ..watching.settle import retry_after

if TYPE_CHECKING:
    from ..app import App

BUSY_S = 30.0
"""When somebody scans by hand, the job comes again after so many seconds."""

SHOWN = 20
"""At most so many failed files and problems are named in a result."""


def changes(app: "App", payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]:
    """Read the given paths again: payload {"root_id", "paths", "tries"}, `tries` only for files that failed before.

    A file that cannot be read may still be on its way: it is read again later, a few times.
    """
    root = _root(app, payload)
    if root is None:
        return {"text": FOLDER_REMOVED().as_json()}
    paths, tries = payload["paths"], payload.get("tries", 0)
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
            _again(tx, root.id, sorted(report.scan.failed), tries + 1, wait)
        enqueue_propose(tx, root)
    return _result(report.scan)


def reconcile(app: "App", payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]:
    """Compare a whole root with the gallery, and group: payload {"root_id"}, and "accept_missing" when many photos were
    deleted on purpose."""
    root = _root(app, payload)
    if root is None:
        return {"text": FOLDER_REMOVED().as_json()}
    try:
        accept = payload.get("accept_missing", False)
        report = app.scans.run(job.steps(), only=Path(root.path), accept_missing=accept)
    except BusyError as e:
        with app.gallery.begin() as tx:
            later = time.time() + BUSY_S
            tx.jobs.enqueue(RECONCILE, payload, dedupe=str(root.id), priority=WATCH, run_after=later, origin="watch")
        return {"text": LATER(why=reason_of(e)).as_json()}
    with app.gallery.begin() as tx:
        enqueue_propose(tx, root)
    return {**_result(report.scan), "people": report.people}


def _root(app: "App", payload: Mapping[str, Any]) -> RootRecord | None:
    """None when it was removed from the library while the job waited."""
    with app.gallery.begin(write=False) as tx:
        try:
            return tx.roots.get(payload["root_id"])
        except UnknownIdError:
            return None


def _again(tx: Tx, root_id: int, paths: Sequence[str], tries: int, wait_s: float) -> None:
    """A job of its own, so that it holds up nothing that is due now."""
    key = f"{root_id}/{tries}"
    waiting = tx.jobs.waiting(CHANGES, key)
    known = [] if waiting is None else waiting.payload["paths"]
    payload = {"root_id": root_id, "paths": sorted({*known, *paths}), "tries": tries}
    tx.jobs.enqueue(CHANGES, payload, dedupe=key, priority=WATCH, run_after=time.time() + wait_s, origin="watch")


def _result(scan: ScanReport) -> dict[str, Any]:
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
