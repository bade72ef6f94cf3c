"""Errors of the application, each with the exit code it ends a command with (documented in docs/cli.md).

4 and 5 are not errors of their own: `restore_result.exit_code` reads them off the results.

* AppError             1  something failed
  x UsageError         2  the request makes no sense as it stands
  x NotFoundError      3  no such photo, face or person; or a photo without a face
  x BusyError          6  another process holds the gallery or the scan

Errors of the gallery that commands and pages meet are offered here as well, because they import nothing of storage:
GalleryError and the kinds of it that are told apart. UnknownIdError is about an id that the gallery has not,
NotFoundError about anything else that somebody named.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gallery_db.errors import (
        ConflictError,
        GalleryBusyError,
        GalleryError,
        GalleryUnreachableError,
        OthersDecisionError,
        UnknownIdError,
        UnusableNameError,
    )
    from iconface_core.reasons import Reason


__all__ = [
    "AppError",
    "BusyError",
    "ConflictError",
    "GalleryBusyError",
    "GalleryError",
    "GalleryUnreachableError",
    "NotFoundError",
    "OthersDecisionError",
    "UnknownIdError",
    "UnusableNameError",
    "UsageError",
]

_OF_THE_GALLERY = (
    "ConflictError",
    "GalleryBusyError",
    "GalleryError",
    "GalleryUnreachableError",
    "OthersDecisionError",
    "UnknownIdError",
    "UnusableNameError",
)


def __getattr__(name: str) -> object:
    """The gallery's errors, when they are asked for: a right-click does not wait for storage."""
    if name not in _OF_THE_GALLERY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gallery_db import errors

    return getattr(errors, name)


class AppError(Exception):
    """Base class. It says a reason, which front ends find words for, or a message that is shown as it is."""

    exit_code = 1

    def __init__(self, said: "str | Reason" = "", *, photo: str | None = None) -> None:
        """`photo`: the one it is about, whose name then stands before a message."""
        self.reason = None if isinstance(said, str) else said
        self.photo = photo
        text = said if isinstance(said, str) else _in_words(said)
        super().__init__(text if photo is None else f"{photo}: {text}")


class UsageError(AppError):
    """The request makes no sense as it stands."""

    exit_code = 2


class NotFoundError(AppError):
    """No such photo, face or person; or a photo without a face."""

    exit_code = 3


class BusyError(AppError):
    """Another process holds the gallery or the scan; try again later."""

    exit_code = 6


def _in_words(reason: "Reason") -> str:
    from .reason_words import in_words  # late: a right-click raises and shows errors without the core

    return in_words(reason)
