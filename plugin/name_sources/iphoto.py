"""An iPhoto or Aperture library: its `Library.apdb` and `Faces.db`, named faces that nobody rejected there.

Places are the corners of a face as shares of the original, measured from the lower left; which corner is which depends
on how the original lies. The form of the tables is that which osxphotos and iphoto2xmp read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import Box, readings

from ..photo_places import Places
from .copied_database import columns, copied
from .metadata import orientation, placed

TITLE = "people of an iPhoto or Aperture library"
_CORNERS = 4
_MASTERS = "SELECT uuid, imagePath, {size} FROM RKMaster WHERE coalesce(isInTrash, 0) = 0"
_FACES = """
    SELECT face.masterUuid, coalesce(nullif(person.fullName, ''), person.name),
           face.topLeftX, face.topRightX, face.bottomLeftX, face.bottomRightX,
           face.topLeftY, face.topRightY, face.bottomLeftY, face.bottomRightY
    FROM RKDetectedFace face
    JOIN RKFaceName person ON person.faceKey = face.faceKey
    WHERE coalesce(face.rejected, 0) = 0 AND coalesce(face."ignore", 0) = 0
      AND coalesce(nullif(person.fullName, ''), person.name, '') != ''
    ORDER BY face.modelId
"""


@dataclass(frozen=True, slots=True)
class IPhoto:
    """`path`: the library (`.photolibrary`, `.aplibrary`, or a folder called iPhoto Library). Photos are known in the
    library itself (`Masters/`), or elsewhere by name and size."""

    path: Path
    name: str = "iphoto"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises DatabaseUnreadableError."""
        places = Places(photos)
        databases = self.path / "Database" / "apdb"
        with copied(databases / "Library.apdb", ("RKMaster",)) as library:
            size = "fileSize" if "fileSize" in columns(library, "RKMaster") else "NULL"
            masters = {uuid: more for uuid, *more in library.execute(_MASTERS.format(size=size))}
        with copied(databases / "Faces.db", ("RKDetectedFace", "RKFaceName")) as faces:
            for uuid, who, *corners in faces.execute(_FACES):
                if uuid in masters:
                    path, size = masters[uuid]
                    original = self.path / "Masters" / str(path)
                    photo = places.find(original, size if isinstance(size, int) else None)
                    yield _face(photo, original, str(who).strip(), corners)


def _face(photo: Path | None, original: Path, who: str, corners: list[object]) -> NamedFace:
    numbers = [float(c) for c in corners if isinstance(c, int | float)]
    if photo is None or len(numbers) < 2 * _CORNERS:
        return NamedFace(photo or original, who)
    xs, ys = numbers[:_CORNERS], numbers[_CORNERS:]
    box: Box = (min(xs), 1 - max(ys), max(xs) - min(xs), max(ys) - min(ys))
    return placed(photo, who, *readings(box, orientation(photo), stored=True))
