"""Which photos of an Immich server are those of the library."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..immich_server import ImmichServer, Row, size_of
from ..photo_places import Places, foreign


def find_assets(server: ImmichServer, photos: Iterable[Path]) -> tuple[dict[Path, str], list[Path]]:
    """The server's id of each photo, and those that were edited there. Only its own photos: of those that others share
    it does not say whom they named in them."""
    finder, owner = _Finder(photos), server.user_id()
    found: dict[Path, str] = {}
    edited: list[Path] = []
    for asset in server.assets():
        if asset.get("ownerId", owner) != owner:
            continue
        photo = finder.find(asset)
        if photo is None or photo in found:
            continue
        if asset.get("isEdited"):
            edited.append(photo)
        else:
            found[photo] = asset["id"]
    return found, edited


class _Finder:
    """Which photo here a photo of the server is: by path, by name and size, or by what is in the file."""

    def __init__(self, photos: Iterable[Path]) -> None:
        some = list(photos)
        self._places = Places(some)
        self._by_size: dict[int, list[Path]] = {}
        for path, size in _sizes(some):
            self._by_size.setdefault(size, []).append(path)
        self._sums: dict[Path, str] = {}

    def find(self, asset: Row) -> Path | None:
        """None where there is none, or nothing tells two apart."""
        size = size_of(asset)
        for key in ("originalPath", "originalFileName"):
            text = asset.get(key)
            if isinstance(text, str) and text and (photo := self._places.find(foreign(text), size)) is not None:
                return photo
        same = [p for p in self._by_size.get(size or -1, []) if self._sum(p) == asset.get("checksum")]
        return same[0] if len(same) == 1 else None

    def _sum(self, path: Path) -> str:
        """SHA-1 in base 64, by which Immich knows a file that was uploaded."""
        if path not in self._sums:
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).digest()
            except OSError:
                digest = b""
            self._sums[path] = base64.b64encode(digest).decode()
        return self._sums[path]


def _sizes(photos: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    for path in photos:
        try:
            yield path, path.stat().st_size
        except OSError:
            continue
