"""Parts of an object that are built when they are first asked for."""

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, Protocol, TypeVar


class HasParts(Protocol):
    """What `part` needs: a place for what is built, and a lock around it."""

    _lock: RLock
    _made: dict[str, Any]


Owner = TypeVar("Owner", bound=HasParts)
T = TypeVar("T")


def part(make: Callable[[Owner], T]) -> T:
    """A property that is made once, by one thread. Unlike `functools.cached_property` two threads cannot make two."""

    @wraps(make)
    def read(owner: Owner) -> T:
        with owner._lock:
            if make.__name__ not in owner._made:
                owner._made[make.__name__] = make(owner)
            made: T = owner._made[make.__name__]
            return made

    return property(read)  # type: ignore[return-value]  # read as the part itself


class HasCommonParts(HasParts, Protocol):
    """What `common_part` needs."""

    @property
    def _whole(self) -> "HasCommonParts":
        """Who makes such parts for all."""
        ...


CommonOwner = TypeVar("CommonOwner", bound=HasCommonParts)


def common_part(make: Callable[[CommonOwner], T]) -> T:
    """A part that is the same whoever decides (`App.acting_as`): made once for all of them."""
    own = part(make)

    @wraps(make)
    def read(owner: CommonOwner) -> T:
        made: T = own.__get__(owner._whole)  # type: ignore[attr-defined]  # a property, though it reads as the part
        return made

    return property(read)  # type: ignore[return-value]  # as in `part`
