"""One change, in a transaction of its own: made on a condition, or only tried."""

from collections.abc import Callable
from typing import TypeVar

from gallery_db import Gallery
from gallery_db.gallery import Tx

T = TypeVar("T")

Precondition = Callable[[Tx], None]
"""Raises when a change must not be made, such as when what its author saw has changed meanwhile. It runs in the writing
transaction, before the change: writers are serialised, so nothing comes in between."""


def unconditional(tx: Tx) -> None:
    """The precondition of a change that is made in any case."""


class _TriedError(Exception):
    """Ends a dry run's transaction."""


def tried(
    gallery: Gallery, change: Callable[[Tx], T], *, given: Precondition = unconditional, dry_run: bool = False
) -> T:
    """What `change` returns in a transaction of its own, committed unless `dry_run`. What `given` raises leaves
    everything as it is."""
    result: list[T] = []
    try:
        with gallery.begin() as tx:
            given(tx)
            result.append(change(tx))
            if dry_run:
                raise _TriedError
    except _TriedError:
        pass
    return result[0]
