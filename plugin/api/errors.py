"""The errors of the public API. Every message names the path or id, and the way out.

* Error                 base; also raised itself: an unreadable photo, a damaged gallery, a full disk below it
  x RequestError        the request makes no sense as it stands
  x NotFoundError       no such folder, photo, face, person or decision
  x BusyError           another process scans, or holds the gallery; try again later
  x ConflictError       a decision cannot be taken back before a later one is
  x UnavailableError    a model or an optional package is missing, damaged, or its licence is not accepted yet

Errors of the operating system (OSError) come as they are.
"""

from collections.abc import Generator
from contextlib import contextmanager


class Error(Exception):
    """Base class of every error that iconface raises on purpose."""


class RequestError(Error):
    """The request makes no sense as it stands."""


class NotFoundError(Error):
    """No such folder, photo, face, person or decision."""


class BusyError(Error):
    """Another process scans, or holds the gallery; nothing was changed, try again later."""


class ConflictError(Error):
    """A later decision changed the same thing. The message names it: take that one back first."""


class UnavailableError(Error):
    """A model or an optional package is missing, damaged, or its licence is not accepted yet."""


@contextmanager
def translated() -> Generator[None]:
    """Errors of the layers below leave as those above, with the same words."""
    try:
        yield
    except Exception as e:
        public = _public(e)
        if public is None:
            raise
        raise public(str(e)) from e


def _public(e: Exception) -> type[Error] | None:
    """The first that fits; None for what is not ours to name. Imported late: where nothing fails it costs nothing."""
    from iconface_core import errors as core

    from .. import errors as app

    table: tuple[tuple[tuple[type[Exception], ...], type[Error]], ...] = (
        ((app.NotFoundError, app.UnknownIdError), NotFoundError),
        ((app.BusyError, app.GalleryBusyError), BusyError),
        ((app.ConflictError,), ConflictError),
        ((app.UsageError, app.UnusableNameError, app.OthersDecisionError), RequestError),
        ((core.BackendUnavailableError, core.WeightsError, core.LicenceNotAcceptedError), UnavailableError),
        ((app.AppError, app.GalleryError, core.IconFaceError), Error),
    )
    return next((public for kinds, public in table if isinstance(e, kinds)), None)
