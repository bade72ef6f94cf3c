"""An Apple Photos library (`.photoslibrary`): its database, read as Photos 5 and later keep it."""

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


@dataclass(frozen=True, slots=True)
class ApplePhotos:
    """`path`: the library, or its `Photos.sqlite`. Photos are known in the library itself (`originals/`), or elsewhere
    by the name and size they had when they were imported."""

    path: Path
    name: str = "apple-photos"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises DatabaseUnreadableError."""
        places = Places(photos)
        file = self.path / "database" / "Photos.sqlite" if self.path.is_dir() else self.path
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


def _region(place: list[object]) -> Box | None:
    """A square around a centre that is measured upright and from the lower left; its side is a share of the longer
    side of the picture."""
    match place:
        case [int() | float() as x, int() | float() as y, int() | float() as size, int() as width, int() as height]:
            side = size * max(width, height)
            w, h = side / max(width, 1), side / max(height, 1)
            return clipped((x - w / 2, 1 - y - h / 2, w, h))
    return None
