"""The error of all checks, and what they share."""

import numpy as np
from numpy.typing import NDArray


class ConformanceError(AssertionError):
    """A backend does not keep what its protocol promises; the message says what, and what was found."""


def expect(true: bool, promise: str) -> None:
    """Raises ConformanceError with the promise that is not kept."""
    if not true:
        raise ConformanceError(promise)


def expect_array(value: object, shape: tuple[int, ...], dtype: type[np.generic], what: str) -> None:
    """Raises ConformanceError unless `value` is a finite array of this shape and type."""
    if not isinstance(value, np.ndarray):
        raise ConformanceError(f"{what} must be a numpy array, not {type(value).__name__}")
    expect(value.shape == shape, f"{what} must have the shape {shape}, not {value.shape}")
    expect(value.dtype == dtype, f"{what} must be {np.dtype(dtype)}, not {value.dtype}")
    expect(bool(np.isfinite(value).all()), f"{what} must be finite")


def frozen(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy that cannot be written to: whoever changes its input is found out where it does."""
    copy = pixels.copy()
    copy.flags.writeable = False
    return copy
