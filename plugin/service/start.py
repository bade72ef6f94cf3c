"""Start the service in the background, from a command that must return at once: nothing heavy is imported here."""

import os
from pathlib import Path

from ..folders import find_folders
from ..own_process import COMMAND, own_module
from ..paths import make_private
from .control import ask

LINGER_S = 300
"""A service that nobody installed, started for a right-click, ends after so many idle seconds."""


def wake_or_start(runtime: Path, home: Path | None) -> bool:
    """Tell a running service that there are new jobs, or start one for them. True: it ran already, and stays."""
    answer = ask(runtime, "wake")
    if answer is not None and not answer.get("ending"):
        return True
    start_detached(home)
    return False


def start_detached(home: Path | None, *, lasting: bool = False) -> None:
    """A service of its own session, which outlives this process and ends when it was idle for a while; with `lasting`
    it also watches the library, and stays until it is stopped.

    When another one is just starting or ending, it waits for its turn or leaves.
    """
    import subprocess  # here, because a running service only needs to be woken

    chosen = () if home is None else ("--home", str(home))
    how = () if lasting else ("--no-watch", "--linger", str(LINGER_S))
    data = find_folders(home, os.environ).data
    make_private(data)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*own_module(COMMAND), "--quiet", *chosen, "service", "run", *how],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=data,
        start_new_session=True,
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    process.returncode = 0  # not ours to wait for: keeps Python from warning that it still runs
