"""`iconface restore --enqueue`: leave the request and return at once. A file manager waits for this.

Nothing is imported here that takes time: no database, no numpy, no model.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plugin.errors import NotFoundError
from plugin.jobs.inbox import drop
from plugin.jobs.paused import EVERYTHING, RESTORE, paused_kinds
from plugin.service.start import wake_or_start

from .session import Session


def enqueue(
    session: Session,
    photos: Sequence[Path],
    options: Mapping[str, Any],
    *,
    on_paused: Callable[[int, str], None] = lambda photos, kind: None,
) -> int:
    """Ask the service to restore photos. `options` are those of the job (plugin.jobs.restore_job). `on_paused(photos,
    kind)` is called when they have to wait until somebody resumes that kind of job.

    Raises NotFoundError when none of the files is there.
    """
    paths = [Path(os.path.abspath(p)) for p in photos]  # noqa: PTH100 - links are the user's choice
    found = [p for p in paths if p.is_file()]
    missing = [_shown(p) for p in paths if p not in found]
    if not found:
        folder = next((p for p in paths if p.is_dir()), None)
        raise NotFoundError(
            f"{missing[0]}: no such photo" if folder is None else f"{_shown(folder)}: a folder, no photo"
        )
    folders = session.settings().folders
    drop(folders.inbox, found, options)
    running = wake_or_start(folders.runtime, session.own_home)
    paused = paused_kinds(folders.database) & {EVERYTHING, RESTORE}
    will = "will be restored, but restoring is paused" if paused else "will be restored"
    said = [f"{_shown(p)}: {will}" for p in found] + [f"{m}: no such photo" for m in missing]
    if paused:
        kind = EVERYTHING if EVERYTHING in paused else RESTORE
        said.append(f"go on with: iconface jobs resume{'' if kind == EVERYTHING else f' {kind}'}")
        on_paused(len(found), kind)
    session.out.object(
        {
            "queued": [_shown(p) for p in found],
            "missing": missing,
            "service": "running" if running else "started",
            "paused": bool(paused),
        },
        said,
    )
    return 5 if missing else 0


def _shown(path: Path) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")
