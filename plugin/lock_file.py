"""A lock file: who holds it is the only process that does something."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import BusyError


@contextmanager
def held(lock_file: Path, busy: str) -> Generator[None]:
    """Hold a lock that dies with the process. Raises BusyError at once, saying `busy`, when somebody else holds it."""
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout as e:
        raise BusyError(busy) from e
    try:
        yield
    finally:
        lock.release()
