"""Try a change without making it: the same code runs, and its transaction is rolled back."""

from collections.abc import Callable
from typing import TypeVar

from gallery_db import Gallery
from gallery_db.gallery import Tx

T = TypeVar("T")


class _TriedError(Exception):
    """Ends a dry run's transaction."""


def tried(gallery: Gallery, change: Callable[[Tx], T], *, dry_run: bool) -> T:
    """What `change` returns in a transaction of its own, committed unless `dry_run`."""
    result: list[T] = []
    try:
        with gallery.begin() as tx:
            result.append(change(tx))
            if dry_run:
                raise _TriedError
    except _TriedError:
        pass
    return result[0]
