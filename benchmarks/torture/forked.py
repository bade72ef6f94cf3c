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
    """How a forked process ended: `code` is None for one that was killed, `said` is its output, `seconds` its life."""

    code: int | None
    said: str
    seconds: float


def forked(work: Callable[[], int], log: Path, *, kill_after: float | None = None) -> End:
    """Run `work`, which returns an exit code, with its output in `log`; kill it after so many seconds."""
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _be(work, log)
    if kill_after is not None:
        while time.monotonic() < began + kill_after:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return _end(os.waitstatus_to_exitcode(status), log, began)
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
    return _end(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), log, began)


def _end(code: int, log: Path, began: float) -> End:
    said = log.read_text(errors="replace") if log.exists() else ""
    return End(None if code == -signal.SIGKILL else code, said, time.monotonic() - began)


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
