"""When cleaning up is welcome: at certain hours of the day, or while nobody needs the machine."""

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import psutil

from gallery_db.records import CleanupRecord

from ..errors import UsageError

BUSY_SHARE = 0.3
"""More of the machine's processors than this in use by others: somebody is working."""

BUSY_WAIT_S = 120.0
"""After this time the machine is looked at again."""

INPUT_PAUSE_S = 300.0
"""Nobody touched mouse or keyboard for so long (where that can be asked: X11 with `xprintidle`)."""

_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` to `end`, in minutes after midnight, local time; `end` may be on the next day."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """From "22-06" or "22:30-6". Raises UsageError."""
        match = _HOURS.fullmatch(text.strip())
        if match is None:
            raise UsageError(f"--hours is FROM-TO, such as 22-06 or 22:30-6, not {text!r}")
        h1, m1, h2, m2 = (int(g or 0) for g in match.groups())
        start, end = h1 * 60 + m1, h2 * 60 + m2
        if max(start, end) > 1440 or max(m1, m2) > 59 or start == end:
            raise UsageError(f"--hours {text}: hours go from 0 to 24, and FROM is not TO")
        return cls(start % 1440, end % 1440)

    def wait(self, now: datetime) -> float:
        """Seconds until the hours begin; 0 within them. `now` is local time without a zone, as `datetime.now()` gives
        it; a change to or from summer time in between is counted."""
        minute = now.hour * 60 + now.minute + (now.second + now.microsecond / 1e6) / 60
        inside = self.start <= minute < self.end if self.start < self.end else not self.end <= minute < self.start
        if inside:
            return 0.0
        begin = now.replace(hour=self.start // 60, minute=self.start % 60, second=0, microsecond=0)
        begin = (begin if begin > now else begin + timedelta(days=1)).replace(fold=0)
        return max(begin.timestamp() - now.timestamp(), 1.0)

    def __str__(self) -> str:
        return "-".join(f"{m // 60:02d}:{m % 60:02d}" for m in (self.start, self.end))


@dataclass(frozen=True, slots=True)
class Gate:
    """Both conditions must hold; None and False ask nothing."""

    hours: Hours | None = None
    idle: bool = False

    @classmethod
    def of(cls, run: CleanupRecord) -> "Gate":
        """When this clean-up may go on."""
        return cls(None if run.hours is None else Hours.parse(run.hours), run.idle)

    def wait(self, now: datetime) -> tuple[float, str]:
        """Seconds to wait before going on, and why; (0, "") when it is open."""
        seconds = self.hours.wait(now) if self.hours is not None else 0.0
        if seconds > 0:
            return seconds, f"outside the hours {self.hours}"
        if self.idle and (busy := machine_busy()):
            return BUSY_WAIT_S, busy
        return 0.0, ""


def machine_busy(sample_s: float = 1.0) -> str:
    """What says that somebody needs the machine, or "". Looks for `sample_s` s; ours do not count."""
    pause = _input_pause()
    if pause is not None and pause < INPUT_PAUSE_S:
        return f"somebody used mouse or keyboard {pause:.0f} s ago"
    before, mine = _busy_seconds(), _own_seconds()
    time.sleep(sample_s)
    others = (_busy_seconds() - before) - (_own_seconds() - mine)
    share = others / sample_s / (psutil.cpu_count() or 1)
    return f"other programs use {share:.0%} of the processors" if share > BUSY_SHARE else ""


def _busy_seconds() -> float:
    t = psutil.cpu_times()
    return float(sum(t) - t.idle - getattr(t, "iowait", 0.0) - getattr(t, "guest", 0.0) - getattr(t, "nice", 0.0))


def _own_seconds() -> float:
    t = psutil.Process().cpu_times()
    return float(t.user + t.system)


def _input_pause() -> float | None:
    """Seconds since the last key or mouse move; None where it cannot be asked."""
    program = shutil.which("xprintidle")
    if program is None:
        return None
    try:
        done = subprocess.run([program], capture_output=True, text=True, timeout=5, check=True)  # noqa: S603 - our argv
        return float(done.stdout) / 1000
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
