"""What may go wrong with one file is that file's reason, whatever exception it is; the others are read all the same."""

from pathlib import Path

from gallery_db.errors import GalleryError
from iconface_core.errors import IconFaceError, ImageReadError, ImageWriteError, UnusableOutputError
from iconface_core.reasons import Reason

from ..error_reasons import reason_of
from ..errors import AppError
from ..paths import printable
from ..reasons import IN_FILE, STATED, UNEXPECTED, UNREADABLE

FAULTS_OF_A_FILE = (
    ImageReadError,
    ImageWriteError,
    UnusableOutputError,
    OSError,
    ArithmeticError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a file can bring about while it is restored. What a caller raises to stop the work is none of these."""


def is_no_fault_of(e: Exception) -> bool:
    """Whether an exception met while working at a file would meet every other file as well: a model or the gallery is
    not there, the request makes no sense."""
    if isinstance(e, (ImageReadError, ImageWriteError, UnusableOutputError)):
        return False
    return isinstance(e, (IconFaceError, AppError, GalleryError))


def why_unreadable(e: Exception) -> Reason:
    """What an exception says of the file that brought it about."""
    reason = reason_of(e)
    return UNREADABLE(**reason.params) if reason.code == UNEXPECTED else reason


def in_file(path: Path, e: Exception) -> Reason:
    """The same with the file's name. An error that explains itself has named it."""
    reason = why_unreadable(e)
    return reason if reason.code == STATED else IN_FILE(path=printable(path), why=reason)
