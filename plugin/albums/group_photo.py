"""Who is where on one photo: a page to be printed, with a number at each face and the names in rows. Everything is in
the file; it needs no network and no scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord, PhotoRecord
from iconface_core.errors import ImageReadError
from iconface_core.rows import rows_of
from iconface_core.types import BBox

from ..dates import day
from ..errors import NotFoundError
from ..languages import _, number, speaking
from ..offline_page import check_outside_library, data_uri, html_name, target_of, templates, written_whole
from ..paths import printable
from ..reasons import CHANGED_SINCE

if TYPE_CHECKING:
    from ..app import App

PHOTO_PX = 2000
"""Longer side of the photo: 25 cm of paper at 200 pixels an inch."""


@dataclass(frozen=True, slots=True)
class NumberedFace:
    """A face and its number, counted row by row. `name` is None for somebody without one; `sure`: the user said it."""

    number: int
    face_id: int
    box: BBox
    person_id: int | None
    name: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class GroupPhoto:
    """The faces of a photo in rows, the back one first, each from left to right. Boxes are in pixels of the upright
    photo."""

    photo: PhotoRecord
    rows: Sequence[Sequence[NumberedFace]]

    @property
    def faces(self) -> list[NumberedFace]:
        """All of them, by number."""
        return [face for row in self.rows for face in row]


@dataclass(frozen=True, slots=True)
class WrittenGroupPhoto:
    """What was written."""

    path: Path
    group: GroupPhoto


def group_photo(tx: Tx, photo_id: int) -> GroupPhoto:
    """Who is where. People who are hidden or ignored, and faces that are, get no number. Raises UnknownIdError, and
    NotFoundError for a photo without a face."""
    photo = tx.photos.get(photo_id)
    inside = tx.faces.of_photo(photo_id)
    people = {c.id: c for c in tx.browse.cards({f.person_id for f in inside if f.person_id is not None})}
    out_of_sight = {c.id for c in people.values() if c.hidden or c.ignored}
    faces = [f for f in inside if f.state in ("ok", "doubtful") and f.person_id not in out_of_sight]
    if not faces:
        raise NotFoundError(_("There is no face to be named in this photo."))
    rows: list[list[NumberedFace]] = []
    count = 0
    for row in rows_of([f.bbox for f in faces]):
        rows.append([_numbered(faces[i], count + n) for n, i in enumerate(row, 1)])
        count += len(row)
    return GroupPhoto(photo, rows)


def write_group_photo(app: "App", photo: Path, out: Path, *, force: bool, language: str = "en") -> WrittenGroupPhoto:
    """Write the page of a photo of the library to `out`: a file that ends in .html, or a folder, where it is called
    after the photo. `language`: of the page. `force`: replace a file that is there.

    Raises NotFoundError for a photo that the library has not, or nobody is in; ImageReadError, OSError, and UsageError
    for a place that cannot be written to. Then nothing is left behind.
    """
    with app.gallery.begin(write=False) as tx:
        known = tx.photos.by_path(str(photo))
        if known is None:
            raise NotFoundError(f"{printable(photo)} is not in the library; iconface library add its folder, then scan")
        target = target_of(out, html_name(photo.stem, f"photo {known.id}", out), force=force)
        check_outside_library(tx, target)
        group = group_photo(tx, known.id)
    read = app.reader.read(photo, reduce_to=PHOTO_PX)
    if max(abs(read.width - known.width), abs(read.height - known.height)) > 1:  # turning may cost a pixel
        raise ImageReadError(f"{photo}: changed since it was indexed; iconface scan", CHANGED_SINCE())
    with written_whole(target, force=force) as file, speaking(language):
        file.write(group_photo_page(group, data_uri(read.pixels)))
    return WrittenGroupPhoto(target, group)


def group_photo_page(group: GroupPhoto, picture: str) -> str:
    """The page in the language that is spoken. `picture`: the upright photo as an address, of any size."""
    photo = group.photo
    env = templates(__package__)
    # A number is read from arm's length, and hides no neighbour.
    size = min(max(median(f.box.height for f in group.faces) * 0.2, photo.width / 110), photo.width / 40)
    return env.get_template("group_photo.html.j2").render(
        title=day(photo.captured_at) or printable(Path(photo.path).stem),
        photo=photo,
        picture=picture,
        faces=group.faces,
        rows=[(row_words(n, len(group.rows)), row) for n, row in enumerate(group.rows)],
        size=size,
        unsure=any(f.name and not f.sure for f in group.faces),
        nameless=any(f.name is None for f in group.faces),
    )


def row_words(n: int, rows: int) -> str:
    """What row `n` of `rows` is called, counted from 0 at the back."""
    if rows == 1:
        return _("From the left")
    if n == 0:
        return _("Back row, from the left")
    if n == rows - 1:
        return _("Front row, from the left")
    return _("Middle row, from the left") if rows == 3 else _("Row {n} from the back, from the left", n=number(n + 1))


def _numbered(face: FaceRecord, count: int) -> NumberedFace:
    return NumberedFace(count, face.id, face.bbox, face.person_id, face.person_name, face.confirmed)
