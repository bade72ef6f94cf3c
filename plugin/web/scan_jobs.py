"""Folders that the worker should look through now."""

from ..library.scan_jobs import scan_soon
from ..service import client
from .context import Web


def look_through(web: Web, root_id: int, *, accept_missing: bool = False) -> None:
    """Have a folder looked through, and a worker there to do it. `accept_missing`: photos were deleted on purpose.
    Raises UnknownIdError."""
    scan_soon(web.app.gallery, root_id, accept_missing=accept_missing)
    client.ensure_worker(web.app.settings.folders)
