"""What below a root is not one of the user's photos. The one place that decides it, for scans and for the watcher."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from iconface_core.images.formats import is_photo_name
from iconface_core.images.regular_files import read_small

IGNORE_FILE = ".iconfaceignore"
"""A file of gitignore patterns; they hold for its folder and everything below, the deepest file decides."""

STOP_FILES = frozenset({".nomedia", ".noimage"})
"""A folder holding one of these asks to be left alone, with everything below it."""

RULE_FILES = STOP_FILES | {IGNORE_FILE}
"""When one of these comes, changes or goes, what is ignored changes for files that did not."""

_FOLDERS = frozenset(
    {
        "#recycle",
        "#snapshot",
        "$RECYCLE.BIN",
        "@eaDir",
        "@Recently-Snapshot",
        "@Recycle",
        "__MACOSX",
        "lost+found",
        "System Volume Information",
    }
)
"""Folders of thumbnails, bins and snapshots that NAS systems and archives leave in photo trees. Those whose names start
with a dot (`.Trash-1000`, `.thumbnails`, `.stversions`) are ignored like every dot file."""

_MOST_BYTES = 1_000_000

_PREFIXES = (".", "~syncthing~", "~$")


def is_ignored_folder(name: str) -> bool:
    """Whether a folder of this name never holds photos of the user."""
    return name in _FOLDERS or name.startswith(_PREFIXES)


def is_candidate(name: str) -> bool:
    """Whether a file of this name may be a photo. Hidden and temporary files are none (`a.jpg.part` has no photo's
    suffix)."""
    return not name.startswith(_PREFIXES) and is_photo_name(Path(name))


@dataclass(frozen=True, slots=True)
class _Folder:
    """What one folder says about its content."""

    stopped: bool
    patterns: GitIgnoreSpec | None


class IgnoreRules:
    """The rules of one root. `own` are absolute folders of ours, which may lie inside it.

    The rule files it has read are remembered: make new rules, or `forget()`, when they may have changed.
    """

    def __init__(self, root: Path | str, own: Collection[Path] = ()) -> None:
        self.root = str(root)
        self._own = {str(path) for path in own}
        self._folders: dict[str, _Folder] = {}

    def forget(self) -> None:
        """Read the rule files again when they are needed next."""
        self._folders.clear()

    def ignores(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether the file or folder at this absolute path below the root is ignored, itself or with a parent.

        True for anything outside the root."""
        if path == self.root:
            return self._read(path).stopped
        inside = os.path.relpath(path, self.root)
        if inside == os.pardir or inside.startswith(os.pardir + os.sep):
            return True
        *parents, name = Path(inside).parts
        folder = self.root
        if self._read(folder).stopped:
            return True
        for parent in parents:
            if not self.enters(folder, parent):
                return True
            folder = os.path.join(folder, parent)  # noqa: PTH118 - as in `walk`: paths stay text
        return not (self.enters(folder, name) if is_folder else self.takes(folder, name))

    def enters(self, folder: str, name: str) -> bool:
        """Whether to go into the folder `name` of a folder that is not ignored itself."""
        path = os.path.join(folder, name)  # noqa: PTH118
        if is_ignored_folder(name) or path in self._own or self._excluded(path + "/"):
            return False
        return not self._read(path).stopped

    def takes(self, folder: str, name: str) -> bool:
        """Whether the file `name` of a folder that is not ignored itself may be a photo."""
        return is_candidate(name) and not self._excluded(os.path.join(folder, name))  # noqa: PTH118

    def _excluded(self, path: str) -> bool:
        """What the ignore files say, the nearest first; the first that has an opinion decides."""
        folder = os.path.dirname(path.rstrip("/"))  # noqa: PTH120
        while True:
            patterns = self._read(folder).patterns
            if patterns is not None:
                inside = path[len(folder.rstrip("/")) + 1 :]
                include = patterns.check_file(inside).include
                if include is not None:
                    return include
            if len(folder) <= len(self.root):
                return False
            folder = os.path.dirname(folder)  # noqa: PTH120

    def _read(self, folder: str) -> _Folder:
        known = self._folders.get(folder)
        if known is None:
            stopped = any(os.path.exists(os.path.join(folder, name)) for name in STOP_FILES)  # noqa: PTH110, PTH118
            known = self._folders[folder] = _Folder(stopped, _patterns(os.path.join(folder, IGNORE_FILE)))  # noqa: PTH118
        return known


def _patterns(path: str) -> GitIgnoreSpec | None:
    """The patterns of one ignore file. What cannot be read, is no regular file or too large, or not a pattern, ignores
    nothing."""
    try:
        lines = read_small(path, _MOST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True
