"""What is too large to be held beside the photo it goes into: it waits in a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Self

import numpy as np

from iconface_core.types import Patch, RgbU8

_KEPT_IN_MEMORY = 60_000_000  # bytes: 20 megapixels


def waiting_room(folder: Path) -> IO[bytes]:
    """An empty file without a name where a copy is going to be: in `folder`, or where that will be made. What is small
    stays in memory. Raises OSError."""
    there = next((p for p in (folder, *folder.parents) if p.is_dir()), folder)
    return SpooledTemporaryFile(_KEPT_IN_MEMORY, dir=str(there))


@dataclass(frozen=True, slots=True, eq=False)
class StoredPatch(Patch):
    """A whole photo in `file`, RGB, row after row; `pixels` stays empty. The file is the caller's to close."""

    file: IO[bytes]

    @classmethod
    def of(cls, rows: Iterable[RgbU8], file: IO[bytes]) -> Self:
        """Store the rows (N, W, 3) of a photo, some after others from its top, in an empty file. Raises OSError."""
        height = width = 0
        for some in rows:
            file.write(np.ascontiguousarray(some).data)
            height, width = height + some.shape[0], some.shape[1]
        return cls((0, 0, width, height), np.empty((0, width, 3), np.uint8), file)

    def check_inside(self, shape: tuple[int, ...]) -> None:
        """As `Patch`."""
        if shape != (self.region[3], self.region[2], 3):
            raise ValueError(f"a photo of {self.region[2]} x {self.region[3]} is not one of {shape[1]} x {shape[0]}")

    def put_into(self, strip: RgbU8, top: int = 0, left: int = 0) -> None:
        """As `Patch`; the rows are read. Raises OSError."""
        _, _, width, height = self.region
        first, last = max(0, top), min(height, top + strip.shape[0])
        if first < last:
            self.file.seek(3 * width * first)
            data = self.file.read(3 * width * (last - first))
            pixels = np.frombuffer(data, np.uint8).reshape(last - first, width, 3)
            Patch((0, first, width, last), pixels).put_into(strip, top, left)
