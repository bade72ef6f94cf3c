"""How far the latest clean-up is, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import CleanupRecord

from ..job_payloads import CLEANUP_ITEM
from ..rows import Row
from .outcomes import CleanupOutcome, Kind, counts, outcomes


@dataclass(frozen=True, slots=True)
class CleanupStatus:
    """`run` None: there was no clean-up yet. `faces` are those that were fed, in that order, with what came of them."""

    run: CleanupRecord | None
    faces: Sequence[CleanupOutcome]
    paused: bool

    @property
    def outcomes(self) -> Mapping[Kind, int]:
        """Faces by how they ended; those that still wait have a key of their own."""
        return counts(self.faces)

    @property
    def faces_ended(self) -> int:
        """Faces that are through."""
        return sum(n for kind, n in self.outcomes.items() if kind != "waiting")

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.run is not None and self.run.finished and not self.outcomes.get("waiting")

    def row(self) -> Row:
        """For JSON readers."""
        if self.run is None:
            return {"started_at": None, "photos": 0, "faces": 0, "fed": 0, "paused": False, "outcomes": {}}
        return {
            "started_at": self.run.started_at,
            "photos": self.run.photos,
            "faces": self.run.faces,
            "fed": self.run.fed,
            "faces_ended": self.faces_ended,
            "finished": self.finished,
            "paused": self.paused,
            "hours": self.run.hours,
            "idle": self.run.idle,
            "outcomes": dict(self.outcomes),
        }


def status_now(gallery: Gallery) -> CleanupStatus:
    """Of the latest clean-up, in a transaction of its own."""
    with gallery.begin(write=False) as tx:
        return cleanup_status(tx)


def cleanup_status(tx: Tx) -> CleanupStatus:
    """Of the latest clean-up."""
    run = tx.cleanups.latest()
    if run is None:
        return CleanupStatus(None, (), paused=False)
    paused = bool(tx.jobs.paused() & {CLEANUP_ITEM, EVERYTHING})
    return CleanupStatus(run, outcomes(tx, run), paused)
