"""Kinds of jobs, how urgent each is, and the one way to enqueue each. Light: no model runtime is imported from here.

A payload holds JSON values only. Paths are absolute; a name that is not UTF-8 travels as Python's surrogate escapes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gallery_db import Tx
from gallery_db.records import Origin

from .paths import printable

RESTORE = "restore"
CHANGES = "changes"
RECONCILE = "reconcile"
NIGHTLY = "nightly"
PROPOSE = "propose"
CLEANUP_ITEM = "cleanup_item"
MEASURE = "measure"
EMBED = "embed"

HAND = 100
"""Somebody waits for it: such a job also interrupts running work below it (`JobContext.check`)."""
WATCH = 20
AUTO = 10
CLEANUP_PRIORITY = -10
NIGHTLY_PRIORITY = -20


def enqueue_restore(
    tx: Tx,
    path: Path,
    *,
    face_id: int | None = None,
    options: Mapping[str, Any] | None = None,
    origin: Origin = "hand",
    priority: int = HAND,
) -> int:
    """Restore one photo, or one of its faces. `options` are fields of `RestoreRequest`. Returns the job id."""
    key = printable(path) if face_id is None else f"{printable(path)}#{face_id}"
    payload = {"path": str(path), "face_id": face_id, "options": dict(options or {})}
    return tx.jobs.enqueue(RESTORE, payload, dedupe=key, priority=priority, origin=origin)


def enqueue_embed(tx: Tx, face_id: int) -> int:
    """Have a face that was drawn by hand looked at, so that it can be recognised. Returns the job id."""
    return tx.jobs.enqueue(EMBED, {"face_id": face_id}, dedupe=str(face_id), priority=HAND, origin="hand")


def enqueue_changes(tx: Tx, root_id: int, paths: Sequence[str | Path]) -> int:
    """Read these paths of a root again. Paths of a job that still waits are kept: the two become one."""
    key = str(root_id)
    waiting = tx.jobs.waiting(CHANGES, key)
    known = [] if waiting is None else waiting.payload["paths"]
    merged = sorted({*known, *map(str, paths)})
    return tx.jobs.enqueue(CHANGES, {"root_id": root_id, "paths": merged}, dedupe=key, priority=WATCH, origin="watch")


def enqueue_again(tx: Tx, root_id: int, paths: Sequence[str]) -> int:
    """Read files again that could not be read before: somebody asks for it. Returns the job id."""
    key = again_key(root_id)
    waiting = tx.jobs.waiting(CHANGES, key)
    known = [] if waiting is None else waiting.payload["paths"]
    payload = {"root_id": root_id, "paths": sorted({*known, *paths}), "tries": 1}
    return tx.jobs.enqueue(CHANGES, payload, dedupe=key, priority=HAND, origin="hand")


def again_key(root_id: int) -> str:
    """The dedupe key of `enqueue_again`."""
    return f"{root_id}/by hand"


def enqueue_reconcile(
    tx: Tx, root_id: int, *, priority: int = NIGHTLY_PRIORITY, origin: Origin = "watch", accept_missing: bool = False
) -> int:
    """Compare a whole root with the gallery: what events missed is found here. `accept_missing`: somebody says that
    many photos were deleted on purpose."""
    payload = {"root_id": root_id} | ({"accept_missing": True} if accept_missing else {})
    return tx.jobs.enqueue(RECONCILE, payload, dedupe=str(root_id), priority=priority, origin=origin)


def enqueue_nightly(tx: Tx) -> int:
    """Back up, tidy the queue, reconcile every root."""
    return tx.jobs.enqueue(NIGHTLY, dedupe=NIGHTLY, priority=NIGHTLY_PRIORITY, origin="watch")
