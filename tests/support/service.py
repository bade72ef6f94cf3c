"""The service in a process of its own."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from plugin.service.control import ask

from .waiting import until


class Background:
    """Starts and kills services of one home."""

    def __init__(self, home: Path) -> None:
        self.home, self.runtime = home, home / "data" / "run"
        self._processes: list[subprocess.Popen[bytes]] = []

    def command(self, *more: str) -> list[str]:
        return [sys.executable, "-m", "plugin", "--quiet", "--home", str(self.home), "service", "run", *more]

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        """The process, once the service answers."""
        self._processes.append(subprocess.Popen(self.command(*more), stderr=subprocess.DEVNULL))
        until(lambda: ask(self.runtime, "ping"))
        return self._processes[-1]

    def status(self) -> dict[str, Any]:
        """What the service says of itself; empty when none answers."""
        return dict(ask(self.runtime, "status", timeout_s=30) or {})

    def end(self) -> None:
        ask(self.runtime, "stop")
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def time_passes(home: Path) -> None:
    """As if the half minute between two tries of a job were over, and the lease of a dead worker."""
    with closing(sqlite3.connect(home / "data" / "gallery.db", timeout=30)) as c, c:
        c.execute("update job set run_after = 0 where state = 'waiting'")
        c.execute("update job set lease_until = 0 where state = 'running'")


def at_rest(runtime: Path) -> bool:
    """Whether the service answers and no job waits or runs."""
    jobs = (ask(runtime, "status") or {}).get("jobs", {"waiting": 1})
    return not jobs.get("waiting") and not jobs.get("running")
