"""A file whose content is exchanged as a whole, unless somebody else has changed it meanwhile."""

import errno
import os
from pathlib import Path

from .atomic_write import sync_path
from .leftovers import temporary


def replace_file(path: Path, data: bytes, seen: os.stat_result) -> None:
    """Exchange the content of `path`, which was as `seen` when it was read; its permissions stay. A link stays one: the
    file behind it is exchanged. Raises OSError, also when the file is another one now; then it is left as it is."""
    target = path.resolve()
    part = temporary(target)
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), seen.st_mode & 0o777)
            os.fsync(file.fileno())
        now = target.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (seen.st_mtime_ns, seen.st_size, seen.st_ino):
            raise OSError(errno.EBUSY, "another program has just changed it; try again", str(path))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_path(target.parent)
