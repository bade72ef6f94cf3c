"""Only one process does the jobs of a gallery: the service, or a command in the foreground."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from ..errors import BusyError
from ..folders import Folders
from ..paths import make_private
from .control import ask

TAKE_OVER_S = 20.0
"""The other one gives its job back first."""


@contextmanager
def only_service(folders: Folders, *, patience_s: float = 0.0, take_over: bool = False) -> Generator[None]:
    """Be the one process that runs jobs of this gallery. Raises BusyError when another one is.

    Waits `patience_s` for one that is just ending, and leaves when one is there to do the work. `take_over` ends one
    that was started for a right-click only: the service of the login shall run in its place.
    """
    make_private(folders.runtime)
    lock = FileLock(folders.runtime / "service.lock")
    end = time.monotonic() + patience_s
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            other = ask(folders.runtime, "wake")
            if take_over and other is not None and other.get("lingers"):
                ask(folders.runtime, "stop")
                take_over, end = False, time.monotonic() + TAKE_OVER_S
            elif (other is not None and not other.get("ending")) or time.monotonic() >= end:
                raise BusyError(_who(other is not None)) from None
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def _who(answers: bool) -> str:
    if answers:
        return "the service runs already: iconface service status"
    return "`jobs run`, `cleanup run` or a service that is just ending runs already; try again when it is done"
