"""Opening something on the user's desktop, as a double-click would, and not as a part of the service."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from .systemd_scope import as_own_service

OPEN_S = 5.0
"""An opener that could not do it says so by then."""


def open_target(target: str) -> bool:
    """Open a file, a folder or an address. False when the desktop could not."""
    if start := as_own_service(os.environ):
        argv = [*start, "xdg-open", target]
        if subprocess.run(argv, check=False, capture_output=True).returncode == 0:  # noqa: S603 - no shell
            return True
    return typer.launch(target) == 0


def show_in_folder(path: Path) -> bool:
    """Open the folder of a file, with the file marked where the system can. False when the desktop could not."""
    if not sys.platform.startswith("linux"):
        return typer.launch(str(path), locate=True) == 0
    argv = [*as_own_service(os.environ), "xdg-open", str(path.parent)]
    try:
        opener = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - no shell
        return opener.wait(OPEN_S) == 0
    except subprocess.TimeoutExpired:
        return True  # it became the file manager itself
    except OSError:
        return False
