"""Opening what a stranger may have named: only regular files, never waiting, never more than asked for.

A pipe without a writer is waited for for ever, a device has no end, and either may lie under any name, directly or
behind a link. Standard library only.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path | str) -> BufferedReader:
    """Open a regular file for reading. Raises OSError, also for a folder, a pipe, a socket or a device."""
    # Without O_NONBLOCK opening a pipe waits for somebody who writes; for a regular file it means nothing.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    handle = os.open(path, flags)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_small(path: Path | str, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises OSError, also for a longer one."""
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes, which no file of this kind is", str(path))
    return data
