"""An entry in the menu of one more file manager: files that iconface writes, replaces and removes by its own rules."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MenuContext:
    """`home`, `data` and `config` are the user's folders (XDG). `command` is what the entry runs, followed by the paths
    of the selected files, each an argument of its own. `marker` must stand in every file: what carries it is ours."""

    home: Path
    data: Path
    config: Path
    command: tuple[str, ...]
    marker: str


@dataclass(frozen=True, slots=True)
class MenuFile:
    """One file that makes the entry."""

    path: Path
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class FileManagerMenu:
    """`name` is what users write for it, `hint` what they do for a running file manager to see the change. `available`
    says whether that file manager is here."""

    name: str
    title: str
    hint: str
    files: tuple[MenuFile, ...]
    available: Callable[[], bool]
