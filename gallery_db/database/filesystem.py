"""Where a database may live: SQLite's WAL needs shared memory and honest locks, which network file systems lack."""

import os
from pathlib import Path, PurePosixPath

from gallery_db.errors import UnsupportedLocationError

NETWORK = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.davfs2",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.sshfs",
        "fuse.s3fs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    }
)


def filesystem_of(path: PurePosixPath, mounts: str) -> tuple[str, str] | None:
    """(type, mount point) of the mount that an absolute path lies in; None when `mounts` names none.

    `mounts` is the text of /proc/mounts; of equally long mount points the later one hides the earlier.
    """
    best: tuple[str, str] | None = None
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _unescape(fields[1])
        if path.is_relative_to(point) and (best is None or len(PurePosixPath(point).parts) >= _depth(best[1])):
            best = (fields[2], point)
    return best


def refuse_network(path: Path, mounts_file: Path = Path("/proc/mounts")) -> None:
    """Raise UnsupportedLocationError when `path` lies on a network file system. Silent where that cannot be known."""
    try:
        mounts = mounts_file.read_text(errors="surrogateescape")
    except OSError:
        return
    # realpath: a link in the home folder may lead to a share; the file itself need not exist yet.
    found = filesystem_of(PurePosixPath(os.path.realpath(path)), mounts)
    if found is not None and found[0] in NETWORK:
        raise UnsupportedLocationError(
            f"{path} is on a network file system ({found[0]} at {found[1]}), where SQLite loses data. "
            "Choose a folder on a local disk with --home DIR or ICONFACE_HOME; the photos may stay where they are"
        )


def _depth(point: str) -> int:
    return len(PurePosixPath(point).parts)


def _unescape(field: str) -> str:
    """Undo the octal escapes of /proc/mounts (blank, tab, newline, backslash)."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, char)
    return field
