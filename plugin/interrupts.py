"""Ctrl-C at any moment, the first one included: status 130, a sentence at most, never a trace.

While modules are being loaded there is nothing to put in order, and an exception raised in the middle of an import ends
in whatever that module makes of it: the process leaves at once. While a command works, KeyboardInterrupt is raised as
Python does, so that it gives back what it holds. After that a second Ctrl-C leaves at once again.
"""

import os
import signal

TYPE_CHECKING = False  # as in `typing`, which is not imported: until `leave_at_once` Ctrl-C ends in a trace
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    _Handler = Callable[[int, FrameType | None], object]

INTERRUPTED = 130


def leave_at_once() -> None:
    """From now on, nothing has to be put in order. Leaves an ignored Ctrl-C (`nohup`, a shell's `&`) ignored."""
    _exchange(signal.default_int_handler, _leave)


def raise_it() -> None:
    """From now on, Ctrl-C is a KeyboardInterrupt."""
    _exchange(_leave, signal.default_int_handler)


class nothing_to_lose:  # noqa: N801 - read as what it says; contextlib is not loaded yet
    """While modules are loaded in the middle of a command that has done nothing yet."""

    def __enter__(self) -> None:
        leave_at_once()

    def __exit__(self, *_: object) -> None:
        raise_it()


def _exchange(old: "_Handler", new: "_Handler") -> None:
    if signal.getsignal(signal.SIGINT) is not old:
        return
    try:
        signal.signal(signal.SIGINT, new)
    except ValueError:  # not the main thread: signals are none of its business
        return


def _leave(_number: int, _frame: "FrameType | None") -> None:
    os._exit(INTERRUPTED)
