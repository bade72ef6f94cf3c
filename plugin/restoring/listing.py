"""What was restored or proposed, as lists show it. Light: a list does not wait for what restoring needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from gallery_db.records import RestorationRecord, RestorationState

from ..errors import UsageError
from ..library.moved_copies import MovedCopies
from ..rows import Row
from .presence import presence

CHOICE = "choice"
"""Where the options of a restoration say why it is this result, where several were compared."""


def history(copies: MovedCopies, *, photo: Path | None, states: Sequence[str], limit: int) -> list[RestorationRecord]:
    """Restorations and proposals, latest first, at most `limit`: of a photo (its absolute path), in these states; none:
    any. A copy that was moved is where it is. Raises UsageError for a state that there is not."""
    known: tuple[RestorationState, ...] = get_args(RestorationState)
    if set(states) - set(known):
        raise UsageError(f"a state is one of {', '.join(known)}")

    def now() -> list[RestorationRecord]:
        with copies.gallery.begin(write=False) as tx:
            return tx.restorations.history(
                photo=None if photo is None else str(photo),
                states=[s for s in known if s in (states or known)],
                limit=limit,
            )

    records = now()
    return now() if copies.catch_up([r for r in records if r.state == "done"]) else records


def restoration_row(r: RestorationRecord) -> Row:
    """One row of `restore list`. Looks whether the copy is there as it was written. docs/json.md promises
    its keys."""
    b = r.bbox
    return {
        "restoration_id": r.id,
        "state": r.state,
        "decided": r.decided,
        "version": r.version,
        "origin": r.origin,
        "created_at": r.created_at,
        "photo": r.photo,
        "face_id": r.face_id,
        "bbox": None if b is None else [round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)],
        "person_id": r.person_id,
        "references": list(r.references),
        "restorer": r.restorer,
        "weights_sha256": r.weights_sha256,
        "seed": r.seed,
        "options": {key: value for key, value in r.options.items() if key != CHOICE},
        **({CHOICE: r.options[CHOICE]} if CHOICE in r.options else {}),
        "identity": {"before": r.similarity_before, "after": r.similarity_after, "verdict": r.verdict or None},
        "change": None if r.changed_mean is None else {"mean": r.changed_mean, "share": r.changed_share},
        "seconds": r.seconds,
        "output": r.output,
        "file": presence(r) if r.state == "done" else "none",
    }
