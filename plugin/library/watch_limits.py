"""Where the system's events cannot be had: network file systems, and too many folders. What to do then, in words."""

import errno
import os
from pathlib import Path, PurePosixPath

from gallery_db.database.filesystem import NETWORK, filesystem_of

WATCHED = "watched"
"""Meta key: how each root is or was watched last, for `doctor`: {root id: {"mode", "reason"}}."""

_SYSCTL = Path("/proc/sys/fs/inotify")
_LIMITS = {errno.ENOSPC: "max_user_watches", errno.EMFILE: "max_user_instances"}
_CONF = "/etc/sysctl.d/60-iconface.conf"


def is_limit(error: OSError) -> bool:
    """Whether the system refused for having given out all its watches."""
    return error.errno in _LIMITS


def no_events(root: Path, mounts_file: Path = Path("/proc/mounts")) -> str | None:
    """Why the system does not tell of all changes below `root`: other machines make them. None where it does.

    A file system in user space (`fuse.*`) counts as a network, unless it is a local disk (`fuseblk`).
    """
    try:
        mounts = mounts_file.read_text(errors="surrogateescape")
    except OSError:
        return None
    found = filesystem_of(PurePosixPath(os.path.realpath(root)), mounts)
    if found is None or not (found[0] in NETWORK or found[0].startswith("fuse.")):
        return None
    return f"{found[0]} at {found[1]}: the system does not tell of changes that other machines make"


def advice(error_number: int, sysctl: Path = _SYSCTL) -> str:
    """What to type so that all folders can be watched."""
    name = _LIMITS[error_number]
    try:
        now = int((sysctl / name).read_text())
    except (OSError, ValueError):
        now = 8192 if error_number == errno.ENOSPC else 128
    more = max(2 * now, 524_288 if error_number == errno.ENOSPC else 1024)
    setting = f"fs.inotify.{name}={more}"
    what = "folders at once" if error_number == errno.ENOSPC else "watchers"
    return (
        f"the system allows {now} {what} to be watched (fs.inotify.{name}). To raise it: "
        f"echo {setting} | sudo tee {_CONF} && sudo sysctl -p {_CONF}; then restart the watcher"
    )
