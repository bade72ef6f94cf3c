"""Faces that somebody decided about, in a photo that was edited since: found again where the edit would have put them,
though the detector does not see them any more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gallery_db import Gallery
from gallery_db.records import FaceRecord, FoundFace
from iconface_core.identity.same_faces import FacePosition, same_faces
from iconface_core.images.read import Photo
from iconface_core.types import F32, BBox, DetectedFace, EmbedderId, FaceEmbedding

from .points import detection_of

_STILL = 0.6
"""Cosine to its old vector from which a face is still there: what is cut out at the same place of the same picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """A photo as it was looked at last: (width, height), its faces with their vectors, and which a human touched."""

    size: tuple[int, int]
    faces: tuple[FaceRecord, ...]
    vectors: dict[int, F32]
    touched: frozenset[int]


def before(gallery: Gallery, path: str, content_hash: str, embedder: EmbedderId) -> Before | None:
    """What is known of the photo at `path`; None when it is new, the same, or nobody decided anything about it."""
    with gallery.begin(write=False) as tx:
        row = tx.photos.by_path(path)
        if row is None or row.content_hash in ("", content_hash):
            return None
        faces = tuple(tx.faces.of_photo(row.id))
        touched = tx.faces.touched([f.id for f in faces])
        if not touched:
            return None
        found = {f.id: tx.faces.embedding(f.id, embedder) for f in faces}
    vectors = {i: e.vector for i, e in found.items() if e is not None}
    return Before((row.width, row.height), faces, vectors, touched)


def still_there(
    known: Before,
    photo: Photo,
    found: Sequence[FoundFace],
    embed_at: Callable[[Sequence[DetectedFace]], list[FaceEmbedding]],
) -> list[tuple[DetectedFace, FaceEmbedding]]:
    """The touched faces that are not among `found` but in the picture all the same, in full upright pixels."""
    old = [FacePosition(f.bbox, known.vectors.get(f.id)) for f in known.faces]
    new = [FacePosition(f.face.bbox, f.embeddings[0].vector) for f in found]
    same = same_faces(old, new, known.size, (photo.width, photo.height))
    lost = [
        f
        for j, f in enumerate(known.faces)
        if f.id in known.touched and f.id in known.vectors and j not in same.old_of.values()
    ]
    out: list[tuple[DetectedFace, FaceEmbedding]] = []
    for record in lost:
        places = [edit.face(detection_of(record)) for edit in same.edits]
        places = [p for p in places if _inside(p.bbox, photo)]
        seen = list(zip(places, embed_at(places), strict=True))
        best = max(seen, key=lambda s: float(s[1].vector @ known.vectors[record.id]), default=None)
        if best is not None and float(best[1].vector @ known.vectors[record.id]) >= _STILL:
            out.append(best)
    return out


def _inside(box: BBox, photo: Photo) -> bool:
    """Whether most of the box lies in the picture."""
    width = min(box.x2, photo.width) - max(box.x1, 0.0)
    height = min(box.y2, photo.height) - max(box.y1, 0.0)
    return min(width, height) > 0 and width * height > 0.6 * box.width * box.height
