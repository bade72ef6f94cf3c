"""Waiting for what other processes and threads do."""

import time
from collections.abc import Callable

import psutil


def until(true: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until it holds. The limit is for tests that hang: how fast it comes is never what is tested.

    What takes long to ask is asked less often, so that asking does not take the processor from what is waited for.
    """
    end = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if true():
            return
        assert asked < end, "it never came"
        time.sleep(max(0.05, 3 * (time.monotonic() - asked)))


def gone(pid: int | None) -> bool:
    """Whether no such process runs any more."""
    try:
        return pid is None or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
