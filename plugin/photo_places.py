"""Which photo of the library another program means: it may have seen the folder under another name, or on another
machine."""

from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath


class Places:
    """Photos by path and by file name."""

    def __init__(self, photos: Iterable[Path]) -> None:
        self._by_name: dict[str, list[Path]] = {}
        self._paths = set(photos)
        for photo in sorted(self._paths):
            self._by_name.setdefault(photo.name.casefold(), []).append(photo)

    def find(self, path: PurePath, size: int | None = None) -> Path | None:
        """The photo at `path`; else the one of this name, and of `size` bytes where that is known, whose folders are
        the most alike. None when there is none, or when two are as good: a name for the wrong photo is worse."""
        exact = Path(path)
        if exact in self._paths:
            return exact
        found = self._by_name.get(path.name.casefold(), [])
        if size is not None:
            found = [p for p in found if _size(p) == size]
        alike = sorted(((_alike(p, path), p) for p in found), reverse=True)
        if not alike or (len(alike) > 1 and alike[0][0] == alike[1][0]):
            return None
        return alike[0][1] if size is not None or alike[0][0] >= 2 else None


def foreign(text: str) -> PurePath:
    """A path that was written on another system, perhaps Windows."""
    return PurePosixPath(text.replace("\\", "/"))


def _alike(one: PurePath, other: PurePath) -> int:
    """How many of the last parts are the same; the file name is the first of them."""
    count = 0
    for a, b in zip(reversed(one.parts), reversed(other.parts), strict=False):
        if a.casefold() != b.casefold():
            break
        count += 1
    return count


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
