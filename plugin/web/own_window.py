"""The page in a window of its own, for who starts iconface from the desktop. Light: no page is loaded here."""

import os
import shutil
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from ..errors import BusyError
from ..folders import Folders
from ..service import client
from ..service.control import ask
from .server.running import wait_for_way_in, way_in

START_S = 30.0
"""How long the service may take to start, and then the page."""

AGAIN_S = 3.0

ON_PATH = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("brave-browser", "microsoft-edge", "microsoft-edge-stable", "vivaldi"),
)
ON_WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
ON_MACOS = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")
"""Browsers that know `--app=`: a window without tabs and address."""


def page_of_service(folders: Folders, home: Path | None, port: int) -> str:
    """A one-time address of the page as the service serves it, which is started where none runs. Raises BusyError."""
    url = way_in(folders.runtime)
    if url is None and client.start(folders, home) and not client.wait_until_up(folders, patience_s=START_S):
        raise BusyError("the service could not be started: see service.log in the state folder")
    end = time.monotonic() + START_S
    while url is None and time.monotonic() < end:  # asked again: the one that answered first may just have been ending
        ask(folders.runtime, "web", port=port)
        url = wait_for_way_in(folders.runtime, AGAIN_S)
    if url is None:
        raise BusyError("the service could not start the page: see web.log in the state folder")
    return url


def open_window(url: str) -> bool:
    """Open `url` in a window of its own, else as a page of the user's browser. False: there is no browser."""
    argv = next(_browsers(url), None)
    if argv is None:
        return webbrowser.open(url)
    subprocess.Popen(  # noqa: S603 - a browser we looked for, and an address of ours
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # not ours to wait for
    return True


def _browsers(url: str) -> Iterator[list[str]]:
    """Command lines for those that are here."""
    app = f"--app={url}"
    if sys.platform == "win32":
        folders = [os.environ[n] for n in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData") if n in os.environ]
        paths = [Path(folder, program) for program in ON_WINDOWS for folder in folders]
        yield from ([str(p), app] for p in paths if p.is_file())
    elif sys.platform == "darwin":
        yield from (["open", "-na", b, "--args", app] for b in ON_MACOS if Path(f"/Applications/{b}.app").is_dir())
    else:
        yield from ([found, app] for b in ON_PATH if (found := shutil.which(b)))
