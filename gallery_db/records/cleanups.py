"""Clean-ups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CleanupRecord:
    """One clean-up. `started_at` (UTC, to the microsecond) names it in the payloads of its jobs. `photos` and `faces`
    are what was planned, `fed` photos were given to the queue, `left` wait for that. `hours` ("22:00-06:00") and `idle`
    say when it may go on. `options` are fields of a restore request, for every photo. `estimated_...` is what the plan
    said, None where it could not."""

    id: int
    started_at: str
    photos: int
    faces: int
    fed: int
    left: int
    hours: str | None
    idle: bool
    options: Mapping[str, Any]
    estimated_hours: float | None
    estimated_bytes: int | None

    @property
    def finished(self) -> bool:
        """Whether everything was given to the queue (where some may still wait)."""
        return self.left == 0


@dataclass(frozen=True, slots=True)
class CleanupItem:
    """One photo of a clean-up, and the faces in it that are to be restored."""

    id: int
    photo_id: int
    face_ids: tuple[int, ...]
