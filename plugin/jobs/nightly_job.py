"""The `nightly` job: back up, tidy the queue, and have every folder compared with the gallery."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gallery_db.backups import daily_backup

from .context import JobContext
from .kinds import enqueue_reconcile

if TYPE_CHECKING:
    from plugin.app import App

KEEP_DONE_S = 30 * 86_400.0
"""Jobs that ended well, or were cancelled, are remembered for so long; failed ones until they are cleared."""


def run(app: "App", payload: Mapping[str, Any], job: JobContext) -> Mapping[str, Any]:
    """Returns what was done."""
    backup = daily_backup(app.gallery.path, app.settings.folders.backups)
    job.check()
    with app.gallery.begin() as tx:
        forgotten = tx.jobs.purge(time.time() - KEEP_DONE_S)
        roots = [root.id for root in tx.roots.all()]
        for root_id in roots:
            enqueue_reconcile(tx, root_id)
    return {"backup": None if backup is None else str(backup), "forgotten": forgotten, "roots": len(roots)}
