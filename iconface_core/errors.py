"""Error tree of the core. Every message names the path or id and the way out.

* IconFaceError
  x ImageReadError        the file is not a picture we can decode
    + ImageTooLargeError  more pixels than the limit allows
  x ImageWriteError       the output could not be written; nothing was left behind
  x WeightsError          a model file is missing, damaged, or not the pinned one
    + UnsupportedCheckpointError  no known variant matches these keys
  x BackendUnavailableError  an optional dependency or model file is not installed
  x LicenceNotAcceptedError  the backend's licence must be accepted once
  x UnusableOutputError   what a restorer gave is no picture of the face
  x PackError             a training pack cannot be made, or is not what its manifest says
  x TrainConfigError      a training configuration says something it cannot
  x TrainingError         a training run cannot start or go on
    + DivergedError       a loss or gradient is no longer a number
"""

from .reasons import Reason


class IconFaceError(Exception):
    """Base class of every error this package raises on purpose. `reason` is what front ends find words for, where the
    error has one; the message is for logs and for who calls this as a library."""

    def __init__(self, message: str = "", reason: Reason | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class ImageReadError(IconFaceError):
    """The file is not an image we can decode."""


class ImageTooLargeError(ImageReadError):
    """More pixels than the configured limit."""


class ImageWriteError(IconFaceError):
    """The output could not be written; no partial file remains."""


class WeightsError(IconFaceError):
    """A model file is missing, damaged, or not the pinned one."""


class UnsupportedCheckpointError(WeightsError):
    """No known variant matches these keys."""


class BackendUnavailableError(IconFaceError):
    """An optional dependency or model file of this backend is not installed."""


class LicenceNotAcceptedError(IconFaceError):
    """The backend's licence must be accepted once before it is used."""


class UnusableOutputError(IconFaceError):
    """What a restorer gave is no picture of the face: not a number, of another shape, of one colour."""


class PackError(IconFaceError):
    """A training pack cannot be made, or is not what its manifest says."""


class TrainConfigError(IconFaceError):
    """A training configuration is unreadable, has unknown keys or contradicts itself."""


class TrainingError(IconFaceError):
    """A training run cannot start or go on."""


class DivergedError(TrainingError):
    """A loss or gradient is no longer a number; the last good state is kept."""
