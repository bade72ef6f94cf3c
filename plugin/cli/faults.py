"""A fault of ours, told in a sentence; what a developer needs of it goes to a file."""

import os
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..paths import make_private

if TYPE_CHECKING:
    from .session import Session

MOST_BYTES = 1_000_000
"""A longer file is begun again."""


def told(error: Exception, session: "Session") -> str:
    """The sentence. `--verbose` shows the rest at once."""
    first = (str(error).splitlines() or [""])[0][:200]
    what = f"something went wrong that should not ({type(error).__name__}: {first})"
    where: Path | None = None
    with suppress(Exception):  # whatever it was may stand in the way of this, too
        where = session.settings().folders.state / "errors.log"
        _append(where, f"{datetime.now():%Y-%m-%d %H:%M:%S} {session.command}\n{_trace(error)}\n")
    if where is None or not where.exists():
        return f"{what}; the same with --verbose tells more. iconface doctor looks whether the gallery is whole"
    return f"{what}; the details are in {where}. iconface doctor looks whether the gallery is whole"


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _append(path: Path, text: str) -> None:
    make_private(path.parent)
    full = path.exists() and path.stat().st_size > MOST_BYTES
    mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if full else os.O_APPEND)
    with os.fdopen(os.open(path, mode, 0o600), "w", errors="backslashreplace") as file:
        file.write(text)
