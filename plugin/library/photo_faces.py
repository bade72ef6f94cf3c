"""The faces of one photo, whether the library knows it or not: what `references` and `restore` work on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import FaceRecord, PhotoRecord
from iconface_core.calibration import Calibration
from iconface_core.faces.damage_facts import CLEAR_QUALITY
from iconface_core.images.date_span import stored_span
from iconface_core.images.perceptual_hash import perceptual_hash
from iconface_core.images.read import Photo, content_hash
from iconface_core.protocols import DamagedFaceEmbedder
from iconface_core.types import DetectedFace, EmbedderId, FaceEmbedding, Guess

from ..errors import NotFoundError
from ..models.cache import ModelSlot
from ..paths import printable
from ..reasons import FACES_GONE, IN_FILE, IS_FOLDER, NO_FACE, NO_SUCH_FACE, PHOTO_MISSING
from .indexing import Indexer, crops_at
from .photo_reader import PhotoReader
from .points import detection_of


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFace:
    """One face that is to be identified or restored. `face_id` and `photo_id` are None outside the library; `number`
    counts the faces of the photo from the left, from 1. `face` is in full upright pixels, and `size` the photo's
    (width, height) in them, (0, 0) when not known. `guess`: of a damaged face that nobody confirmed, what to
    identify it by; None: `embedding` serves. `roughly`: `captured_at` is the middle of what somebody says, and no day.
    `perceptual_hash`: what the photo looks like, None when not known."""

    path: Path
    content_hash: str
    number: int
    face: DetectedFace
    embedding: FaceEmbedding
    quality: float
    face_id: int | None = None
    photo_id: int | None = None
    person_id: int | None = None
    confirmed: bool = False
    captured_at: datetime | None = None
    roughly: bool = False
    guess: Guess | None = None
    size: tuple[int, int] = (0, 0)
    perceptual_hash: bytes | None = None


class PhotoFaces:
    """Finds the faces of a photo: from the gallery when the file is unchanged since it was indexed, else by looking."""

    def __init__(
        self,
        gallery: Gallery,
        indexer: Indexer,
        embedder: EmbedderId,
        calibration: Calibration,
        reader: PhotoReader,
        *,
        damaged: ModelSlot[DamagedFaceEmbedder] | None = None,
    ) -> None:
        """`damaged`: who knows `embedder`'s faces through damage, None where nobody does."""
        self._gallery, self._indexer = gallery, indexer
        self._embedder, self._calibration = embedder, calibration
        self.reader, self._damaged = reader, damaged

    def find(self, path: Path) -> tuple[Photo, list[PhotoFace]]:
        """Read a photo in full and return it with its faces, left to right.

        Raises NotFoundError when there is no such file, ImageReadError when it is not a picture.
        """
        if path.is_dir():
            raise NotFoundError(IS_FOLDER(path=printable(path)))
        if not path.is_file():
            raise NotFoundError(IN_FILE(path=printable(path), why=PHOTO_MISSING()))
        self.reader.check(path)
        digest = content_hash(path)
        photo = self.reader.read(path)
        with self._gallery.begin(write=False) as tx:
            row = tx.photos.by_path(str(path))
            known = row is not None and row.content_hash == digest and row.state == "indexed"
            faces = tx.faces.of_photo(row.id) if row is not None and known else None
            embeddings = {} if faces is None else {f.id: tx.faces.embedding(f.id, self._embedder) for f in faces}
        if row is None or faces is None:
            subjects = self._look(path, digest, photo)
        else:
            subjects = self._from_gallery(path, photo, row, faces, embeddings)
        look = perceptual_hash(photo.pixels)
        return photo, self._guessed(photo, [replace(s, perceptual_hash=look) for s in subjects])

    def _guessed(self, photo: Photo, subjects: list[PhotoFace]) -> list[PhotoFace]:
        """The subjects, those too damaged for the embedder with a guess of what it would say of the clean face."""
        asked = [s for s in subjects if not s.confirmed and s.quality < CLEAR_QUALITY]
        if self._damaged is None or not asked:
            return subjects
        with self._damaged.use() as damaged:
            crops = zip(*(crops_at(photo, [s.face for s in asked], view) for view in damaged.views), strict=True)
            guesses = damaged.embed(list(crops), [s.embedding for s in asked])
        guess = {s.number: g for s, g in zip(asked, guesses, strict=True)}
        return [replace(s, guess=guess.get(s.number)) for s in subjects]

    def _look(self, path: Path, digest: str, photo: Photo) -> list[PhotoFace]:
        size = photo.width, photo.height
        found = sorted(self._indexer.faces_of(photo), key=lambda f: f.face.bbox.x1)
        return [
            PhotoFace(
                path, digest, n, f.face, f.embeddings[0], f.quality or 0.0, captured_at=camera_time(photo), size=size
            )
            for n, f in enumerate(found, 1)
        ]

    def _from_gallery(
        self,
        path: Path,
        photo: Photo,
        row: PhotoRecord,
        faces: list[FaceRecord],
        embeddings: dict[int, FaceEmbedding | None],
    ) -> list[PhotoFace]:
        out: list[PhotoFace] = []
        span = stored_span(row.dated)
        for number, record in enumerate(faces, 1):
            if record.state not in ("ok", "doubtful"):
                continue
            face = detection_of(record)
            embedding = embeddings[record.id] or self._indexer.embed_at(photo, [face])[0]
            quality = float(self._calibration.quality(embedding.norm))
            subject = PhotoFace(path, row.content_hash, number, face, embedding, quality, record.id, row.id)
            out.append(
                replace(
                    subject,
                    person_id=record.person_id,
                    confirmed=record.confirmed,
                    captured_at=photo.captured_at if span is None else _time(row.captured_at),
                    roughly=span is not None and not span.exact,
                    size=(photo.width, photo.height),
                )
            )
        return out


def _time(at: str | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat(at)


def camera_time(photo: Photo) -> datetime | None:
    """The capture date as the gallery keeps it: what the camera's clock showed, without a zone."""
    return None if photo.captured_at is None else photo.captured_at.replace(tzinfo=None)


def pick(subjects: list[PhotoFace], number: int | None, path: Path, *, face_ids: Sequence[int] = ()) -> list[PhotoFace]:
    """All faces, the ones with these gallery ids, or the one with this number. Raises NotFoundError, telling how many
    there are."""
    if not subjects:
        raise NotFoundError(IN_FILE(path=printable(path), why=NO_FACE()))
    if face_ids:
        known = [s for s in subjects if s.face_id in face_ids]
        if not known:
            raise NotFoundError(FACES_GONE(path=printable(path), face_ids=tuple(face_ids)))
        return known
    if number is None:
        return subjects
    chosen = [s for s in subjects if s.number == number]
    if not chosen:
        numbers = tuple(s.number for s in subjects)
        raise NotFoundError(NO_SUCH_FACE(path=printable(path), number=number, known=numbers))
    return chosen
