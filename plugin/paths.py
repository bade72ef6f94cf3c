"""Paths as text. Only the standard library: a right-click waits for this."""

import os
import re
from pathlib import Path


def printable(path: Path | str) -> str:
    """`path` as valid UTF-8, to be stored as text or printed: bytes that are not UTF-8 show as escapes."""
    return str(path).encode(errors="surrogateescape").decode(errors="backslashreplace")


def absolute(path: Path) -> Path:
    """The path as the gallery stores it: absolute and without `..`, links kept as the user named them."""
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 - resolve() would follow links, and
    # Path.expanduser fails for a file that happens to be called ~a.jpg


_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_device_name(name: str) -> bool:
    """Whether Windows takes a file of this name for a device."""
    return _DEVICE.fullmatch(name) is not None


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user only."""
    for missing in [p for p in reversed((folder, *folder.parents)) if not p.exists()]:
        missing.mkdir(mode=0o700, exist_ok=True)


def write_private(file: Path, data: bytes) -> None:
    """Put `data` into a file that only this user may read: whole and on the disk when this returns, or as it was.
    Raises OSError."""
    part = file.with_name(f"{file.name}.{os.getpid()}.unfinished")  # as iconface_core.images.leftovers has it
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
