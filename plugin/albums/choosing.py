"""What an album of a person shows: photos, restored copies and names. Reads the gallery and asks the disk what is
there; no picture is decoded."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter, FaceRecord, PersonSummary, PhotoRecord, RestorationRecord
from gallery_db.restorations.repository import SAME_FACE_IOU
from iconface_core.boxes import iou
from iconface_core.images.formats import content_hash
from iconface_core.reason_codes import FILE_MISSING
from iconface_core.reasons import Reason
from iconface_core.types import BBox

from ..error_reasons import reason_of
from ..languages import _
from ..reasons import CHANGED_SINCE, FOLDER_OFFLINE
from ..restoring.presence import copy_is_there

UNDATED = 12
"""How many photos without a date are shown at least: old prints seldom have one."""


@dataclass(frozen=True, slots=True)
class AlbumPhoto:
    """One photo of the person. Boxes are in pixels of the upright photo.

    `restored` is the copy in which this face is restored. `beside` are the names of the others in it, from left to
    right. `strangers` are the faces of those who have no name, or were hidden, ignored or forgotten: with any of them
    in it, only the person is shown.
    """

    photo: PhotoRecord
    face: BBox
    restored: RestorationRecord | None
    beside: tuple[str, ...]
    strangers: tuple[BBox, ...]

    @property
    def year(self) -> str:
        """ "1962", or "" for a photo without a date."""
        return _year(self.photo.captured_at)


@dataclass(frozen=True, slots=True)
class Album:
    """The photos in order of time, undated ones last; `cover` has the face that stands for the person, None when its
    photo is not there. `left_out`: path of each photo that would have been shown, to the reason why it is not."""

    person: PersonSummary
    cover: AlbumPhoto | None
    photos: tuple[AlbumPhoto, ...]
    left_out: dict[str, Reason]

    @property
    def called(self) -> str:
        """The name, or words for somebody without one."""
        return self.person.name or _("Person {number}", number=self.person.id)

    @property
    def span(self) -> tuple[str | None, str | None]:
        """The capture dates of the first and the last dated photo."""
        dates = [p.photo.captured_at for p in self.photos if p.photo.captured_at is not None]
        return (dates[0], dates[-1]) if dates else (None, None)

    @property
    def company(self) -> list[str]:
        """Who else is named in it, most often first."""
        return [name for name, _photos in Counter(name for p in self.photos for name in p.beside).most_common()]


def choose_album(tx: Tx, person: PersonSummary, *, per_year: int) -> Album:
    """Of every year the `per_year` clearest photos, and all that were restored; of undated ones at least `UNDATED`. Of
    copies of one picture the clearest is shown."""
    faces = tx.faces.find(FaceFilter(person_id=person.id))
    photos = tx.photos.by_ids(f.photo_id for f in faces)
    chooser = _Chooser(tx, photos, restored_copies(tx, faces, photos))
    years: dict[str, list[FaceRecord]] = defaultdict(list)
    for face in faces:
        years[_year(face.captured_at)].append(face)
    chosen = [
        photo
        for year in sorted(years, key=lambda y: (not y, y))
        for photo in chooser.take(years[year], per_year if year else max(per_year, UNDATED))
    ]
    cover = next((f for f in faces if f.id == person.cover_face_id), None)
    there = cover is not None and chooser.why_not(photos[cover.photo_id]) is None
    return Album(person, chooser.shown(cover) if cover and there else None, tuple(chosen), chooser.left_out)


def restored_copies(
    tx: Tx, faces: Sequence[FaceRecord], photos: Mapping[int, PhotoRecord]
) -> dict[int, RestorationRecord]:
    """Face id to the copy in which it is restored, as far as that is still there: the one that was accepted, else the
    latest. What the identity check refused and nobody accepted is none."""
    done: dict[str, list[RestorationRecord]] = defaultdict(list)
    for record in tx.restorations.history(states=("done",)):
        if record.verdict != "refused" or record.decided == "accepted":
            done[record.input_sha256].append(record)
    found: dict[int, RestorationRecord] = {}
    for face in faces:
        same = [r for r in done.get(photos[face.photo_id].content_hash, ()) if _is_of(r, face) and _same_size(r)]
        best = sorted(same, key=lambda r: (r.decided == "accepted", r.id), reverse=True)
        copy = next((r for r in best if copy_is_there(r)), None)
        if copy is not None:
            found[face.id] = copy
    return found


def _is_of(record: RestorationRecord, face: FaceRecord) -> bool:
    """By the face's id, or by its place: a face got another id when its photo was indexed again."""
    if record.face_id is not None:
        return record.face_id == face.id
    return record.bbox is not None and iou(record.bbox, face.bbox) > SAME_FACE_IOU


def _same_size(record: RestorationRecord) -> bool:
    """Whether the photo's boxes are the copy's too: an enlarged one has others."""
    return int(record.options.get("enlarge", 1)) == 1


def _year(captured_at: str | None) -> str:
    return (captured_at or "")[:4]


class _Chooser:
    """Takes photos of one person; `left_out` are those that it could not take."""

    def __init__(self, tx: Tx, photos: Mapping[int, PhotoRecord], copies: Mapping[int, RestorationRecord]) -> None:
        self._tx, self._photos, self._copies = tx, photos, copies
        self._names = {p.id: p.name for p in tx.people.find(named=True) if p.name}
        self._offline = {r.id: r.path for r in tx.roots.all() if not (r.online and Path(r.path).is_dir())}
        self._pictures = tx.photos.pictures(photos)
        self._taken: set[int] = set()
        self._contents: set[str] = set()
        self.left_out: dict[str, Reason] = {}

    def take(self, faces: Sequence[FaceRecord], most: int) -> list[AlbumPhoto]:
        """The `most` clearest of these faces, and all that were restored, in order of time."""
        out: list[AlbumPhoto] = []
        for face in sorted(faces, key=lambda f: (-(f.quality or 0.0), f.id)):
            photo = self._photos[face.photo_id]
            if photo.id in self._taken or photo.content_hash in self._contents:
                continue
            if len(out) >= most and face.id not in self._copies:
                continue
            if (why := self.why_not(photo)) is not None:
                self.left_out[photo.path] = why
                continue
            out.append(self.shown(face))
            at = None if photo.captured_at is None else datetime.fromisoformat(photo.captured_at)
            self._taken |= {photo.id, *self._pictures.like(photo.perceptual_hash, at).tolist()}
            self._contents.add(photo.content_hash)
        return sorted(out, key=lambda p: (p.photo.captured_at or "", p.photo.id))

    def shown(self, face: FaceRecord) -> AlbumPhoto:
        """The photo of a face, with those who are in it."""
        inside = self._tx.faces.find(FaceFilter(photo_id=face.photo_id, states=None))
        others = sorted((f for f in inside if f.person_id != face.person_id), key=lambda f: f.bbox.x1)
        names = {
            f.id: self._names[f.person_id]
            for f in others
            if f.person_id in self._names and f.state in ("ok", "doubtful")
        }
        strangers = tuple(f.bbox for f in others if f.id not in names)
        beside = tuple(dict.fromkeys(names.values()))
        return AlbumPhoto(self._photos[face.photo_id], face.bbox, self._copies.get(face.id), beside, strangers)

    def why_not(self, photo: PhotoRecord) -> Reason | None:
        """Why a photo cannot be shown as the gallery knows it; None when it can."""
        if photo.root_id in self._offline:  # not even asked: a share that is gone may hang
            return FOLDER_OFFLINE(path=self._offline[photo.root_id])
        if photo.state != "indexed":
            return photo.reason or FILE_MISSING()
        path = Path(photo.path)
        try:
            stat = path.stat()
            same = (stat.st_size, stat.st_mtime_ns) == (photo.size, photo.mtime_ns)
            return None if same or content_hash(path) == photo.content_hash else CHANGED_SINCE()
        except OSError as e:
            return reason_of(e)
