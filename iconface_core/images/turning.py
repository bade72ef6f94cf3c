"""EXIF orientations of arrays, as views: nothing is copied."""

from typing import Any

from numpy.typing import NDArray


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A picture (H, W) or (H, W, C) as it lies in its file, turned as its EXIF `orientation` (1..8) says."""
    if orientation >= 5:
        stored = stored.swapaxes(0, 1)
    if orientation in {3, 4, 7, 8}:
        stored = stored[::-1]
    if orientation in {2, 3, 6, 7}:
        stored = stored[:, ::-1]
    return stored


def laid_down(picture: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The inverse of `upright`: an upright picture as it lies in a file of this orientation."""
    return upright(picture, {6: 8, 8: 6}.get(orientation, orientation))
