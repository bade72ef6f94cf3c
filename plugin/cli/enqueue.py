"""`iconface restore --enqueue`: leave the request and return at once. A file manager waits for this.

Nothing is imported here that takes time: no database, no numpy, no model.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import NotFoundError
from ..job_pause import EVERYTHING, paused_kinds
from ..job_payloads import RESTORE, QueuedChoices
from ..jobs.inbox import drop
from ..paths import printable
from ..service.start import wake_or_start
from .session import Session


def enqueue(
    session: Session,
    photos: Sequence[Path],
    options: QueuedChoices,
    *,
    on_paused: Callable[[int, str], None] = lambda photos, kind: None,
) -> int:
    """Ask the service to restore photos.
    `on_paused(photos, kind)` is called when they have to wait until somebody resumes that kind of job.

    Raises NotFoundError when none of the files is there.
    """
    paths = [Path(os.path.abspath(p)) for p in photos]  # noqa: PTH100 - links are the user's choice
    found = [p for p in paths if p.is_file()]
    left = [p for p in paths if p not in found]
    if not found:
        raise _why_not(next((p for p in left if p.is_dir()), left[0]))
    folders = session.folders()
    drop(folders.inbox, found, options)
    running = wake_or_start(folders.runtime, session.own_home)
    known = paused_kinds(folders.database) if folders.server is None else frozenset()  # a server takes too long to ask
    paused = known & {EVERYTHING, RESTORE}
    will = "will be restored, but restoring is paused" if paused else "will be restored"
    said = [f"{printable(p)}: {will}" for p in found]
    said += [str(_why_not(p)) for p in left]
    if paused:
        kind = EVERYTHING if EVERYTHING in paused else RESTORE
        said.append(f"go on with: iconface jobs resume{'' if kind == EVERYTHING else f' {kind}'}")
        on_paused(len(found), kind)
    session.out.object(
        {
            "queued": [printable(p) for p in found],
            "missing": [printable(p) for p in left],
            "service": "running" if running else "started",
            "paused": bool(paused),
        },
        said,
    )
    return 5 if left else 0


def _why_not(path: Path) -> NotFoundError:
    return NotFoundError("a folder, no photo" if path.is_dir() else "no such photo", photo=printable(path))
