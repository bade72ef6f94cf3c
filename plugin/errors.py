"""Errors of the application, each with the exit code it ends a command with (documented in docs/cli.md).

4 and 5 are no errors of their own: `restore_result.exit_code` reads them off the results.

* AppError             1  something failed
  x UsageError         2  the request makes no sense as it stands
  x NotFoundError      3  no such photo, face or person; or a photo without a face
  x BusyError          6  another process holds the gallery or the scan
"""


class AppError(Exception):
    """Base class; the message is shown to the user as it is."""

    exit_code = 1


class UsageError(AppError):
    """The request makes no sense as it stands."""

    exit_code = 2


class NotFoundError(AppError):
    """No such photo, face or person; or a photo without a face."""

    exit_code = 3


class BusyError(AppError):
    """Another process holds the gallery or the scan; try again later."""

    exit_code = 6
