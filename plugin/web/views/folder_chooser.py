"""Folders of this machine, to choose one for the library: a browser cannot name a folder, so the server shows them.

What may be seen is little: the user's own folder, and drives and shares that are mounted; folders only, no hidden ones,
by their names and how many pictures are below. Links lead nowhere that could not be reached without them.
"""

import os
import string
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from platformdirs import user_pictures_path

from gallery_db import Gallery
from gallery_db.database.filesystem import NETWORK

from ...errors import UsageError
from ...languages import _
from ...library.disk import is_storable
from ...library.ignore import is_candidate, is_ignored_folder
from ...library.roots import Roots
from ...paths import absolute

MEDIA = ("/media", "/run/media", "/mnt", "/Volumes")
"""Where Linux and macOS mount what is plugged in."""

SYSTEM = ("/proc", "/sys", "/dev", "/boot", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/run/user")
"""Never a photo library, whoever types it."""

MAX_SHOWN = 500
"""Folders listed at a time; who has more types the path."""

COUNT_S = 0.6
"""All pictures of one page are counted within so many seconds: a sleeping drive or a slow share must not hold it up."""


@dataclass(frozen=True, slots=True)
class StartFolder:
    """Where looking around may begin. `path` is resolved: no link in it. `kind` is its picture in icons.svg."""

    title: str
    path: Path
    kind: str = "folder"


@dataclass(frozen=True, slots=True)
class Subfolder:
    """`pictures` are below it at any depth; `more` when there are more than could be counted."""

    name: str
    path: Path
    pictures: int
    more: bool


@dataclass(frozen=True, slots=True)
class View:
    """One folder as the chooser shows it. `trail` leads from its place to it; `here` are pictures directly in it."""

    path: Path
    trail: tuple[tuple[str, Path], ...]
    folders: tuple[Subfolder, ...]
    left_out: int
    here: int


def places(home: Path | None = None) -> list[StartFolder]:
    """The user's pictures and home, then mounted drives and shares."""
    home = home or Path.home()
    found = [
        (_("Pictures"), user_pictures_path(), "photo"),
        (_("Home"), home, "home"),
        *((_drive_title(p), p, "folder") for p in _drives()),
    ]
    out: dict[Path, StartFolder] = {}
    for title, path, kind in found:
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError):
            continue
        if (real.is_dir() and real != Path(real.anchor)) or (sys.platform == "win32" and real.is_dir()):
            out.setdefault(real, StartFolder(title, real, kind))
    return list(out.values())


def look(path: str, within: Sequence[StartFolder]) -> View:
    """The folders in `path`, an absolute path in one of the places. Raises UsageError for anything else: what is
    outside, hidden, no folder or not there cannot be told apart."""
    real, place = _allowed(path, within)
    names: list[str] = []
    here = 0
    try:
        with os.scandir(real) as entries:
            for entry in entries:
                if _is_folder(entry, within):
                    names.append(entry.name)
                elif is_candidate(entry.name):
                    here += 1
    except OSError as e:
        raise UsageError(_("{path} cannot be opened ({why})", path=real, why=e.strerror)) from e
    names.sort(key=str.casefold)
    end = time.monotonic() + COUNT_S
    folders = []
    for name in names[:MAX_SHOWN]:
        in_time = time.monotonic() < end + COUNT_S
        pictures, more = count_pictures(real / name, end) if in_time else (0, True)
        folders.append(Subfolder(name, real / name, pictures, more))
    inside = real.relative_to(place.path)
    trail = [(place.title, place.path)]
    for part in inside.parts:
        trail.append((part, trail[-1][1] / part))
    return View(real, tuple(trail), tuple(folders), max(0, len(names) - MAX_SHOWN), here)


def count_pictures(folder: Path, end: float) -> tuple[int, bool]:
    """How many files below it look like photos, by name, and whether there may be more: after the monotonic clock says
    `end` no further folder is opened."""
    count, late = 0, False
    for _at, names, files in os.walk(folder, followlinks=False):
        if late:
            return count, True
        names[:] = [n for n in names if not is_ignored_folder(n)]
        count += sum(map(is_candidate, files))
        late = time.monotonic() >= end
    return count, False


def typed(text: str) -> Path:
    """A folder whose path the user typed, who may know of one that no place leads to. Raises UsageError for what is no
    absolute path, no folder, or belongs to the system."""
    text = text.strip().strip('"')
    if not text:
        raise UsageError(_("Which folder? Choose one below, or type its whole path."))
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser fails for a user who is not there
    if "\0" in text or not path.is_absolute():
        raise UsageError(_("“{path}” is not a whole path. It begins with / (or a drive letter on Windows).", path=text))
    path = Path(os.path.abspath(path))  # noqa: PTH100 - the library keeps links as the user named them
    try:
        real = path.resolve(strict=True)
        is_folder = real.is_dir()
    except (OSError, RuntimeError):
        is_folder = False
    if not is_folder:
        raise UsageError(
            _("There is no folder {path}. Is the drive plugged in, and is the name spelled right?", path=path)
        )
    if real == Path(real.anchor) and sys.platform != "win32":
        raise UsageError(_("The whole disk is too much: choose the folder that your photos are in."))
    if any(real.is_relative_to(s) for s in SYSTEM):
        raise UsageError(_("{path} belongs to the system, not to your photos.", path=path))
    if not is_storable(str(path)):
        raise UsageError(_("The folder's name has characters that cannot be stored; rename it first."))
    return path


def _allowed(path: str, within: Sequence[StartFolder]) -> tuple[Path, StartFolder]:
    """`path` without links, and the innermost place it lies in."""
    refused = UsageError(_("This folder cannot be shown here. Choose another one, or type its whole path."))
    if "\0" in path or not Path(path).is_absolute():
        raise refused
    try:
        real = Path(path).resolve(strict=True)
        is_folder = real.is_dir()
    except (OSError, RuntimeError):
        raise refused from None
    holding = [p for p in within if real.is_relative_to(p.path)]
    if not is_folder or not holding:
        raise refused
    place = max(holding, key=lambda p: len(p.path.parts))
    if any(is_ignored_folder(part) for part in real.relative_to(place.path).parts):
        raise refused
    return real, place


def _is_folder(entry: os.DirEntry[str], within: Sequence[StartFolder]) -> bool:
    """Whether to show it: a folder that is not hidden, or a link to one that may be shown itself."""
    if is_ignored_folder(entry.name) or not is_storable(entry.name):
        return False
    try:
        if entry.is_dir(follow_symlinks=False):
            return True
        if not entry.is_symlink():
            return False
        _allowed(entry.path, within)
    except (OSError, UsageError):
        return False
    return True


def _drives() -> Iterator[Path]:
    if sys.platform == "win32":
        yield from (p for letter in string.ascii_uppercase if (p := Path(f"{letter}:\\")).exists())
        return
    seen = set()
    for part in psutil.disk_partitions(all=True):
        point = Path(part.mountpoint)
        plugged = any(point.is_relative_to(m) and point != Path(m) for m in MEDIA)
        shared = part.fstype in NETWORK and not any(point.is_relative_to(s) for s in SYSTEM)
        if (plugged or shared) and point not in seen:
            seen.add(point)
            yield point


def _drive_title(path: Path) -> str:
    return path.name or str(path)


def chooser(gallery: Gallery, roots: Roots, at: str) -> dict[str, Any]:
    """What the chooser of folders shows; without `at`, its first place."""
    offered = places()
    view = look(at or str(offered[0].path), offered) if offered or at else None
    with gallery.begin(write=False) as tx:
        known = [Path(r.path) for r in tx.roots.all()]
    here = None if view is None else view.path
    return {
        "places": offered,
        "view": view,
        "known": [str(p) for p in known],
        "why_not": None if here is None else _why_not(roots, here, known),
    }


def _why_not(roots: Roots, folder: Path, known: list[Path]) -> str | None:
    """Why this folder cannot be added, as `Roots.add` would say; None: it can."""
    for root in known:
        if folder == root:
            return _("This folder is in the library already.")
        if folder.is_relative_to(root):
            return _("It is part of “{folder}”, which is in the library already.", folder=root.name)
        if root.is_relative_to(folder):
            return _(
                "“{folder}” inside it is in the library already. Remove that one first to add the whole folder.",
                folder=root.name,
            )
    if roots.own_inside(absolute(folder)):
        return _("iconface keeps its own data in here. Choose a folder inside, the one with your photos.")
    return None
