"""Backups of a gallery on a server, by PostgreSQL's own programs, and their return."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from gallery_db.errors import BackupError, SchemaTooNewError
from iconface_core.images.leftovers import drop, sweep, temporary

from .address import Server
from .postgres_search import kept
from .revisions import known_revisions


def dump(server: Server, dest: Path) -> Path:
    """Write the whole database as of one moment to the new file `dest` (mode 0600), whoever writes meanwhile. Raises
    BackupError when `dest` exists, the programs are missing or older than the server, or the disk is full."""
    if dest.exists():
        raise BackupError(f"{dest} exists already: choose another name, a backup is never overwritten")
    temp = temporary(dest)
    try:
        dest.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep([dest.parent], of=f"{dest.name}.")
        os.close(os.open(temp, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _call("pg_dump", server, "--format=custom", "--no-owner", "--no-privileges", f"--file={temp}")
        with temp.open("rb") as file:
            os.fsync(file.fileno())
        temp.replace(dest)
    except OSError as e:
        raise BackupError(f"could not back up {server.shown} to {dest}: {e}; nothing was left behind") from e
    finally:
        drop(temp)
    return dest


def restore(server: Server, src: Path) -> None:
    """Put the backup `src` in place of all that the database holds, in one transaction, but for the index that searches
    vectors: that is to be built anew. BackupError or SchemaTooNewError, whatever goes wrong, and it is as it was."""
    if not src.is_file():
        raise BackupError(f"there is no backup at {src}")
    said = _call("pg_restore", None, "--data-only", "--table=alembic_version", "--file=-", str(src))
    found = re.search(r"^COPY public\.alembic_version .*\n(\S+)$", said, re.MULTILINE)
    if found is None:
        raise BackupError(f"{src} is not a backup of a gallery")
    if found[1] not in known_revisions():
        raise SchemaTooNewError(f"{src} was written by a newer release (schema {found[1]!r}): update iconface first")
    whole = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    with TemporaryDirectory(prefix="iconface-restore-") as folder:
        contents = Path(folder) / "contents"
        contents.write_text(kept(_call("pg_restore", None, "--list", str(src))))
        _call("pg_restore", server, *whole, f"--use-list={contents}", str(src))


def _call(name: str, server: Server | None, *options: str) -> str:
    """Run a program of PostgreSQL; what it says. The password is not on its command line, which everybody can read."""
    program = shutil.which(name)
    if program is None:
        raise BackupError(f"{name} is not installed: it comes with PostgreSQL's client programs (postgresql-client)")
    env = dict(os.environ) | ({"PGPASSWORD": server.password} if server is not None and server.password else {})
    address: Sequence[str] = () if server is None else (f"--dbname={server.shown}",)
    done = subprocess.run([program, *address, *options], env=env, capture_output=True, text=True)  # noqa: S603 - ours
    if done.returncode:
        raise BackupError(f"{name}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout
