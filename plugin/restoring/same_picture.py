"""Copies of the picture a face is in, however damaged or changed. They are not evidence about it."""

from collections.abc import Sequence

import numpy as np

from gallery_db.gallery import Tx
from gallery_db.records import ReferenceRow
from iconface_core.boxes import iou
from iconface_core.grouping import COPY_SIMILARITY
from iconface_core.images.same_picture import Pictures
from iconface_core.types import F32, I64, BBox

from ..library.photo_faces import PhotoFace

_PERHAPS = 0.9  # vectors of a face and of its copy that was saved again, or made smaller, are at least this similar
_SAME_PLACE = 0.8  # overlap of the boxes, each in parts of its picture


def copies_of(tx: Tx, s: PhotoFace, face_ids: I64, photo_ids: I64, vectors: F32, pictures: Pictures) -> frozenset[int]:
    """Those of these faces (`vectors` (N, dim), unit length) that are `s` itself, or beside it, in a copy of its photo:
    of the same content, the same picture to look at, with nearly the same vector, or with much the same vector at the
    same place. `pictures` are those of the photos, as far as they are known."""
    if not len(face_ids):
        return frozenset()
    alike = pictures.like(s.perceptual_hash, s.captured_at)
    seen = np.isin(photo_ids, alike[alike != s.photo_id]) & (face_ids != (s.face_id or 0))
    return frozenset(face_ids[seen].tolist()) | _by_vector(tx, s, face_ids, vectors)


def pictures_of(tx: Tx, rows: Sequence[ReferenceRow]) -> Pictures:
    """Those of the photos of these faces."""
    return tx.photos.pictures([r.photo_id for r in rows])


def copies_among(tx: Tx, s: PhotoFace, rows: Sequence[ReferenceRow], pictures: Pictures) -> frozenset[int]:
    """As `copies_of`, among the faces of a person; and all faces of photos with the same content."""
    same = frozenset(r.face_id for r in rows if r.content_hash == s.content_hash or r.photo_id == s.photo_id)
    if not rows:
        return same
    face_ids, photo_ids = (np.array([getattr(r, name) for r in rows], np.int64) for name in ("face_id", "photo_id"))
    return same | copies_of(tx, s, face_ids, photo_ids, np.stack([r.vector for r in rows]), pictures)


def _by_vector(tx: Tx, s: PhotoFace, face_ids: I64, vectors: F32) -> frozenset[int]:
    similarity = dict(zip(face_ids.tolist(), (vectors @ s.embedding.vector).tolist(), strict=True))
    alike = [i for i, cosine in similarity.items() if cosine >= _PERHAPS and i != s.face_id]
    faces = tx.faces.by_ids(alike)
    photos = tx.photos.by_ids(f.photo_id for f in faces)
    out: set[int] = set()
    for f in faces:
        photo = photos[f.photo_id]
        there = _part(f.bbox, (photo.width, photo.height))
        here = _part(s.face.bbox, s.size)
        placed = here is not None and there is not None and iou(here, there) >= _SAME_PLACE
        if placed or similarity[f.id] >= COPY_SIMILARITY or photo.content_hash == s.content_hash:
            out.add(f.id)
    return frozenset(out)


def _part(box: BBox, size: tuple[int, int]) -> BBox | None:
    """The box in parts of the picture's width and height; None when its size is not known."""
    width, height = size
    if not (width and height):
        return None
    return BBox(box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height)
