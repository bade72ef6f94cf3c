"""Look at one photo file: hash, decode, detect, align, embed. No database here, so any number of threads may look.

`Seen` is what one look found; `store` writes it in the caller's transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from gallery_db.gallery import Tx
from gallery_db.records import FaceChanges, FoundFace
from iconface_core.geometry import ARCFACE_112, Template, align_face
from iconface_core.images.perceptual_hash import perceptual_hash
from iconface_core.images.provenance import is_restored_output
from iconface_core.images.read import Photo, check_photo, content_hash
from iconface_core.protocols import FaceDetector, FaceEmbedder
from iconface_core.reasons import Reason
from iconface_core.types import AlignedFace, DetectedFace, EmbedderId, FaceEmbedding

from ..models.cache import ModelSlot
from .bad_files import is_no_fault_of, why_unreadable
from .degradation import measured
from .disk import FoundFile, vanished
from .finding import SMALL, find_faces, read_detailed, read_reduced
from .still_there import Before, still_there

Looking = Callable[[Path, bool], None]
"""Told the file, and True when a look at it begins, False when it ends."""


def untold(path: Path, begins: bool) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, eq=False)
class FileLook:
    """What a look at one file found. Exactly one of these holds: `moved_from` (a known photo under a new name), `gone`
    (by now), `restored` (our own output), `failure` (why it cannot be read), or `photo` with its faces.

    `content_hash` is empty for what is not a photo, and None when the file could not be read to its end."""

    file: FoundFile
    content_hash: str | None = ""
    moved_from: int | None = None
    gone: bool = False
    restored: bool = False
    failure: Reason | None = None
    photo: Photo | None = None
    faces: tuple[FoundFace, ...] = ()
    perceptual_hash: bytes | None = None


class Indexer:
    """Runs the models over photos. `max_pixels` guards against decompression bombs; `reduce_to` is the long side, in
    pixels, that is enough to find faces. `looking` is told when a look at a file begins and ends, because a broken
    file may kill the process."""

    def __init__(
        self,
        detector: ModelSlot[FaceDetector],
        embedder: ModelSlot[FaceEmbedder],
        *,
        reduce_to: int,
        max_pixels: int,
        looking: Looking = untold,
    ) -> None:
        self._detector, self._embedder = detector, embedder
        self._reduce_to, self._max_pixels = reduce_to, max_pixels
        self._looking = looking

    def look(
        self,
        file: FoundFile,
        moved_from: Callable[[str], int | None],
        known: Callable[[str, EmbedderId], Before | None],
    ) -> FileLook:
        """Never raises for a bad file: the reason is in `Seen.failure`. `moved_from(hash)` names a photo with this
        content whose file is gone, so that a renamed photo is not looked at again. `known(hash, embedder)` is the photo
        as it was before it was edited, if somebody decided about its faces."""
        path = Path(file.path)
        self._looking(path, True)
        try:
            return self._look(path, file, moved_from, known)
        finally:
            self._looking(path, False)

    def _look(
        self,
        path: Path,
        file: FoundFile,
        moved_from: Callable[[str], int | None],
        known: Callable[[str, EmbedderId], Before | None],
    ) -> FileLook:
        try:
            check_photo(path, max_pixels=self._max_pixels)  # before all of it is read: it may have terabytes
            digest = content_hash(path)
        except Exception as e:
            return _unreadable(file, e)
        old = moved_from(digest)
        if old is not None:
            return FileLook(file, digest, moved_from=old)
        try:
            if is_restored_output(path):
                return FileLook(file, digest, restored=True)
            with self._detector.use() as detector:
                photo, found = find_faces(path, detector, reduce_to=self._reduce_to, max_pixels=self._max_pixels)
            faces = self.embed(photo, found)
            with self._embedder.use() as embedder:
                before = known(digest, embedder.id)
            if before is not None:
                faces += self._still_there(photo, faces, before)
            look = perceptual_hash(photo.pixels)
            return FileLook(file, digest, photo=photo, faces=tuple(faces), perceptual_hash=look)
        except Exception as e:
            return _unreadable(file, e)

    def read(self, path: Path) -> Photo:
        """The photo as it is looked at first. Raises ImageReadError."""
        return read_reduced(path, reduce_to=self._reduce_to, max_pixels=self._max_pixels)

    def read_for(self, path: Path, faces_full: Sequence[DetectedFace]) -> Photo:
        """The photo as these faces were found: with more pixels where some are small. Raises ImageReadError."""
        photo = self.read(path)
        if any(max(f.bbox.width, f.bbox.height) < SMALL * min(photo.scale) for f in faces_full):
            return self.read_detailed(path)
        return photo

    def read_detailed(self, path: Path) -> Photo:
        """The photo with all its pixels, or as many as are read at once. Raises ImageReadError."""
        return read_detailed(path, max_pixels=self._max_pixels)

    def _still_there(self, photo: Photo, found: Sequence[FoundFace], known: Before) -> list[FoundFace]:
        """Faces that were decided about and that the detector does not see in the edited picture."""
        again = still_there(known, photo, found, lambda faces: self.embed_at(photo, faces))
        with self._embedder.use() as embedder:
            return [FoundFace(f, (e,), float(embedder.calibration.quality(e.norm))) for f, e in again]

    def faces_of(self, photo: Photo) -> list[FoundFace]:
        """Detect and embed every face of a decoded photo; boxes and landmarks are in full upright pixels."""
        with self._detector.use() as detector:
            found = detector.detect(photo.pixels)
        return self.embed(photo, found)

    def embed(self, photo: Photo, found: Sequence[DetectedFace]) -> list[FoundFace]:
        """Embed detections made in `photo.pixels`."""
        with self._embedder.use() as embedder:
            embeddings = embedder.embed([align_face(photo.pixels, f.landmarks, ARCFACE_112) for f in found])
            quality = [float(embedder.calibration.quality(e.norm)) for e in embeddings]
        return [
            FoundFace(photo.full_face(f), (e,), q, measured(photo, f, q))
            for f, e, q in zip(found, embeddings, quality, strict=True)
        ]

    def embed_at(self, photo: Photo, landmarks_full: Sequence[DetectedFace]) -> list[FaceEmbedding]:
        """Embed faces whose boxes are known already, in full upright pixels (re-embedding)."""
        with self._embedder.use() as embedder:
            return embedder.embed(crops_at(photo, landmarks_full))


def crops_at(photo: Photo, faces_full: Sequence[DetectedFace], view: Template = ARCFACE_112) -> list[AlignedFace]:
    """What an embedder looks at of faces known in full upright pixels."""
    x, y = photo.scale
    return [align_face(photo.pixels, ((f.landmarks + 0.5) / (x, y) - 0.5).astype("float32"), view) for f in faces_full]


def _unreadable(file: FoundFile, e: Exception) -> FileLook:
    """What went wrong with one file, or `e` itself where it is not the file's fault."""
    if is_no_fault_of(e):
        raise e
    if vanished(file.path):
        return FileLook(file, gone=True)  # it moved on: what is told of it next says where to
    unread = isinstance(e, OSError) or isinstance(e.__cause__, OSError)  # what is in it nobody has seen
    return FileLook(file, None if unread else "", failure=why_unreadable(e))


class _Where(TypedDict):
    root_id: int | None
    size: int
    mtime_ns: int
    inode: int


def store(tx: Tx, seen: FileLook, root_id: int | None, detector_id: str) -> FaceChanges | None:
    """Write what was seen. The caller's transaction makes photo, faces and vectors land together or not at all.
    Nothing is written of a file that is gone: the caller knows what was there."""
    f = seen.file
    where: _Where = {"root_id": root_id, "size": f.size, "mtime_ns": f.mtime_ns, "inode": f.inode}
    if seen.moved_from is not None:
        tx.photos.move(seen.moved_from, f.path, **where)
        return None
    if seen.gone:
        return None
    if seen.restored:
        tx.photos.mark_restored(f.path, seen.content_hash or "", **where)
        return None
    if seen.photo is None:
        assert seen.failure is not None, "a look finds a photo or says why not"
        tx.photos.mark_failed(f.path, seen.failure, content_hash=seen.content_hash, **where)
        return None
    old = tx.photos.by_path(f.path)
    edited = old is not None and old.content_hash not in ("", seen.content_hash)
    row = tx.photos.upsert(
        f.path,
        seen.content_hash or "",
        width=seen.photo.width,
        height=seen.photo.height,
        captured_at=seen.photo.captured_at,
        format=seen.photo.format,
        detector=detector_id,
        perceptual_hash=seen.perceptual_hash,
        **where,
    )
    was = (old.width, old.height) if old is not None and edited else None
    return tx.faces.replace_for_photo(row.id, seen.faces, was=was)
