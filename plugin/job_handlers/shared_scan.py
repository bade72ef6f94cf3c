"""The jobs of a scan that several machines share: `look`, `settle` and `group` (`library/shared_scan.py`)."""

from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.errors import UnknownIdError
from iconface_core.codec import JsonObject

from ..errors import BusyError
from ..job_payloads import GroupPayload, LookPayload, SettlePayload
from ..jobs.context import JobContext, JobFailedError, NotYet
from ..library.auto_restore_rules import enqueue_propose
from ..library.disk import why_offline
from ..library.shared_scan import COUNTED
from ..reasons import FOLDER_REMOVED, GROUPED, LOOKED
from .scan import SHOWN, result_of, root_of

if TYPE_CHECKING:
    from ..app import App

AGAIN_S = 0.5
"""How often it is looked whether the others are through."""


def look(app: "App", payload: LookPayload, job: JobContext) -> JsonObject:
    """Look at a few photos. Raises JobFailedError where their folder is not to be seen."""
    root = root_of(app, payload)
    if root is None:
        return {"text": FOLDER_REMOVED().as_json()}
    away = why_offline(Path(root.path), 1)
    if away is not None:
        raise JobFailedError(away)
    scan, gone = app.shared_scans.look(job.steps(), root, payload)
    return {
        **{what: getattr(scan, what) for what in COUNTED},
        "gone": gone,
        "failed": {path: r.as_json() for path, r in list(scan.failed.items())[:SHOWN]},
        "text": LOOKED(photos=scan.new + scan.changed, unreadable=len(scan.failed)).as_json(),
    }


def settle(app: "App", payload: SettlePayload, job: JobContext) -> JsonObject:
    """The end of a scan."""
    if root_of(app, payload) is None:
        return {"text": FOLDER_REMOVED().as_json()}
    scan = app.shared_scans.settle(payload, priority=job.priority, origin=job.origin or "watch")
    if scan is None:
        raise NotYet(AGAIN_S)
    return result_of(scan)


def group(app: "App", payload: GroupPayload, job: JobContext) -> JsonObject:
    """Group, and have the rules of the folders looked at."""
    job.check()
    try:
        report = app.shared_scans.group(job.steps())
    except BusyError as e:
        raise NotYet(AGAIN_S) from e
    with app.gallery.begin() as tx:
        for root_id in payload.root_ids:
            try:
                root = tx.roots.get(root_id)
            except UnknownIdError:  # removed from the library in the meantime
                continue
            enqueue_propose(tx, root)
    return {"people": report.people, "faces": report.faces, "text": GROUPED(people=report.people).as_json()}
