"""Match the faces just found in a photo with those known before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from iconface_core.boxes import iou
from iconface_core.types import BBox

from .records import FoundFace
from .rows import pack_landmarks, require, to_json
from .schema import embedding, face, photo, rejection


@dataclass(frozen=True, slots=True)
class Changes:
    """`found` has one face id per found face, in order."""

    found: list[int]
    removed: list[int]
    new: list[int]
    kept: list[int]


def replace(
    conn: Connection, photo_id: int, found: Sequence[FoundFace], min_iou: float, picture_changed: bool
) -> tuple[list[tuple[int, FoundFace]], Changes]:
    """Update, insert and delete face rows; returns what was stored as (face id, found face) without forgotten faces."""
    require(conn, photo, [photo_id])
    touched = exists().where(rejection.c.face_id == face.c.id).label("touched")
    old = list(conn.execute(select(face, touched).where(face.c.photo_id == photo_id)))
    boxes = [f.face.bbox for f in found]
    match = _match(boxes, [_box(r) for r in old], min_iou)
    forgotten = _forgotten_elsewhere(conn, photo_id) if len(match) < len(found) else []

    ids: list[int] = []
    stored: list[tuple[int, FoundFace]] = []
    new: list[int] = []
    for i, f in enumerate(found):
        row = old[match[i]] if i in match else None
        if row is not None:
            face_id, state = row.id, row.state
            _update(conn, row, f)
        else:
            state = "forgotten" if any(iou(boxes[i], b) >= min_iou for b in forgotten) else f.state
            face_id = _insert(conn, photo_id, f, state)
            new.append(face_id)
        ids.append(face_id)
        if state != "forgotten":
            stored.append((face_id, f))
    if picture_changed:
        conn.execute(delete(embedding).where(embedding.c.face_id.in_(ids)))
    unmatched = [r for j, r in enumerate(old) if j not in match.values()]
    human = {r.id for r in unmatched if r.source == "manual" or r.confirmed or r.state == "ignored" or r.touched}
    removed = [r.id for r in unmatched if r.id not in human and r.state != "forgotten"]
    conn.execute(delete(face).where(face.c.id.in_(removed)))
    return stored, Changes(ids, removed, new, sorted(human))


def _match(found: Sequence[BBox], old: Sequence[BBox], min_iou: float) -> dict[int, int]:
    """Pairs of best overlap first, so the result does not depend on the order in which the faces are listed."""
    pairs = sorted(((iou(f, o), i, j) for i, f in enumerate(found) for j, o in enumerate(old)), key=lambda p: -p[0])
    match: dict[int, int] = {}
    taken: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= min_iou and i not in match and j not in taken:
            match[i] = j
            taken.add(j)
    return match


def _forgotten_elsewhere(conn: Connection, photo_id: int) -> list[BBox]:
    """Tombstones in other copies of this photo: a forgotten face must not come back through a duplicate file."""
    here = select(photo.c.content_hash).where(photo.c.id == photo_id).scalar_subquery()
    copies = select(photo.c.id).where(photo.c.content_hash == here, photo.c.id != photo_id, photo.c.content_hash != "")
    rows = conn.execute(select(face).where(face.c.state == "forgotten", face.c.photo_id.in_(copies)))
    return [_box(r) for r in rows]


_BY_ID = face.c.id == bindparam("_id")


def _update(conn: Connection, row: Row[Any], f: FoundFace) -> None:
    if row.state == "forgotten":
        return
    values = _values(f)
    if row.state == "ignored":
        del values["state"]
    if row.source == "manual":  # the user's own box stays; the detector adds what it knows
        values = {k: v for k, v in values.items() if k not in ("x1", "y1", "x2", "y2")}
    conn.execute(update(face).where(_BY_ID).values(values), {"_id": row.id})


def _insert(conn: Connection, photo_id: int, f: FoundFace, state: str) -> int:
    values = _values(f) | {"state": state}
    if state == "forgotten":
        values |= {"landmarks": None, "quality": None, "degradation": None}
    row = values | {"photo_id": photo_id, "source": "detected", "confirmed": False}
    return int(conn.execute(face.insert().returning(face.c.id), row).scalar_one())


def _values(f: FoundFace) -> dict[str, Any]:
    b = f.face.bbox
    return {
        "x1": float(b.x1),
        "y1": float(b.y1),
        "x2": float(b.x2),
        "y2": float(b.y2),
        "landmarks": pack_landmarks(f.face.landmarks),
        "det_score": float(f.face.det_score),
        "quality": None if f.quality is None else float(f.quality),
        "degradation": None if f.degradation is None else to_json(dict(f.degradation)),
        "state": f.state,
    }


def _box(r: Row[Any]) -> BBox:
    return BBox(r.x1, r.y1, r.x2, r.y2)
