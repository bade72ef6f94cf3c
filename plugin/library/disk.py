"""What is on disk under a root, and how it differs from what the gallery knows. Reads names and sizes, never pixels."""

import errno
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import Protocol

from iconface_core.reasons import Reason

from ..reasons import CANNOT_OPEN_FOLDER, EMPTY_FOLDER
from .ignore import IgnoreRules

HALF_EMPTY_SHARE = 0.2
"""More than this share of a root's photos gone at once looks like a drive problem, not like tidying up."""

HALF_EMPTY_MIN = 10


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A candidate photo on disk. `names` counts its hard links; of a link to it, everything else is the file's own."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int = 0
    names: int = 1
    is_link: bool = False


class KnownFile(Protocol):
    """What the gallery remembers of a photo file."""

    @property
    def id(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...
    @property
    def state(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DiskChanges:
    """`todo` must be read (new, changed, or failed before); `gone` are ids of photos that are no longer there."""

    todo: list[FoundFile]
    gone: list[int]
    back: list[int]
    unchanged: int


def walk(
    root: Path, on_error: Callable[[OSError], None], *, rules: IgnoreRules | None = None, below: str | None = None
) -> Iterator[FoundFile]:
    """Yield the photos below `root`, or below a folder of it that is not ignored, in path order.

    Links to folders are not followed, so loops cannot happen.
    """
    rules = rules or IgnoreRules(root)
    start = str(root) if below is None else below
    if rules.ignores(start, is_folder=True):
        return
    for folder, names, files in os.walk(start, onerror=on_error, followlinks=False):
        names[:] = sorted(n for n in names if rules.enters(folder, n))
        for name in sorted(files):
            if rules.takes(folder, name):
                file = look_up(os.path.join(folder, name), on_error)  # noqa: PTH118 - a Path per file costs seconds
                if file is not None:
                    yield file


def look_up(path: str, on_error: Callable[[OSError], None]) -> FoundFile | None:
    """One file as a scan sees it; None, and a word to `on_error`, for what cannot be a photo."""
    if not is_storable(path):
        shown = os.fsencode(path).decode(errors="replace")
        on_error(OSError(errno.EILSEQ, "the file name is not valid UTF-8; rename it to have it scanned", shown))
        return None
    try:
        stat = os.lstat(path)
        is_link = S_ISLNK(stat.st_mode)
        if is_link:
            stat = os.stat(path)  # noqa: PTH116
    except OSError as e:
        on_error(e)
        return None
    if not S_ISREG(stat.st_mode):  # a pipe or a socket with a photo's name would be waited for for ever
        return None
    return FoundFile(path, stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_dev, stat.st_nlink, is_link)


def is_storable(path: str) -> bool:
    """Whether the gallery can keep this path: its bytes are UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def vanished(path: str) -> bool:
    """Whether nothing is at `path`. False when that cannot be known: an unreadable folder, a sick drive."""
    try:
        os.lstat(path)
    except OSError as e:
        return e.errno in (errno.ENOENT, errno.ENOTDIR)
    return False


def compare(known: Mapping[str, KnownFile], found: Iterable[FoundFile], *, retry_failed: bool) -> DiskChanges:
    """Tell new and changed files from known ones (path -> file) by size and modification time."""
    todo: list[FoundFile] = []
    back: list[int] = []
    seen: set[str] = set()
    unchanged = 0
    for file in found:
        seen.add(file.path)
        old = known.get(file.path)
        changed = old is None or (old.size, old.mtime_ns) != (file.size, file.mtime_ns)
        if old is None or changed or (old.state == "failed" and retry_failed):
            todo.append(file)
        elif old.state == "missing":
            back.append(old.id)
        else:
            unchanged += 1
    gone = [k.id for path, k in known.items() if path not in seen and k.state != "missing"]
    return DiskChanges(todo, gone, back, unchanged)


def why_offline(root: Path, known: int) -> Reason | None:
    """The reason to treat a root as unplugged, or None. Nothing below an offline root is ever marked missing."""
    try:
        empty = not any(root.iterdir())
    except OSError as e:
        return CANNOT_OPEN_FOLDER(path=str(root), detail=e.strerror or str(e))
    if known and empty:
        return EMPTY_FOLDER(path=str(root), photos=known)
    return None


def same_folder(one: Path, other: Path) -> bool:
    """Whether two paths name one folder, however they are spelt: letter case, accents, links, another mount of it. Of a
    folder that is not there only the spelling can tell."""
    place = place_of(one)
    if place is not None:
        return place == place_of(other)
    return place_of(other) is None and folded(str(one)) == folded(str(other))


def folded(path: str) -> str:
    """The same for names that a file system without upper and lower case takes for one."""
    return unicodedata.normalize("NFC", path).casefold()


def place_of(path: Path) -> tuple[int, int] | None:
    """Which folder of which device is at `path`: another one after a drive was unmounted or mounted."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def half_empty(known: int, gone: int) -> bool:
    """True when so many photos vanished at once that a person should confirm it."""
    return gone >= HALF_EMPTY_MIN and gone > known * HALF_EMPTY_SHARE
