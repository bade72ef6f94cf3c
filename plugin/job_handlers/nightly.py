"""The `nightly` job: tidy the queue, have every folder compared with the gallery, and faces measured; back up."""

from typing import TYPE_CHECKING

from gallery_db.cleanups import ORIGIN
from iconface_core.codec import JsonObject

from ..job_kinds import NIGHTLY_PRIORITY, enqueue_reconcile
from ..job_payloads import Payload
from ..jobs.context import JobContext
from ..restoring.preview_jobs import forget_previews
from .measure import enqueue_measure

if TYPE_CHECKING:
    from ..app import App

KEEP_DONE_S = 30 * 86_400.0
"""Jobs that ended well, or were cancelled, are remembered for so long; failed ones until they are cleared, those of a
clean-up until the next begins."""


def run(app: "App", payload: Payload, job: JobContext) -> JsonObject:
    """Returns what was done. The backup is last: where it fails, the rest is done. Raises BackupError."""
    with app.gallery.begin() as tx:
        old = tx.jobs.now() - KEEP_DONE_S
        forgotten = tx.jobs.purge(old, spare=ORIGIN) + tx.cleanups.forget_jobs(old) + forget_previews(tx)
        roots = [root.id for root in tx.roots.all()]
        for root_id in roots:
            enqueue_reconcile(tx, root_id)
        enqueue_measure(tx, priority=NIGHTLY_PRIORITY)
    job.check()
    backup = app.gallery.daily_backup(app.settings.folders.backups)
    return {"backup": None if backup is None else str(backup), "forgotten": forgotten, "roots": len(roots)}
