"""digiKam's database (`digikam4.db`): confirmed people with their places, and faces that were ignored there."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import parse_qs, urlsplit

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import readings

from ..photo_places import Places, foreign
from .copied_database import copied
from .metadata import placed

TITLE = "digiKam's people (digikam4.db)"
_TABLES = ("AlbumRoots", "Albums", "Images", "ImageInformation", "Tags", "TagProperties", "ImageTagProperties")
_FACES = """
    SELECT root.identifier, root.specificPath, album.relativePath, image.name, image.fileSize,
           info.width, info.height, info.orientation, tag.name, place.value,
           EXISTS (SELECT 1 FROM TagProperties p WHERE p.tagid = tag.id AND p.property = 'ignoredPerson')
    FROM ImageTagProperties place
    JOIN Tags tag ON tag.id = place.tagid
    JOIN Images image ON image.id = place.imageid
    JOIN Albums album ON album.id = image.album
    JOIN AlbumRoots root ON root.id = album.albumRoot
    LEFT JOIN ImageInformation info ON info.imageid = image.id
    WHERE place.property = 'tagRegion' AND NOT EXISTS (
        SELECT 1 FROM TagProperties p
        WHERE p.tagid = tag.id AND p.property IN ('unknownPerson', 'unconfirmedPerson'))
    ORDER BY image.id, place.rowid
"""
_NUMBER = re.compile(r'\b(x|y|width|height)="(-?\d{1,9})"')


@dataclass(frozen=True, slots=True)
class DigiKam:
    """`path`: the database, or the folder it is in."""

    path: Path
    name: str = "digikam"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises DatabaseUnreadableError."""
        places = Places(photos)
        file = self.path / "digikam4.db" if self.path.is_dir() else self.path
        with copied(file, _TABLES) as database:
            for row in database.execute(_FACES):
                yield from _face(row, places)


def _face(row: tuple[object, ...], places: Places) -> Iterator[NamedFace]:
    identifier, specific, relative, file, size, width, height, orientation, name, value, ignored = row
    path = _path(str(identifier or ""), str(specific or ""), str(relative or ""), str(file))
    numbers = {key: int(digits) for key, digits in _NUMBER.findall(str(value))}
    if len(numbers) < 4 or not isinstance(width, int) or not isinstance(height, int) or width < 1 or height < 1:
        return
    found = places.find(path, size if isinstance(size, int) and size > 0 else None)
    photo = found or Path(path)
    turn = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    across, down = (height, width) if turn >= 5 else (width, height)
    box = (numbers["x"] / across, numbers["y"] / down, numbers["width"] / across, numbers["height"] / down)
    # Read again as if it were in the pixels as stored, whose sides may have changed places.
    stored = (numbers["x"] / width, numbers["y"] / height, numbers["width"] / width, numbers["height"] / height)
    other = None if turn == 1 else readings(stored, turn, stored=True)[0]
    face = placed(photo, "" if ignored else str(name), box, other)
    if not ignored:
        yield face
    elif face.region is not None:
        yield NamedFace(photo, "", face.region, face.otherwise, "ignored")


def _path(identifier: str, specific: str, relative: str, file: str) -> PurePath:
    """`identifier` is `volumeid:?path=/home/...`, or names a disk by its number; then only the folders are known."""
    at = parse_qs(urlsplit(identifier).query).get("path", [""])[0]
    return foreign("/".join(p.strip("/") if i else p.rstrip("/") for i, p in enumerate((at, specific, relative, file))))
