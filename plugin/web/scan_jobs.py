"""Folders that the worker should look through now."""

from ..job_kinds import HAND, enqueue_reconcile
from ..service import client
from .context import Web

SCAN_NOW = HAND - 1
"""Somebody waits for it, but a photo that somebody wants restored does not wait for a whole folder."""


def look_through(web: Web, root_id: int, *, accept_missing: bool = False) -> None:
    """Have a folder looked through by the worker. `accept_missing`: photos were deleted on purpose. Raises
    NotFoundError."""
    with web.app.gallery.begin() as tx:
        tx.roots.get(root_id)
        enqueue_reconcile(tx, root_id, priority=SCAN_NOW, origin="hand", accept_missing=accept_missing)
    client.ensure_worker(web.app.settings.folders)
