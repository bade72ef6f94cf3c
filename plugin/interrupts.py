"""Ctrl-C at any moment, the first one included: status 130, a sentence at most, never a trace.

While modules are being loaded there is nothing to put in order, and an exception raised in the middle of an import ends
in whatever that module makes of it: the process leaves at once. While a command works, KeyboardInterrupt is raised as
Python does, so that it gives back what it holds. After that a second Ctrl-C leaves at once again.
"""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130


def leave_at_once() -> None:
    """From now on, nothing has to be put in order. Leaves an ignored Ctrl-C (`nohup`, a shell's `&`) ignored."""
    _exchange(signal.default_int_handler, _leave)


def raise_it() -> None:
    """From now on, Ctrl-C is a KeyboardInterrupt."""
    _exchange(_leave, signal.default_int_handler)


@contextmanager
def nothing_to_lose() -> Generator[None]:
    """While modules are loaded in the middle of a command that has done nothing yet."""
    leave_at_once()
    try:
        yield
    finally:
        raise_it()


_Handler = Callable[[int, FrameType | None], object]


def _exchange(old: _Handler, new: _Handler) -> None:
    if signal.getsignal(signal.SIGINT) is not old:
        return
    try:
        signal.signal(signal.SIGINT, new)
    except ValueError:  # not the main thread: signals are none of its business
        return


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
