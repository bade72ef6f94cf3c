"""Match the faces just found in a photo with those known before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, exists, or_, select, update

from gallery_db.database.packed import pack_landmarks, unpack_vectors
from gallery_db.database.rows import batches, require, to_json
from gallery_db.database.schema import RARE_PHOTO, embedding, face, photo, rejection
from gallery_db.records import FoundFace
from iconface_core.boxes import iou
from iconface_core.identity.same_faces import Edit, FacePosition, same_faces
from iconface_core.types import BBox


@dataclass(frozen=True, slots=True)
class FaceChanges:
    """`found` has one face id per found face, in order."""

    found: list[int]
    removed: list[int]
    new: list[int]
    kept: list[int]


def replace(
    conn: Connection,
    photo_id: int,
    found: Sequence[FoundFace],
    min_iou: float,
    picture_changed: bool,
    was: tuple[int, int] | None,
) -> tuple[list[tuple[int, FoundFace]], FaceChanges]:
    """Update, insert and delete face rows; returns what was stored as (face id, found face) without forgotten faces."""
    require(conn, photo, [photo_id])
    home = conn.execute(select(photo).where(photo.c.id == photo_id)).one()
    aside = None if was is None else conn.execute(select(photo).where(_aside_of(photo_id))).first()
    at = [photo_id] if aside is None else [photo_id, aside.id]
    old = list(conn.execute(select(face, TOUCHED).where(face.c.photo_id.in_(at)).order_by(face.c.id)))
    boxes = [f.face.bbox for f in found]
    edit = None
    if was is None:
        match = _match(boxes, [_box(r) for r in old], min_iou)
    else:
        places = _places(conn, old, found, photo_id)
        same = same_faces(*places, was, (home.width, home.height), min_iou=min_iou)
        match = same.old_of
        unmoved = was == (home.width, home.height)
        edit = same.edits[0] if same.edits and (same.certain or unmoved) else None
    forgotten = _forgotten_elsewhere(conn, photo_id) if len(match) < len(found) else []

    ids: list[int] = []
    stored: list[tuple[int, FoundFace]] = []
    new: list[int] = []
    for i, f in enumerate(found):
        row = old[match[i]] if i in match else None
        if row is not None:
            face_id, state = row.id, row.state
            _update(conn, row, f, photo_id, was is not None, edit)
        else:
            state = "forgotten" if any(iou(boxes[i], b) >= min_iou for b in forgotten) else f.state
            face_id = _insert(conn, photo_id, f, state)
            new.append(face_id)
        ids.append(face_id)
        if state != "forgotten":
            stored.append((face_id, f))
    if picture_changed:
        conn.execute(delete(embedding).where(embedding.c.face_id.in_(ids)))
    unmatched = [r for j, r in enumerate(old) if j not in match.values() and r.photo_id == photo_id]
    human = {r.id for r in unmatched if r.touched}
    removed = [r.id for r in unmatched if r.id not in human and r.state != "forgotten"]
    conn.execute(delete(face).where(face.c.id.in_(removed)))
    if was is not None:
        lost = _carry(conn, unmatched, human, edit)
        if lost:
            _put_aside(conn, home, was, lost, None if aside is None else aside.id)
            human -= set(lost)
        if aside is not None:
            empty = ~exists().where(face.c.photo_id == aside.id)
            conn.execute(delete(photo).where(photo.c.id == aside.id, empty))
    return stored, FaceChanges(ids, removed, new, sorted(human))


def touched(conn: Connection, face_ids: Sequence[int]) -> frozenset[int]:
    """See `FaceRepo.touched`."""
    rows = (r for ids in batches(face_ids) for r in conn.execute(select(face.c.id, TOUCHED).where(face.c.id.in_(ids))))
    return frozenset(r.id for r in rows if r.touched)


TOUCHED = or_(
    face.c.source == "manual",
    face.c.confirmed,
    face.c.state == "ignored",
    exists().where(rejection.c.face_id == face.c.id),
).label("touched")


def _places(
    conn: Connection, old: Sequence[Row[Any]], found: Sequence[FoundFace], photo_id: int
) -> tuple[list[FacePosition], list[FacePosition]]:
    """The faces known and found, with vectors of the embedder that looked."""
    embedder = next((e.embedder for f in found for e in f.embeddings), None)
    query = select(embedding.c.face_id, embedding.c.vector).where(embedding.c.embedder == embedder)
    rows = conn.execute(query.where(embedding.c.face_id.in_([r.id for r in old])))
    vectors = {i: unpack_vectors(v, len(v) // 2)[0] for i, v in rows}
    return (
        [FacePosition(_box(r), vectors.get(r.id), elsewhere=r.photo_id != photo_id) for r in old],
        [FacePosition(f.face.bbox, next((e.vector for e in f.embeddings), None)) for f in found],
    )


def _carry(conn: Connection, unmatched: Sequence[Row[Any]], human: set[int], edit: Edit | None) -> list[int]:
    """Boxes that no vector could confirm go where the picture's content went; returns the touched faces that are not
    in the picture, as far as anybody can tell."""
    known = set(conn.scalars(select(embedding.c.face_id).where(embedding.c.face_id.in_(human))))
    lost: list[int] = []
    for r in unmatched:
        if r.id in known or (r.id in human and edit is None):
            lost.append(r.id)
        elif edit is not None and (r.id in human or r.state == "forgotten"):
            conn.execute(update(face).where(_BY_ID).values(_corners(edit.box(_box(r)))), {"_id": r.id})
    return lost


def _put_aside(conn: Connection, home: Row[Any], was: tuple[int, int], ids: Sequence[int], aside: int | None) -> None:
    """Keep faces that an edit took out of the picture under a photo that is missing, at a path that no file has."""
    if aside is None:
        values = {k: v for k, v in home._mapping.items() if k != "id"}
        values |= {"path": home.path + _aside_ending(home.id), "state": "missing", "content_hash": ""}
        values |= {"inode": 0, "mtime_ns": 0, "width": was[0], "height": was[1]}
        aside = int(conn.scalars(photo.insert().values(values).returning(photo.c.id)).one())
    conn.execute(update(face).where(face.c.id.in_(ids)).values(photo_id=aside))


def _aside_of(photo_id: int) -> ColumnElement[bool]:
    return and_(RARE_PHOTO, photo.c.state == "missing", photo.c.path.endswith(_aside_ending(photo_id), autoescape=True))


def _aside_ending(photo_id: int) -> str:
    return f"#edited-{photo_id}"


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


def _update(conn: Connection, row: Row[Any], f: FoundFace, photo_id: int, edited: bool, edit: Edit | None) -> None:
    if row.state == "forgotten":
        if edit is not None:
            conn.execute(update(face).where(_BY_ID).values(_corners(f.face.bbox)), {"_id": row.id})
        return
    values = _values(f) | {"photo_id": photo_id}
    if row.state == "ignored":
        del values["state"]
    if row.source == "manual":  # the user's own box stays, or goes with the picture; the detector adds what it knows
        own = _box(row) if not edited else f.face.bbox if edit is None else edit.box(_box(row))
        if not edited or (row.photo_id == photo_id and iou(own, f.face.bbox) > 0):
            values |= _corners(own)
    conn.execute(update(face).where(_BY_ID).values(values), {"_id": row.id})


def _insert(conn: Connection, photo_id: int, f: FoundFace, state: str) -> int:
    values = _values(f) | {"state": state}
    if state == "forgotten":
        values |= {"landmarks": None, "quality": None, "degradation": None}
    row = values | {"photo_id": photo_id, "source": "detected", "confirmed": False}
    return int(conn.execute(face.insert().returning(face.c.id), row).scalar_one())


def _values(f: FoundFace) -> dict[str, Any]:
    return {
        **_corners(f.face.bbox),
        "landmarks": pack_landmarks(f.face.landmarks),
        "det_score": float(f.face.det_score),
        "quality": None if f.quality is None else float(f.quality),
        "degradation": None if f.degradation is None else to_json(dict(f.degradation)),
        "state": f.state,
    }


def _corners(b: BBox) -> dict[str, float]:
    return {"x1": float(b.x1), "y1": float(b.y1), "x2": float(b.x2), "y2": float(b.y2)}


def _box(r: Row[Any]) -> BBox:
    return BBox(r.x1, r.y1, r.x2, r.y2)
