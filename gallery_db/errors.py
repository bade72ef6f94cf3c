"""Error tree of the gallery. Every message names the path or id and the way out.

* GalleryError              base; also raised itself for a full disk or a damaged file
  x UnknownIdError           no such photo, face, person, decision or job
  x SchemaTooNewError       the database was written by a newer release
  x GalleryBusyError        another process holds the write lock for longer than the busy timeout; try again later
  x GalleryUnreachableError  the server of the database does not answer, or its disk is full; what waits may ask again
  x UnsupportedLocationError  the database would live on a network file system, where SQLite loses data
  x ConflictError           a decision cannot be undone, because a later one changed the same thing
  x OthersDecisionError     a decision cannot be undone, because somebody else took it
  x UnusableNameError       a person cannot be called so
  x BackupError             a backup is missing, damaged or too new to be restored
"""

from typing import Self


class GalleryError(Exception):
    """Base class of every error this package raises on purpose."""


class UnknownIdError(GalleryError):
    """No such photo, face, person, decision or job."""


class SchemaTooNewError(GalleryError):
    """The database was written by a newer release."""


class GalleryBusyError(GalleryError):
    """Another process is writing; nothing was changed, try again later."""


class GalleryUnreachableError(GalleryError):
    """The server that keeps the gallery does not answer, broke off or has no room; what was not committed is not
    stored."""


class UnsupportedLocationError(GalleryError):
    """SQLite in WAL mode needs a local disk."""


class ConflictError(GalleryError):
    """A later change stands in the way. `later` is the decision that made it; the message names it."""

    def __init__(self, message: str, later: int | None = None) -> None:
        super().__init__(message)
        self.later = later


class OthersDecisionError(GalleryError):
    """Somebody else decided that. `decision_id` is what was to be undone (None: the latest, and none is the caller's
    own), `actor` who decided it; None: somebody without a login."""

    def __init__(self, message: str, decision_id: int | None = None, actor: str | None = None) -> None:
        super().__init__(message)
        self.decision_id, self.actor = decision_id, actor

    @classmethod
    def of(cls, decision_id: int | None, actor: str | None) -> Self:
        """The error about one decision, or about all that are left."""
        who = actor or "somebody without a login"
        message = (
            f"you have decided nothing that could be undone; the latest is of {who} (--any takes it back)"
            if decision_id is None
            else f"decision {decision_id} is of {who}: only with --any can another take it back"
        )
        return cls(message, decision_id, actor)


class UnusableNameError(GalleryError):
    """Digits only, control characters, or endless. Choose another name."""


class BackupError(GalleryError):
    """The backup cannot be made or restored; the present database is untouched."""
