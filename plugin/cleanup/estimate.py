"""How long a plan will take and how much disk, from what earlier restorations took on this machine."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from gallery_db.gallery import Tx

RECENT = 200
"""So many of the latest restorations are looked at."""

ASSUMED_RATIO = 1.5
"""Bytes of a copy per byte of its original, before the first copy was made here."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`hours` and `seconds_per_face` are None before this restorer was ever used here; `measured_on` counts the faces
    behind it. `disk_bytes` is for all copies."""

    restorer: str
    seconds_per_face: float | None
    measured_on: int
    hours: float | None
    disk_bytes: int

    def line(self) -> str:
        """For a person."""
        disk = f"about {_bytes(self.disk_bytes)} of disk"
        if self.hours is None or self.seconds_per_face is None:
            return f"{disk}; how long is not known yet: {self.restorer} was never used here, try a few with --limit"
        speed = f"{self.seconds_per_face:.1f} s per face, from {self.measured_on} earlier ones"
        return f"about {_time(self.hours)} with {self.restorer} ({speed}), {disk}"


def estimate(tx: Tx, *, restorer: str, faces: int, input_bytes: int) -> Estimate:
    """For `faces` faces in photos of `input_bytes` bytes together. Median, so that the first run with its loading of
    the model, or a laptop that slept, does not count much."""
    past = tx.restorations.history(restorer=restorer, states=("done", "refused", "undone", "rejected"), limit=RECENT)
    taken = [r.seconds for r in past if r.seconds is not None]
    ratios = []
    for r in past:
        photo, copy = Path(r.photo), Path(r.output or "")
        if r.state == "done" and copy.is_file() and photo.is_file() and photo.stat().st_size:
            ratios.append(copy.stat().st_size / photo.stat().st_size)
    seconds = median(taken) if taken else None
    ratio = median(ratios) if ratios else ASSUMED_RATIO
    hours = None if seconds is None else seconds * faces / 3600
    return Estimate(restorer, seconds, len(taken), hours, round(ratio * input_bytes))


def _time(hours: float) -> str:
    if hours >= 1:
        return f"{hours:.1f} hours"
    return f"{hours * 60:.0f} minutes" if hours * 60 >= 1.5 else f"{max(1, round(hours * 60))} minute"


def _bytes(n: int) -> str:
    unit, size = next((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if n >= s or u == "kB")
    return f"{n / size:,.1f} {unit}"
