"""How urgent each kind of job is, and the one way to enqueue each. Light: no model runtime is imported from here."""

from collections.abc import Sequence
from pathlib import Path

from gallery_db import Tx
from gallery_db.records import Origin
from iconface_core.codec import encode

from .job_payloads import (
    CHANGES,
    EMBED,
    GROUP,
    LOOK,
    NIGHTLY,
    PREVIEW,
    RECONCILE,
    RESTORE,
    SETTLE,
    ChangesPayload,
    EmbedPayload,
    FileOnDisk,
    GroupPayload,
    LookPayload,
    Payload,
    PreviewPayload,
    QueuedChoices,
    ReconcilePayload,
    RestorePayload,
    SettlePayload,
    payload_of,
)
from .paths import printable

HAND = 100
"""Somebody waits for it: such a job also interrupts running work below it (`JobContext.check`)."""
WATCH = 20
AUTO = 10
CLEANUP_PRIORITY = -10
NIGHTLY_PRIORITY = -20

LOOK_AT_LEAST, LOOK_AT_MOST = 4, 32
"""Photos of one `look` job: some seconds, so that little is done again when a worker is lost."""


def enqueue_restore(
    tx: Tx,
    path: Path,
    *,
    face_id: int | None = None,
    options: QueuedChoices | None = None,
    origin: Origin = "hand",
    priority: int = HAND,
) -> int:
    """Restore one photo, or one of its faces. Returns the job id."""
    key = printable(path) if face_id is None else f"{printable(path)}#{face_id}"
    payload = RestorePayload(str(path), face_id, options or QueuedChoices())
    root = tx.roots.containing(path)  # what lies outside of the library, other machines do not have
    return tx.jobs.enqueue(
        RESTORE,
        encode(payload),
        dedupe=key,
        priority=priority,
        origin=origin,
        root_id=None if root is None else root.id,
        here=root is None,
    )


def enqueue_preview(tx: Tx, path: Path, options: QueuedChoices) -> int:
    """Show what the steps of a whole photo would do to it. On this machine, whose pages show it, and once: whoever
    still wants to see it asks again. Takes the place of a preview of that photo that waits or runs. Returns the job
    id."""
    payload, key = PreviewPayload(str(path), options), printable(path)
    last = tx.jobs.latest(PREVIEW, key)
    if last is not None and last.state in ("waiting", "running"):
        if payload_of(last, PreviewPayload) == payload:
            return last.id
        tx.jobs.cancel(last.id, tx.jobs.now())
    return tx.jobs.enqueue(
        PREVIEW, encode(payload), dedupe=key, priority=HAND, max_attempts=1, origin="hand", here=True
    )


def enqueue_embed(tx: Tx, face_id: int) -> int:
    """Have a face that was drawn by hand looked at, so that it can be recognised. Returns the job id."""
    payload = encode(EmbedPayload(face_id))
    known = tx.faces.by_ids([face_id])
    root_id = tx.photos.get(known[0].photo_id).root_id if known else None
    return tx.jobs.enqueue(EMBED, payload, dedupe=str(face_id), priority=HAND, origin="hand", root_id=root_id)


def enqueue_changes(
    tx: Tx,
    root_id: int,
    paths: Sequence[str | Path],
    *,
    tries: int = 0,
    key: str | None = None,
    priority: int = WATCH,
    origin: Origin = "watch",
    run_after: float | None = None,
) -> int:
    """Read these paths of a root again. Paths of a job with the same key that still waits are kept: the two become one.
    `key` None: what events told of. Returns the job id."""
    key = key or str(root_id)
    waiting = tx.jobs.waiting(CHANGES, key)
    before = None if waiting is None else payload_of(waiting, ChangesPayload)
    known = () if before is None else before.paths
    payload = ChangesPayload(root_id, tuple(sorted({*known, *map(str, paths)})), tries)
    return tx.jobs.enqueue(
        CHANGES, encode(payload), dedupe=key, priority=priority, origin=origin, run_after=run_after, root_id=root_id
    )


def enqueue_again(tx: Tx, root_id: int, paths: Sequence[str]) -> int:
    """Read files again that could not be read before: somebody asks for it. Returns the job id."""
    return enqueue_changes(tx, root_id, paths, tries=1, key=again_key(root_id), priority=HAND, origin="hand")


def again_key(root_id: int) -> str:
    """The dedupe key of `enqueue_again`."""
    return f"{root_id}/by hand"


def enqueue_reconcile(
    tx: Tx,
    root_id: int,
    *,
    priority: int = NIGHTLY_PRIORITY,
    origin: Origin = "watch",
    accept_missing: bool = False,
    run_after: float | None = None,
) -> int:
    """Compare a whole root with the gallery: what events missed is found here. `accept_missing`: somebody says that
    many photos were deleted on purpose."""
    payload = encode(ReconcilePayload(root_id, accept_missing))
    return tx.jobs.enqueue(
        RECONCILE,
        payload,
        dedupe=str(root_id),
        priority=priority,
        origin=origin,
        run_after=run_after,
        root_id=root_id,
    )


def enqueue_nightly(tx: Tx) -> int:
    """Back up, tidy the queue, reconcile every root. On this machine: backups lie in one place."""
    return tx.jobs.enqueue(
        NIGHTLY, encode(Payload()), dedupe=NIGHTLY, priority=NIGHTLY_PRIORITY, origin="watch", here=True
    )


def enqueue_looks(tx: Tx, root_id: int, files: Sequence[FileOnDisk], *, priority: int, origin: Origin) -> int:
    """Have files looked at, in jobs that any machine which sees the root takes. Returns how many jobs."""
    # The last one to end keeps nobody waiting for long, and none is too large to be done again.
    size = min(LOOK_AT_MOST, max(LOOK_AT_LEAST, -(-len(files) // 128)))
    parts = [tuple(files[start : start + size]) for start in range(0, len(files), size)]
    for part in parts:
        body = encode(LookPayload(root_id, part))
        tx.jobs.enqueue(LOOK, body, priority=priority, origin=origin, root_id=root_id)
    return len(parts)


def enqueue_settle(tx: Tx, payload: SettlePayload, *, priority: int, origin: Origin) -> int:
    """End a scan once nothing of it is left to look at. Returns the job id."""
    root_id = payload.root_id
    return tx.jobs.enqueue(
        SETTLE, encode(payload), dedupe=str(root_id), priority=priority, origin=origin, root_id=root_id
    )


def enqueue_group(tx: Tx, root_id: int, *, priority: int, origin: Origin) -> int:
    """Group what is undecided, then look at the rules of this root. Returns the job id."""
    waiting = tx.jobs.waiting(GROUP, GROUP)
    before = None if waiting is None else payload_of(waiting, GroupPayload)
    roots = {root_id, *(() if before is None else before.root_ids)}
    payload = encode(GroupPayload(tuple(sorted(roots))))
    return tx.jobs.enqueue(GROUP, payload, dedupe=GROUP, priority=priority, origin=origin)
