"""The one command line that a file manager waits for, `restore --enqueue -- PHOTO...`, without building the command
tree: Typer alone takes longer than all the rest. Every other line goes the usual way and does the same.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from .. import interrupts
from ..errors import AppError
from .session import Session, split_shared


def quick(argv: Sequence[str]) -> int | None:
    """The exit code, or None: not that command line."""
    if "--enqueue" not in argv:
        return None
    try:
        session, rest = split_shared(list(argv))
    except ValueError:
        return None
    if rest[:3] != ["restore", "--enqueue", "--"] or len(rest) == 3 or session.database or session.actor:
        return None
    from ..job_payloads import QueuedChoices
    from .enqueue import enqueue

    interrupts.raise_it()
    try:
        return enqueue(
            session,
            [Path(p) for p in rest[3:]],
            QueuedChoices(),
            on_paused=lambda photos, kind: _tell_pause(session, photos, kind),
        )
    except KeyboardInterrupt:
        return interrupts.INTERRUPTED
    except AppError as e:
        _tell(session, e)
        session.out.error(e.exit_code, type(e).__name__.removesuffix("Error").lower(), str(e))
        return e.exit_code
    except OSError as e:
        _tell(session, e)
        session.out.error(1, "os", str(e))
        return 1


def _tell_pause(session: Session, photos: int, kind: str) -> None:
    if sys.stderr.isatty():
        return
    from ..notifications.immediate import tell_pause

    tell_pause(photos, kind, session.own_home, session.settings())


def _tell(session: Session, error: Exception) -> None:
    """In a file manager nobody reads what is printed."""
    if sys.stderr.isatty():
        return
    from ..notifications.immediate import tell_trouble

    tell_trouble(error, session.settings)
