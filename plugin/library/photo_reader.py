"""One way to read a photo in full, within the limits that the settings set."""

from dataclasses import dataclass
from pathlib import Path

from iconface_core.images.read import Photo, check_photo, read_photo


@dataclass(frozen=True, slots=True)
class PhotoReader:
    """`max_pixels`: more than that is refused (`max_megapixels`). `full_pixels`: more than that is too large to be held
    in full, hence to be restored (`full_megapixels`)."""

    max_pixels: int
    full_pixels: int

    def check(self, path: Path) -> None:
        """Raises ImageReadError for what `read` would refuse by its first bytes and its size, without decoding it."""
        check_photo(path, max_pixels=self.max_pixels)

    def read(self, path: Path) -> Photo:
        """The whole photo, upright. Raises ImageReadError."""
        return read_photo(path, max_pixels=self.max_pixels, full_pixels=self.full_pixels)
