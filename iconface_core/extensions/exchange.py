"""What goes in and out of a gallery for other programs: names that they know, and people and faces that iconface knows.

Structural protocols: an implementation needs no base class, and imports nothing but the value types below.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Box = tuple[float, float, float, float]
Standing = Literal["shown", "hidden", "ignored"]


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A name that another program gave to somebody in a photo. `region` is left, top, width and height as shares, 0..1,
    of the upright picture; None: somebody in it, nobody knows who of them.

    `otherwise` is the region again for a writer with the other habit: some measure the picture as it is stored, some as
    it is seen, and files do not say which. The faces found in the photo decide; None: there is nothing to decide.
    `standing`: a `hidden` person is out of that program's lists; an `ignored` face is nobody's there, and then `name`
    is empty."""

    photo: Path
    name: str
    region: Box | None = None
    otherwise: Box | None = None
    standing: Standing = "shown"


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file that should hold names and could not be read. `why` is what its reader said."""

    path: Path
    why: str


class NameSource(Protocol):
    """Where names of people come from: the metadata of photos, another program's database."""

    @property
    def name(self) -> str:
        """What users write for it."""
        ...

    @property
    def title(self) -> str:
        """For lists."""
        ...

    def read(self, photos: Iterable[Path]) -> Iterator[NamedFace | UnreadFile]:
        """The names that are known for these photos (absolute paths), in any order. Changes nothing on the disk. What
        cannot be read is told and left out."""
        ...


@dataclass(frozen=True, slots=True)
class ExportedPerson:
    """Somebody. `name` and `birth_date` (YYYY-MM-DD) are None when they are unknown."""

    id: int
    name: str | None
    birth_date: str | None
    faces: int
    photos: int


@dataclass(frozen=True, slots=True)
class ExportedFace:
    """A face in a photo. `bbox` is x1, y1, x2, y2 in pixels of the upright photo. `confirmed`: the user said whose it
    is. `captured_at` is camera time, ISO 8601. No vectors: they are biometric data and stay in the gallery."""

    id: int
    photo: Path
    bbox: Box
    person_id: int | None
    person_name: str | None
    confirmed: bool
    captured_at: str | None


class GalleryFacts(Protocol):
    """What an exporter may read, as the gallery was when the export began. People who are hidden or ignored, and what
    is not a face, are left out."""

    def people(self) -> Iterator[ExportedPerson]:
        """Named people first, then by number of faces."""
        ...

    def faces(self) -> Iterator[ExportedFace]:
        """In order of id; those of nobody too."""
        ...


class Exporter(Protocol):
    """Writes what is known of people and faces in a form of another program."""

    @property
    def name(self) -> str:
        """What users write for it."""
        ...

    @property
    def title(self) -> str:
        """For lists."""
        ...

    def export(self, facts: GalleryFacts, out: Path) -> None:
        """Write to `out`, which does not exist yet: a file or a folder, as the form wants it. Raises OSError."""
        ...
