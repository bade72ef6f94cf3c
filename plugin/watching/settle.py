"""When is a file done changing? Pure: the caller brings the clock and looks at the disk.

A path is settled when nothing was heard of it for `quiet_s` seconds and two looks, apart in time, saw the same size and
modification time. Whether it also decodes fully is known only by decoding it: the worker does, and a file that it
cannot read is tried again after `retry_after`.
"""

from dataclasses import dataclass

RETRY_S = (10.0, 60.0, 300.0, 1800.0)
"""A new file that cannot be decoded may still be on its way. Seconds to the next try, by number of tries so far."""


def retry_after(tries: int) -> float | None:
    """Seconds until a file that failed `tries` times (from 1) is read again. None: it is given up."""
    return RETRY_S[tries - 1] if tries <= len(RETRY_S) else None


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file changed. None in its place means that nothing is there."""

    size: int
    mtime_ns: int


@dataclass(slots=True)
class _Pending:
    look_at: float
    stamp: FileState | None = None


class StabilityTracker:
    """Paths on their way to being settled. Times are seconds of one clock that never goes back."""

    def __init__(self, quiet_s: float) -> None:
        self._quiet_s = quiet_s
        self._pending: dict[str, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, path: object) -> bool:
        return path in self._pending

    def note(self, path: str, now: float) -> None:
        """Something happened to `path`: whatever was seen of it before does not count."""
        self._pending[path] = _Pending(now + self._quiet_s)

    def due(self, now: float) -> list[str]:
        """The paths to look at now, in the order they were noted. Tell what was seen with `looked`."""
        return [path for path, p in self._pending.items() if p.look_at <= now]

    def looked(self, path: str, stamp: FileState | None, now: float) -> bool:
        """Whether `path` is settled, seen as `stamp`; then it is no longer pending. What is gone is settled at once."""
        pending = self._pending[path]
        if stamp is None or stamp == pending.stamp:
            del self._pending[path]
            return True
        self._pending[path] = _Pending(now + self._quiet_s / 2, stamp)
        return False
