"""What may go wrong with one file is that file's reason, whatever exception it is; the others are read all the same."""

from pathlib import Path

from gallery_db.errors import GalleryError
from iconface_core.errors import IconFaceError, ImageReadError, ImageWriteError
from plugin.errors import AppError

FAULTS_OF_A_FILE = (
    ImageReadError,
    ImageWriteError,
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
    if isinstance(e, (ImageReadError, ImageWriteError)):
        return False
    return isinstance(e, (IconFaceError, AppError, GalleryError))


def reason_of(path: Path, e: Exception) -> str:
    """One sentence that begins with the file's name."""
    if isinstance(e, OSError) and e.strerror:
        return f"{path}: {e.strerror}"
    said = " ".join(str(e).split())
    if said.startswith(str(path)):
        return said
    if isinstance(e, (ImageReadError, ImageWriteError)):
        return f"{path}: {said}"
    if isinstance(e, MemoryError):
        return f"{path}: there is not enough memory for it"
    return f"{path}: cannot be read ({type(e).__name__}{': ' + said if said else ''})"
