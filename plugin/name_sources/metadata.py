"""Names in photos and in the sidecars beside them: what digiKam, Lightroom, Windows Photo Gallery, Mylio, ACDSee, Apple
and many others write as XMP."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iconface_core.errors import ImageReadError
from iconface_core.extensions.exchange import NamedFace, UnreadFile
from iconface_core.images import regions
from iconface_core.images.header import read_header
from iconface_core.images.sidecars import sidecars
from iconface_core.images.xmp import parse_packet

TITLE = "names in photos and their sidecars (digiKam, Lightroom, Windows, Mylio, ACDSee, ...)"
_AGREE = 0.02
"""Shares of the picture by which two writings of one place may differ: some programs round to two digits."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Of the photos below `path`."""

    path: Path = Path()
    name: str = "metadata"
    title: str = TITLE

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """As promised by `NameSource`."""
        for photo in photos:
            if self.path == Path() or photo.is_relative_to(self.path):
                yield from _of_photo(photo)


def _of_photo(photo: Path) -> Iterator[NamedFace | UnreadFile]:
    try:
        header = read_header(photo)
    except (ImageReadError, OSError) as e:
        yield UnreadFile(photo, str(e))
        return
    packets = [(photo, header.xmp)] if header.xmp else []
    said: dict[NamedFace, None] = {}
    people: dict[str, None] = {}
    for path, packet in [*packets, *sidecars(photo)]:
        rdf = parse_packet(packet)
        if rdf is None:
            yield UnreadFile(path, "its XMP is damaged")
            continue
        said |= dict.fromkeys(_placed_names(photo, regions.read_regions(rdf), header.orientation))
        people |= dict.fromkeys(regions.read_people(rdf))
    yield from said
    placed = {face.name for face in said}
    yield from (NamedFace(photo, name) for name in people if name not in placed)


def _placed_names(photo: Path, found: Sequence[regions.Region], orientation: int) -> Iterator[NamedFace]:
    """Names with their places. Where the two standards stand side by side and agree on somebody, they also say by which
    habit the file was written: Microsoft's is always about the upright picture."""
    habits = {_habit(a, b, orientation) for a in found if a.stored for b in found if not b.stored and a.name == b.name}
    for region in found:
        if region.by == regions.GROUPED:
            continue
        first, other = regions.readings(region.box, orientation, stored=region.stored)
        if region.stored and habits == {"upright"}:
            first, other = region.box, None
        elif habits in ({"stored"}, {"upright"}):
            other = None
        yield placed(photo, region.name, first, other)


def _habit(mwg: regions.Region, microsoft: regions.Region, orientation: int) -> str:
    for habit, box in (("stored", regions.turned_box(mwg.box, orientation)), ("upright", mwg.box)):
        if max(abs(a - b) for a, b in zip(box, microsoft.box, strict=True)) < _AGREE:
            return habit
    return "neither"


def placed(photo: Path, name: str, first: regions.Box, other: regions.Box | None = None) -> NamedFace:
    """A name with its place; of a place outside of the picture only the name is left."""
    inside = regions.clipped(first)
    beside = None if other is None else regions.clipped(other)
    return NamedFace(photo, name, inside or beside, beside if inside else None)


def orientation(photo: Path) -> int:
    """How it lies (EXIF, 1..8); 1 where it cannot be read, which a scan tells."""
    try:
        return read_header(photo).orientation
    except (ImageReadError, OSError):
        return 1
