"""Photo rows, read: by id, path, content or state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, RowMapping, bindparam, exists, func, literal, or_, select

from iconface_core.images.same_picture import Pictures
from iconface_core.reasons import from_text
from iconface_core.types import BBox

from .database.rows import MAX_VARIABLES, batches, require
from .database.schema import RARE_PHOTO, face, photo, root
from .records import FaceState, PhotoRecord, PhotoStat, PhotoState


@dataclass(frozen=True, slots=True)
class FaceInPhoto:
    """Where the picture of a face is: its box, the photo, and the photo's root (None outside every root)."""

    bbox: BBox
    state: FaceState
    photo: PhotoRecord
    root_path: str | None
    root_online: bool


class PhotoLookup:
    """Finds photos."""

    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def get(self, photo_id: int) -> PhotoRecord:
        """Raises UnknownIdError."""
        require(self._c, photo, [photo_id])
        return photo_record(self._c.execute(select(photo).where(photo.c.id == photo_id)).one()._mapping)

    def by_ids(self, photo_ids: Iterable[int]) -> dict[int, PhotoRecord]:
        """Those of these photos that exist, by id."""
        parts = batches(set(photo_ids))
        rows = (r for ids in parts for r in self._c.execute(select(photo).where(photo.c.id.in_(ids))))
        return {r.id: photo_record(r._mapping) for r in rows}

    def of_face(self, face_id: int) -> FaceInPhoto | None:
        """In one cheap statement: a page shows many faces. None for an unknown face."""
        row = self._c.execute(_OF_FACE, {"face_id": face_id}).first()
        if row is None:
            return None
        x1, y1, x2, y2, state, root_path, online, *values = row
        found = photo_record(dict(zip(_PHOTO_COLUMNS, values, strict=True)))
        return FaceInPhoto(BBox(x1, y1, x2, y2), state, found, root_path, online is None or bool(online))

    def by_path(self, path: str) -> PhotoRecord | None:
        row = self._c.execute(select(photo).where(photo.c.path == path)).first()
        return None if row is None else photo_record(row._mapping)

    def by_hash(self, content_hash: str) -> list[PhotoRecord]:
        """All photos with this content, in order of id."""
        rows = self._c.execute(select(photo).where(photo.c.content_hash == content_hash).order_by(photo.c.id))
        return [photo_record(r._mapping) for r in rows]

    def known(self, root_id: int | None = None) -> dict[str, PhotoStat]:
        """Path to what the last scan saw, for one root or all: one cheap query for the diff of a scan."""
        p = photo.c
        query = select(p.path, p.id, p.size, p.mtime_ns, p.inode, p.state, p.attempts, p.content_hash, p.detector)
        if root_id is not None:
            query = query.where(p.root_id == root_id)
        return {path: PhotoStat(*stat) for path, *stat in self._c.execute(query)}

    def known_at(self, paths: Sequence[str], folders: Sequence[str] = ()) -> dict[str, PhotoStat]:
        """As `known`, for the photos at these absolute paths and for all below these folders."""
        p = photo.c
        query = select(p.path, p.id, p.size, p.mtime_ns, p.inode, p.state, p.attempts, p.content_hash, p.detector)
        parts = (paths[start : start + MAX_VARIABLES] for start in range(0, len(paths), MAX_VARIABLES))
        queries = [query.where(p.path.in_(part)) for part in parts]
        # "0" follows "/" in ASCII: a range, so that the index on `path` serves.
        below = [literal(folder, p.path.type) for folder in folders]
        queries += [query.where(p.path > folder + "/", p.path < folder + "0") for folder in below]
        return {path: PhotoStat(*stat) for q in queries for path, *stat in self._c.execute(q)}

    def neighbours(self, path: str) -> tuple[int | None, int | None]:
        """Ids of the photos before and after `path` in its folder, by name. What cannot be shown is passed over."""
        folder = path[: path.rfind("/") + 1]
        p = photo.c
        # "0" follows "/" in ASCII: a range, so that the index on `path` serves. Photos of sub-folders are passed over.
        beside = (
            p.state == "indexed",
            ~func.substr(p.path, func.length(literal(folder, p.path.type)) + 1).contains("/"),
        )
        query = select(p.id).where(*beside).limit(1)
        before = query.where(p.path >= folder, p.path < path).order_by(p.path.desc())
        after = query.where(p.path > path, p.path < literal(folder[:-1], p.path.type) + "0").order_by(p.path)
        return self._c.scalar(before), self._c.scalar(after)

    def undated(self, person_id: int) -> dict[int, str]:
        """The photos of a person that have no date, and of which nobody said that none is to be proposed: id to path,
        in order of path."""
        theirs = exists().where(
            face.c.photo_id == photo.c.id, face.c.person_id == person_id, face.c.state.in_(("ok", "doubtful"))
        )
        query = select(photo.c.id, photo.c.path).where(photo.c.captured_at.is_(None), photo.c.dated.is_(None), theirs)
        rows = self._c.execute(query.where(photo.c.state == "indexed").order_by(photo.c.path))
        return {i: path for i, path in rows}  # noqa: C416  # typed rows

    def with_inodes(self, inodes: Sequence[int]) -> list[PhotoRecord]:
        """Photos last seen with one of these inode numbers."""
        wanted = {i for i in inodes if i}
        rows = [r for ids in batches(wanted) for r in self._c.execute(select(photo).where(photo.c.inode.in_(ids)))]
        return [photo_record(r._mapping) for r in rows]

    def count(self, root_id: int) -> int:
        """How many photos of a root are known, in whatever state."""
        return self._c.scalar(select(func.count()).select_from(photo).where(photo.c.root_id == root_id)) or 0

    def find(self, *, root_id: int | None = None, states: Sequence[PhotoState] | None = None) -> Iterator[PhotoRecord]:
        """Photos in order of path."""
        query = select(photo).order_by(photo.c.path)
        if root_id is not None:
            query = query.where(photo.c.root_id == root_id)
        if states is not None:
            query = query.where(photo.c.state.in_(states))
            if "indexed" not in states:
                query = query.where(RARE_PHOTO)
        for row in self._c.execute(query):
            yield photo_record(row._mapping)

    def pictures(self, photo_ids: Iterable[int] | None = None) -> Pictures:
        """What tells copies of photos, of all photos with faces or of these; those never looked at are left out."""
        query = select(photo.c.id, photo.c.perceptual_hash, photo.c.captured_at).order_by(photo.c.id)
        query = query.where(photo.c.perceptual_hash != b"")
        if photo_ids is None:
            rows = list(self._c.execute(query.where(exists().where(face.c.photo_id == photo.c.id))))
        else:
            parts = batches(sorted(set(photo_ids)))
            rows = [r for ids in parts for r in self._c.execute(query.where(photo.c.id.in_(ids)))]
        taken = [None if r.captured_at is None else datetime.fromisoformat(r.captured_at) for r in rows]
        return Pictures.of([r.id for r in rows], b"".join(r.perceptual_hash for r in rows), taken)

    def without_look(self, limit: int) -> list[PhotoRecord]:
        """The first photos with faces whose look is not known, in folders that are there, in order of id."""
        reachable = or_(photo.c.root_id.is_(None), root.c.online)
        query = select(photo).outerjoin(root, root.c.id == photo.c.root_id).order_by(photo.c.id).limit(limit)
        query = query.where(photo.c.state == "indexed", photo.c.perceptual_hash.is_(None), reachable)
        rows = self._c.execute(query.where(exists().where(face.c.photo_id == photo.c.id)))
        return [photo_record(r._mapping) for r in rows]

    def counts(self) -> Mapping[PhotoState, int]:
        """Photos per state; every state has an entry."""
        rare = select(photo.c.state, func.count().label("n")).where(RARE_PHOTO).group_by(photo.c.state)
        counted: dict[PhotoState, int] = {r.state: r.n for r in self._c.execute(rare)}
        total = self._c.scalar(select(func.count()).select_from(photo)) or 0
        return dict.fromkeys(get_args(PhotoState), 0) | counted | {"indexed": total - sum(counted.values())}


def photo_record(row: Mapping[str, Any] | RowMapping) -> PhotoRecord:
    """From a whole row of `photo`."""
    return PhotoRecord(**{**row, "reason": from_text(row["reason"])})


_PHOTO_COLUMNS = tuple(c.name for c in photo.c)
_OF_FACE = (
    select(face.c.x1, face.c.y1, face.c.x2, face.c.y2, face.c.state, root.c.path, root.c.online, *photo.c)
    .select_from(face.join(photo, photo.c.id == face.c.photo_id).outerjoin(root, root.c.id == photo.c.root_id))
    .where(face.c.id == bindparam("face_id"))
)
