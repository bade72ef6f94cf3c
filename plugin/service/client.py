"""The service in the background, as the pages see it: does it run, does it start at login, and changing either."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from iconface_core.codec import CodecError, decode

from ..errors import AppError, BusyError
from ..file_managers.registry import InstallOutcome, Integration, carry_out, integrations, status
from ..file_managers.registry import chosen as chosen_menus
from ..folders import Folders, find_folders
from ..installed_files.command import entry_command
from ..installed_files.own_files import UserFolders
from .autostart import chosen, ways_of
from .control import ask
from .start import start_detached, wake_or_start

STOP_S = 30.0
"""A job is given back within so many seconds."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`lingers`: started for a request, and ends by itself when it was idle. `serves_us`: this process is its child.
    `watched` folders, of which `polled` are only compared every few minutes. `worker_gb` is its worker's memory."""

    running: bool
    lingers: bool = False
    serves_us: bool = False
    watched: int = 0
    polled: int = 0
    worker_gb: float = 0.0
    silent: str | None = None


class _Root(Struct, frozen=True):
    mode: str


class _Watcher(Struct, frozen=True):
    roots: tuple[_Root, ...]


class _Worker(Struct, frozen=True):
    memory: int = 0


class _Status(Struct, frozen=True):
    """What is shown of the service's state. It may be of another release: what it adds is not read."""

    pid: int
    lingers: bool
    web: int | None
    worker: _Worker | None
    watcher: _Watcher | None


@dataclass(frozen=True, slots=True)
class AtLogin:
    """Whether it starts at login. `title` is how this system does it, `hint` what to know about that."""

    installed: bool
    title: str
    hint: str
    files: tuple[str, ...]


def service_state(folders: Folders, pid: int) -> ServiceState:
    """Ask the service. `pid` is this process, which the service may have started to serve the page."""
    answer = ask(folders.runtime, "status")
    if answer is None:
        return ServiceState(False)
    if "error" in answer:
        return ServiceState(True, silent=str(answer["error"]))
    try:
        told = decode(_Status, answer, "the service's answer")
    except CodecError as e:
        return ServiceState(True, silent=str(e))
    roots = () if told.watcher is None else told.watcher.roots
    return ServiceState(
        True,
        lingers=told.lingers,
        serves_us=pid in (told.pid, told.web),
        watched=len(roots),
        polled=sum(r.mode == "polling" for r in roots),
        worker_gb=0.0 if told.worker is None else round(told.worker.memory / 1e9, 1),
    )


def own_home(folders: Folders) -> Path | None:
    """The folder to name with `--home`, so that a process of our own works on the same gallery; None: the user's own
    folders."""
    home = folders.data.parent
    same = find_folders(home, {})
    return home if (same.data, same.cache, same.state) == (folders.data, folders.cache, folders.state) else None


def ensure_worker(folders: Folders) -> None:
    """Have what is due done: wake the service, or start one that ends by itself, as `restore --enqueue` does."""
    wake_or_start(folders.runtime, own_home(folders))


def start(folders: Folders, home: Path | None) -> bool:
    """Start a service that watches and stays, in place of one that would end by itself. False: one runs already."""
    ping = ask(folders.runtime, "ping")
    if ping is not None and not ping.get("lingers"):
        return False
    start_detached(home, lasting=True)
    return True


def wait_until_up(folders: Folders, *, patience_s: float) -> bool:
    """Whether it answers by then."""
    end = time.monotonic() + patience_s
    while (up := ask(folders.runtime, "ping")) is None and time.monotonic() < end:
        time.sleep(0.1)
    return up is not None


def stop(folders: Folders) -> bool:
    """Stop it; its job is given back. False: none runs. Raises BusyError when it does not end."""
    if ask(folders.runtime, "stop") is None:
        return False
    end = time.monotonic() + STOP_S
    while ask(folders.runtime, "ping") is not None:
        if time.monotonic() > end:
            raise BusyError("the service was asked to stop and still runs; see its log in the state folder")
        time.sleep(0.1)
    return True


def at_login(folders: Folders, home: Path | None) -> AtLogin:
    """How it is now, and which files starting it at login would put in."""
    ways = ways_of(home, Path.home(), folders)
    there = [w for w in ways if status(w) in ("installed", "outdated")]
    [way] = there[:1] or chosen(ways, (), wanted=True)
    return AtLogin(bool(there), way.title, way.hint, tuple(str(f.path) for f in way.files))


def set_at_login(folders: Folders, home: Path | None, *, wanted: bool) -> None:
    """Have it start at every login, or no more. Raises AppError with what the system said."""
    ways = ways_of(home, Path.home(), folders)
    for way in chosen(ways, (), wanted=wanted):
        _done(carry_out(way, folders.state / "service-backups", wanted=wanted, dry_run=False))


@dataclass(frozen=True, slots=True)
class Menus:
    """File managers that are here, by their titles: with our entry in their menus, and without it."""

    there: tuple[str, ...]
    missing: tuple[str, ...]


def menus(folders: Folders) -> Menus:
    """Which file managers have “Restore face” in their menus."""
    here = chosen_menus(_integrations(folders), (), wanted=True)
    there = [i for i in here if status(i) == "installed"]
    return Menus(tuple(i.title for i in there), tuple(i.title for i in here if i not in there))


def install_menus(folders: Folders) -> None:
    """Put it into those that are here. Raises AppError with what went wrong, after the others were done."""
    todo = chosen_menus(_integrations(folders), (), wanted=True)
    backups = folders.state / "desktop-backups"
    for outcome in [carry_out(i, backups, wanted=True, dry_run=False) for i in todo]:
        _done(outcome)


def _integrations(folders: Folders) -> list[Integration]:
    places = UserFolders.of(os.environ, Path.home(), folders.data)
    return integrations(places, entry_command(own_home(folders)))


def _done(outcome: InstallOutcome) -> None:
    if outcome.error:
        raise AppError(f"{outcome.integration.title}: {outcome.error}")
