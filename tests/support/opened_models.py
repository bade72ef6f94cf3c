"""Models that commands in this process open again and again, opened once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from iconface_core.extensions.backends import BackendContext
from plugin.models import builtin, student_backend

T = TypeVar("T")


@contextmanager
def opened_once() -> Iterator[None]:
    """Half of the time of a command that restores a small photo goes into opening YuNet, SFace and its student. Use
    does not change them. Whoever has model files of his own gets his own."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((builtin, "_yunet"), (builtin, "_sface"), (student_backend, "load")):
            patch.setattr(module, name, _kept(getattr(module, name)))
        yield


def _kept(load: Callable[[BackendContext], T]) -> Callable[[BackendContext], T]:
    shipped: list[T] = []

    def loaded(context: BackendContext) -> T:
        if context.models.is_dir() and any(context.models.iterdir()):
            return load(context)
        if not shipped:
            shipped.append(load(context))
        return shipped[0]

    return loaded
