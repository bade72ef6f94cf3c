"""Which faces lack a vector of some embedder."""

from sqlalchemy import ColumnElement, Select, exists, func, select

from gallery_db.database.schema import embedding, face, photo
from iconface_core.types import EmbedderId


def lacks(embedder: EmbedderId) -> ColumnElement[bool]:
    """Of rows of `face`."""
    return ~exists().where(embedding.c.face_id == face.c.id, embedding.c.embedder == embedder)


def best_of_everybody(each: int, min_quality: float) -> Select[int]:
    """Ids of the `each` faces of the highest quality of every person, confirmed ones first, of `min_quality` or more,
    with landmarks, in indexed photos."""
    best_first = face.c.confirmed.desc(), face.c.quality.desc(), face.c.id
    place = func.row_number().over(partition_by=face.c.person_id, order_by=best_first).label("place")
    able = face.c.person_id.is_not(None), face.c.state == "ok", face.c.quality >= min_quality
    ranked = (
        select(face.c.id, place)
        .join(photo, photo.c.id == face.c.photo_id)
        .where(*able, photo.c.state == "indexed", face.c.landmarks.is_not(None))
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.place <= each)
