"""What a program asked of the system, as `strace` saw it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

CALLS = "network,execve,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
_WRITES = re.compile(r"O_CREAT|O_TMPFILE|O_WRONLY|O_RDWR|^(?:\d+ +)?(?:creat|mkdir|rename|link|symlink)")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_INTERNET = re.compile(r"AF_INET6?\b")


def strace() -> str:
    """The program; skips the test where it cannot be used."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("no strace: see .ci/system-packages")
    if subprocess.run([found, "-qq", "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.skip("strace may not trace here")
    return found


def traced(log: Path, argv: Sequence[str]) -> list[str]:
    """A command line that runs `argv` and everything it starts, and writes their calls to `log`."""
    return [strace(), "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(log), *argv]


def internet(log: Path) -> list[str]:
    """Every call that has to do with the network, apart from sockets between processes of this machine."""
    return [line for line in _lines(log) if _INTERNET.search(line)]


def written(log: Path, cwd: Path) -> set[Path]:
    """Every file and folder that was opened for writing, made, or got a new name; relative ones are below `cwd`."""
    return {
        Path(os.path.normpath(cwd / name))
        for line in _lines(log)
        if _WRITES.search(line) and not line.rstrip().endswith(("ENOENT (No such file or directory)", "(File exists)"))
        for name in _PATH.findall(line)
        if name and "execve(" not in line
    }


def _lines(log: Path) -> Iterator[str]:
    with log.open(errors="replace") as file:
        yield from file
