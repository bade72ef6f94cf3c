"""A Lightroom Classic catalogue (`.lrcat`): faces with the name that somebody gave or agreed to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images.regions import readings

from ..photo_places import Places, foreign
from .copied_database import copied
from .metadata import orientation, placed

TITLE = "people of a Lightroom Classic catalogue (.lrcat)"
_TABLES = (
    "AgLibraryFace", "AgLibraryKeywordFace", "AgLibraryKeyword", "AgLibraryFile", "AgLibraryFolder",
    "AgLibraryRootFolder", "Adobe_images",
)  # fmt: skip
_FACES = """
    SELECT root.absolutePath || folder.pathFromRoot || file.baseName || '.' || file.extension,
           keyword.name, face.tl_x, face.tl_y, face.br_x, face.br_y
    FROM AgLibraryFace face
    JOIN AgLibraryKeywordFace named ON named.face = face.id_local
    JOIN AgLibraryKeyword keyword ON keyword.id_local = named.tag
    JOIN Adobe_images image ON image.id_local = face.image
    JOIN AgLibraryFile file ON file.id_local = image.rootFile
    JOIN AgLibraryFolder folder ON folder.id_local = file.folder
    JOIN AgLibraryRootFolder root ON root.id_local = folder.rootFolder
    WHERE coalesce(named.userReject, 0) = 0 AND coalesce(named.userPick, 0) != 0 AND keyword.name IS NOT NULL
    ORDER BY face.id_local
"""


@dataclass(frozen=True, slots=True)
class Lightroom:
    """`path`: the catalogue."""

    path: Path
    name: str = "lightroom"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises DatabaseUnreadableError."""
        places, turn = Places(photos), cache(orientation)  # a photo may have many faces
        with copied(self.path, _TABLES) as database:
            for file, name, x1, y1, x2, y2 in database.execute(_FACES):
                path = foreign(str(file))
                photo = places.find(path) or Path(path)
                corners = (x1, y1, x2, y2)
                if not all(isinstance(c, float | int) for c in corners):
                    yield NamedFace(photo, str(name))
                    continue
                box = (min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))
                first, other = readings(box, turn(photo), stored=True)
                yield placed(photo, str(name), first, other)
