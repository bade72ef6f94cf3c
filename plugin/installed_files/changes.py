"""What an integration would change, as a diff, and how it is done: whole files, atomically, with a copy kept."""

import difflib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AppError


class IntegrationError(AppError):
    """A file manager's configuration is not what we can safely change; the message names the file and the way out."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file as it is and as it should be; None: there is none. Modes are permission bits, None where they are left.

    `keep` asks for a copy of the file as it is: it holds something that we did not write.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode_before: int | None = None
    mode_after: int | None = None
    keep: bool = False

    @property
    def needed(self) -> bool:
        """Whether anything would change."""
        return self.before != self.after or (self.after is not None and self._mode_differs)

    @property
    def action(self) -> str:
        """create, change, remove or unchanged."""
        if not self.needed:
            return "unchanged"
        return "create" if self.before is None else "remove" if self.after is None else "change"

    def diff(self) -> list[str]:
        """Unified diff, a line each, without line ends; what a file manager may do with it is said in words."""
        old, new = _lines(self.before), _lines(self.after)
        names = (str(self.path) if self.before is not None else "(none)", str(self.path) if new else "(none)")
        out = [line.rstrip("\n") for line in difflib.unified_diff(old, new, *names, lineterm="\n")]
        if self.after is not None and self._mode_differs and (self.before is not None or self.mode_after != 0o644):
            out.append(f"{self.path}: mode {_octal(self.mode_before)} -> {_octal(self.mode_after)}")
        return out

    @property
    def _mode_differs(self) -> bool:
        return os.name == "posix" and self.mode_after is not None and self.mode_before != self.mode_after


def planned(path: Path, after: bytes | None, *, executable: bool = False, keep: bool = False) -> FileChange:
    """The change that makes `path` contain `after`. Raises OSError when the present file cannot be read."""
    before = read(path)
    mode_before = None if before is None else path.stat().st_mode & 0o777
    # A file that is there keeps its own mode, as long as it has what it needs.
    mode_after = (mode_before or 0o644) | (0o111 if executable else 0)
    return FileChange(path, before, after, mode_before, mode_after, keep)


def read(path: Path) -> bytes | None:
    """The bytes of a file, None when there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def apply(changes: Sequence[FileChange], backups: Path) -> list[Path]:
    """Make the changes; returns the copies kept below `backups`. Raises OSError.

    Nothing is written where nothing changes. A symbolic link stays a link: its target gets the new content.
    """
    kept: list[Path] = []
    for change in changes:
        if not change.needed:
            continue
        if change.before is not None and change.keep:
            kept.append(_keep(change.path, change.before, backups))
        if change.after is None:
            change.path.unlink(missing_ok=True)
        elif change.after != change.before:
            _write(Path(os.path.realpath(change.path)), change.after, change.mode_after)
        elif change.mode_after is not None:
            change.path.chmod(change.mode_after)
    return kept


def _keep(path: Path, content: bytes, backups: Path) -> Path:
    """A copy under the file's own name, numbered: backups are few and looked for by name."""
    backups.mkdir(parents=True, exist_ok=True)
    n = 1
    while (target := backups / f"{path.name}.{n}").exists():
        n += 1
    target.write_bytes(content)
    return target


def _write(path: Path, content: bytes, mode: int | None) -> None:
    """Whole or not at all, also when the power goes: it may be a file of the user's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _lines(content: bytes | None) -> list[str]:
    if content is None:
        return []
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [f"({len(content):,} bytes)\n"]
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return [line + "\n" for line in content.decode(encoding, "replace").splitlines()]


def _octal(mode: int | None) -> str:
    return "none" if mode is None else f"{mode:o}"
