"""A disk of its own for the home that is hurt, which can be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 600


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system in memory at `folder`. Raises SystemExit where none may be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    line = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=700", "tmpfs", str(folder)]
    if subprocess.run(line, check=False).returncode != 0:
        raise SystemExit("--full-disk needs Linux, and root to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def almost_full(folder: Path, free: int) -> Iterator[None]:
    """Only `free` bytes are left on the disk of `folder`, until the end of the block."""
    ballast = folder / ".ballast"
    disk = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, disk.f_bavail * disk.f_frsize - free))
    try:
        yield
    finally:
        ballast.unlink()
