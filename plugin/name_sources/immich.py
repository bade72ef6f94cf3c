"""People of an Immich server, by its API: asked for nothing but names and places, with a key that may be read-only."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from iconface_core.extensions.exchange import NamedFace, Standing, UnreadFile
from iconface_core.images.regions import clipped

from ..immich_server import ImmichServer, Row, box_of, check_access, name_of, size_of
from ..photo_places import Places, foreign

TITLE = "people of an Immich server"


@dataclass(frozen=True, slots=True)
class Immich:
    """`address` is http:// or https://, as in the browser. Nothing is sent to any other server."""

    address: str
    key: str = field(repr=False)
    name: str = "immich"
    title: str = TITLE

    def __post_init__(self) -> None:
        """Raises UsageError for what is no address, and without a key."""
        check_access(self.address, self.key)

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`. Raises ServerError."""
        places = Places(photos)
        with closing(ImmichServer(self.address, self.key)) as server:
            asked: set[str] = set()
            for person in server.people():
                for asset in server.assets(person["id"]):
                    if asset["id"] in asked:
                        continue
                    asked.add(asset["id"])
                    path = foreign(str(asset.get("originalPath") or asset.get("originalFileName") or asset["id"]))
                    photo = places.find(path, size_of(asset))
                    if photo is None:
                        yield NamedFace(Path(path), person["name"])
                        continue
                    for face in server.faces_of(asset["id"]):
                        yield from _named(photo, face)


def _named(photo: Path, face: Row) -> Iterator[NamedFace]:
    person = face.get("person") or {}
    if not (name := name_of(person)):
        return
    box = box_of(face)  # upright, whatever the file's orientation
    standing: Standing = "hidden" if person.get("isHidden") else "shown"
    yield NamedFace(photo, name, None if box is None else clipped(box), standing=standing)
