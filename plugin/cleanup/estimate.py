"""How long a plan will take and how much disk, from what earlier restorations took on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from gallery_db.gallery import Tx
from gallery_db.records import CleanupRecord, JobRecord

from ..job_payloads import RESTORE, RestorePayload, payload_of
from ..languages import _, decimal, ngettext, number

RECENT = 200
"""So many of the latest restorations are looked at."""

ENOUGH = 5
"""From so many photos of earlier clean-ups on, their pace is the measure, else what the restorer alone took."""

LONG_GAP = 20
"""A gap so many times the usual one is not work."""

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

    def lines(self) -> list[str]:
        """For a person."""
        disk = f"disk: about {size_words(self.disk_bytes)}"
        if self.hours is None or self.seconds_per_face is None:
            return [f"time: not known yet, {self.restorer} was never used here; try: --limit 5", disk]
        speed = f"{self.seconds_per_face:.1f} s per face, as {self.measured_on} before"
        return [f"time: about {time_words(self.hours)} with {self.restorer} ({speed})", disk]


def estimate(tx: Tx, *, restorer: str, faces: int, input_bytes: int) -> Estimate:
    """For `faces` faces in photos of `input_bytes` bytes together. Median, so that the first run with its loading of
    the model, or a laptop that slept, does not count much."""
    past = tx.restorations.history(
        restorer=restorer, states=("done", "refused", "undone", "rejected", "unseen"), limit=RECENT
    )
    ratios = []
    for r in past:
        photo, copy = Path(r.photo), Path(r.output or "")
        if r.state == "done" and copy.is_file() and photo.is_file() and photo.stat().st_size:
            ratios.append(copy.stat().st_size / photo.stat().st_size)
    alone = [r.seconds for r in past if r.seconds is not None]
    around = [seconds / faces for seconds, faces in paces(_by_restorer(tx, restorer)) if faces]
    taken = around if len(around) >= ENOUGH else alone
    seconds = median(taken) if taken else None
    ratio = median(ratios) if ratios else ASSUMED_RATIO
    hours = None if seconds is None else seconds * faces / 3600
    return Estimate(restorer, seconds, len(taken), hours, round(ratio * input_bytes))


def hours_left(tx: Tx, run: CleanupRecord, faces: int) -> float | None:
    """For so many faces of a clean-up that is under way: by its own pace once there is one, else by what its plan said;
    None where neither is known."""
    own = [seconds / n for seconds, n in paces(tx.cleanups.jobs(run.id, states=("done", "failed"))) if n]
    if len(own) >= ENOUGH:
        return median(own[-RECENT:]) * faces / 3600
    return None if run.estimated_hours is None or not run.faces else run.estimated_hours * faces / run.faces


def paces(jobs: Sequence[JobRecord]) -> list[tuple[float, int]]:
    """Seconds from the end of one job of a clean-up to the end of the next, and the faces of that: what a photo takes
    with reading, identifying and writing. Where the clean-up waited (night, pause) nothing is known."""
    out = []
    read = [(j.finished_at or 0.0, p) for j in jobs if (p := payload_of(j, RestorePayload))]
    for (before, first), (at, second) in pairwise(sorted(read, key=lambda r: r[0])):
        if first.run == second.run:
            out.append((at - before, len(second.options.face_ids)))
    longest = LONG_GAP * median([gap for gap, _ in out]) if out else 0.0
    return [(gap, faces) for gap, faces in out if gap <= max(longest, 1.0)]


def time_words(hours: float) -> str:
    """For a person."""
    if hours >= 1:
        return _("{n} hours", n=decimal(hours, 1))
    return ngettext("{n} minute", "{n} minutes", max(1, round(hours * 60)))


def size_words(n: int) -> str:
    """Bytes, for a person."""
    unit, size = next((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if n >= s or u == "kB")
    return f"{decimal(n / size, 1)} {unit}" if unit == "GB" else f"{number(round(n / size))} {unit}"


def _by_restorer(tx: Tx, restorer: str) -> list[JobRecord]:
    jobs = [j for j in tx.jobs.find(kind=RESTORE, states=("done",)) if j.origin == "cleanup"][-RECENT:]
    return [j for j in jobs if any(f.get("restorer") == restorer for f in (j.progress or {}).get("faces", ()))]
