"""From an error to its reason. Here an exception's kind is looked at, and nowhere its message."""

import errno

from gallery_db.errors import GalleryError
from iconface_core.errors import IconFaceError, LicenceNotAcceptedError
from iconface_core.reason_codes import DISK_FULL, FILE_MISSING, NOT_PERMITTED
from iconface_core.reasons import Reason

from .errors import AppError
from .reasons import LICENCE_NEEDED, NO_MEMORY, STATED, SYSTEM_ERROR, UNEXPECTED

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no quotas of this kind


def reason_of(e: BaseException) -> Reason:
    """Why an error happened: the reason it carries, or what its kind says."""
    own = getattr(e, "reason", None)
    if isinstance(own, Reason):
        return own
    if isinstance(e, OSError) and e.errno in _FULL:
        return DISK_FULL()
    if isinstance(e, FileNotFoundError):
        return FILE_MISSING()
    if isinstance(e, PermissionError):
        return NOT_PERMITTED()
    if isinstance(e, OSError) and e.strerror:
        return SYSTEM_ERROR(detail=e.strerror)
    if isinstance(e, MemoryError):
        return NO_MEMORY()
    said = " ".join(str(e).split())
    if isinstance(e, LicenceNotAcceptedError):
        return LICENCE_NEEDED(text=said)
    if isinstance(e, (IconFaceError, AppError, GalleryError)):
        return STATED(text=said)
    return UNEXPECTED(error=type(e).__name__, detail=said)
