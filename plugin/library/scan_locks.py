"""Who may scan: one process of a machine, and one machine of those that share a gallery."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gallery_db import Gallery

from ..errors import BusyError
from ..lock_file import held


@contextmanager
def only_one(lock_file: Path, what: str) -> Generator[None]:
    """Hold a lock that dies with the process. Raises BusyError at once when somebody else holds it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with held(lock_file, f"another {what} is running (lock {lock_file}); wait for it to end"):
        yield


@contextmanager
def must_be_alone(gallery: Gallery, *root_ids: int) -> Generator[None]:
    """The same among the machines that share a gallery, for these roots."""
    with ExitStack() as stack:
        for root_id in sorted(root_ids) if gallery.shared else ():
            if not stack.enter_context(gallery.only_one(f"scan:{root_id}")):
                raise BusyError("another machine scans this folder; wait for it to end")
        yield
