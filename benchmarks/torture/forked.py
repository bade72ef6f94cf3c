"""Work in a process of its own. The parent never runs a model: threads do not survive a fork, and are waited for."""

import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class End:
    """How a forked process ended: `code` is None for one that was killed, `said` is its output."""

    code: int | None
    said: str


def forked(work: Callable[[], int], log: Path, *, kill_after: float | None = None) -> End:
    """Run `work`, which returns an exit code, with its output in `log`; kill it after so many seconds."""
    pid = os.fork()
    if pid == 0:
        _be(work, log)
    if kill_after is not None:
        end = time.monotonic() + kill_after
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return End(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return End(None if code == -signal.SIGKILL else code, log.read_text(errors="replace") if log.exists() else "")


def _be(work: Callable[[], int], log: Path) -> None:
    code = 99
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = work()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)
