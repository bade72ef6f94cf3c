"""An Apple Photos library (`.photoslibrary`): its database, as Photos 5 and later keep it, or Photos 1 to 4."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import Box, clipped

from ..photo_places import Places
from .copied_database import columns, copied

TITLE = "people of an Apple Photos library (.photoslibrary)"
_FACES = """
    SELECT asset.ZDIRECTORY, asset.ZFILENAME, more.ZORIGINALFILENAME, more.ZORIGINALFILESIZE,
           coalesce(nullif(person.ZFULLNAME, ''), person.ZDISPLAYNAME),
           face.ZCENTERX, face.ZCENTERY, face.ZSIZE, face.ZSOURCEWIDTH, face.ZSOURCEHEIGHT
    FROM ZDETECTEDFACE face
    JOIN ZPERSON person ON person.Z_PK = face.{person}
    JOIN {asset} asset ON asset.Z_PK = face.{of_asset}
    LEFT JOIN ZADDITIONALASSETATTRIBUTES more ON more.ZASSET = asset.Z_PK
    WHERE asset.ZTRASHEDSTATE = 0 AND coalesce(nullif(person.ZFULLNAME, ''), person.ZDISPLAYNAME, '') != ''
      AND coalesce(face.ZISINTRASH, 0) = 0
    ORDER BY face.Z_PK
"""


_OLD_FACES = """
    SELECT master.imagePath, master.fileSize, person.name,
           face.centerX, face.centerY, face.size, face.sourceWidth, face.sourceHeight
    FROM RKFace face
    JOIN RKPerson person ON person.modelId = face.personId
    JOIN RKVersion version ON version.modelId = face.imageModelId
    JOIN RKMaster master ON master.uuid = version.masterUuid
    WHERE coalesce(version.isInTrash, 0) = 0 AND coalesce(face.isInTrash, 0) = 0 AND coalesce(person.name, '') != ''
    ORDER BY face.modelId
"""


@dataclass(frozen=True, slots=True)
class ApplePhotos:
    """`path`: the library, or its `Photos.sqlite`. Photos are known in the library itself (`originals/`, and before
    Photos 5 `Masters/`), or elsewhere by the name and size they had when they were imported."""

    path: Path
    name: str = "apple-photos"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises DatabaseUnreadableError."""
        places = Places(photos)
        file = self.path / "database" / "Photos.sqlite" if self.path.is_dir() else self.path
        old = file.with_name("photos.db")  # later versions leave one without faces beside the new one
        if old.exists() and not file.exists():
            yield from _old(old, places)
            return
        originals = file.parent.parent / "originals"
        with copied(file, ("ZDETECTEDFACE", "ZPERSON", "ZADDITIONALASSETATTRIBUTES")) as database:
            known = columns(database, "ZDETECTEDFACE")
            query = _FACES.format(
                asset="ZASSET" if columns(database, "ZASSET") else "ZGENERICASSET",
                person="ZPERSON" if "ZPERSON" in known else "ZPERSONFORFACE",
                of_asset="ZASSET" if "ZASSET" in known else "ZASSETFORFACE",
            )
            for folder, name, was, size, who, *place in database.execute(query):
                original = originals / str(folder or "") / str(name)
                photo = places.find(original)
                if photo is None and was and isinstance(size, int):
                    photo = places.find(Path(str(was)), size)
                yield NamedFace(photo or original, str(who).strip(), _region(place))


def _old(file: Path, places: Places) -> Iterator[NamedFace]:
    masters = file.parent.parent / "Masters"
    with copied(file, ("RKFace", "RKPerson", "RKVersion", "RKMaster")) as database:
        for path, size, who, *place in database.execute(_OLD_FACES):
            original = masters / str(path)
            photo = places.find(original, size if isinstance(size, int) else None)
            yield NamedFace(photo or original, str(who).strip(), _region(place))


def _region(place: list[object]) -> Box | None:
    """A square around a centre that is measured upright and from the lower left; its side is a share of the longer
    side of the picture."""
    match place:
        case [int() | float() as x, int() | float() as y, int() | float() as size, int() as width, int() as height]:
            side = size * max(width, height)
            w, h = side / max(width, 1), side / max(height, 1)
            return clipped((x - w / 2, 1 - y - h / 2, w, h))
    return None
