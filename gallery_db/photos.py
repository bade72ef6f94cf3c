"""Photo rows: what was seen where, and in which state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Connection, RowMapping, bindparam, case, delete, exists, func, literal, or_, select, update

from iconface_core.images.same_picture import Pictures
from iconface_core.reasons import Reason, from_text, to_text
from iconface_core.types import BBox

from .database.rows import MAX_VARIABLES, batches, require, storable_path, utc_now
from .database.schema import RARE_PHOTO, face, photo, restoration, root
from .database.words import insert
from .records import FaceState, PhotoRecord, PhotoStat, PhotoState


@dataclass(frozen=True, slots=True)
class FaceInPhoto:
    """Where the picture of a face is: its box, the photo, and the photo's root (None outside every root)."""

    bbox: BBox
    state: FaceState
    photo: PhotoRecord
    root_path: str | None
    root_online: bool


class PhotoRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def upsert(
        self,
        path: str,
        content_hash: str,
        *,
        root_id: int | None = None,
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
        width: int = 0,
        height: int = 0,
        captured_at: datetime | None = None,
        format: str = "",
        detector: str | None = None,
        perceptual_hash: bytes | None = None,
    ) -> PhotoRecord:
        """Store a photo that was read well: state `indexed`, attempts 0. Same path: the row keeps its id and faces, and
        the date that somebody said; `captured_at` is what the file says.
        Raises GalleryError when the name is not valid UTF-8."""
        file_date = None if captured_at is None else captured_at.replace(tzinfo=None).isoformat()
        return self._store(
            path,
            content_hash=content_hash,
            root_id=root_id,
            size=size,
            mtime_ns=mtime_ns,
            inode=inode,
            width=width,
            height=height,
            captured_at=file_date,
            file_date=file_date,
            format=format,
            detector=detector,
            perceptual_hash=perceptual_hash,
            state="indexed",
            reason=None,
            attempts=0,
            indexed_at=utc_now(),
        )

    def mark_failed(
        self,
        path: str,
        reason: Reason,
        *,
        root_id: int | None = None,
        content_hash: str | None = "",
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
    ) -> PhotoRecord:
        """Store a file that cannot be read; `attempts` grows by one while size and mtime stay the same. Faces found
        earlier stay (the file may be damaged, the people are not). With `content_hash` None the content read last is
        remembered: the photo is itself again wherever that is found. A name that is not UTF-8 is stored escaped."""
        path = path.encode(errors="backslashreplace").decode()
        old = self.by_path(path)
        same = old is not None and old.state == "failed" and (old.size, old.mtime_ns) == (size, mtime_ns)
        return self._store(
            path,
            root_id=root_id,
            size=size,
            mtime_ns=mtime_ns,
            inode=inode,
            state="failed",
            reason=to_text(reason),
            attempts=old.attempts + 1 if same and old is not None else 1,
            **({} if content_hash is None else {"content_hash": content_hash}),
        )

    def mark_restored(
        self,
        path: str,
        content_hash: str,
        *,
        root_id: int | None = None,
        size: int = 0,
        mtime_ns: int = 0,
        inode: int = 0,
    ) -> PhotoRecord:
        """Remember a file as our own output. Any faces of this path are removed: it is never evidence."""
        record = self._store(
            path,
            content_hash=content_hash,
            root_id=root_id,
            size=size,
            mtime_ns=mtime_ns,
            inode=inode,
            state="restored",
            reason=None,
            attempts=0,
            indexed_at=utc_now(),
        )
        self._c.execute(delete(face).where(face.c.photo_id == record.id))
        return record

    def mark_missing(self, photo_ids: Sequence[int]) -> int:
        """The files are gone from a root that is online. Faces and names stay; rows of files that were never read and
        have no faces are dropped, and those of our own outputs left as they are. Returns how many rows changed."""
        has_faces = exists().where(face.c.photo_id == photo.c.id)
        changed = 0
        for ids in batches(photo_ids):
            failed = (photo.c.id.in_(ids), photo.c.state == "failed")
            changed += self._c.execute(delete(photo).where(*failed, ~has_faces, photo.c.content_hash == "")).rowcount
            # Time 0 has it read again when it comes back: nobody knows which bytes it had.
            changed += self._c.execute(update(photo).where(*failed).values(state="missing", mtime_ns=0)).rowcount
        return changed + self._set_state(photo_ids, ("indexed",), "missing")

    def mark_present(self, photo_ids: Sequence[int]) -> int:
        """Files came back unchanged: `missing` becomes `indexed`. Returns how many rows changed."""
        return self._set_state(photo_ids, ("missing",), "indexed")

    def move(
        self, photo_id: int, path: str, *, root_id: int | None, size: int, mtime_ns: int, inode: int
    ) -> PhotoRecord:
        """The same content at a new path: keeps faces, names and restorations. Raises UnknownIdError.

        A photo that was at `path` before is kept as missing under a path that no file has: it may be about to move
        itself, and when its content is found again its names are there again."""
        old = self.get(photo_id)
        other = self.by_path(storable_path(path))
        if other is not None and other.id != photo_id:
            if self.mark_missing([other.id]) or other.state == "missing":
                aside = {"path": path + _aside(other.id)}
                self._c.execute(update(photo).where(photo.c.id == other.id).values(aside))
            else:
                self.delete([other.id])
        values = {"path": path, "root_id": root_id, "size": size, "mtime_ns": mtime_ns, "inode": inode}
        values |= {"state": "indexed", "reason": None, "attempts": 0}
        self._c.execute(update(photo).where(photo.c.id == photo_id).values(values))
        was = old.path.removesuffix(_aside(photo_id))
        if was != path:
            faces = select(face.c.id).where(face.c.photo_id == photo_id)
            # What was made of another photo that had this name stays with that one.
            mine = or_(restoration.c.input_sha256 == old.content_hash, restoration.c.face_id.in_(faces))
            self._c.execute(update(restoration).where(restoration.c.photo == was, mine).values(photo=path))
        return self.get(photo_id)

    def delete(self, photo_ids: Sequence[int]) -> int:
        """Remove rows with their faces and vectors. Returns how many."""
        return sum(self._c.execute(delete(photo).where(photo.c.id.in_(ids))).rowcount for ids in batches(photo_ids))

    def get(self, photo_id: int) -> PhotoRecord:
        """Raises UnknownIdError."""
        require(self._c, photo, [photo_id])
        return _record(self._c.execute(select(photo).where(photo.c.id == photo_id)).one()._mapping)

    def by_ids(self, photo_ids: Iterable[int]) -> dict[int, PhotoRecord]:
        """Those of these photos that exist, by id."""
        parts = batches(set(photo_ids))
        rows = (r for ids in parts for r in self._c.execute(select(photo).where(photo.c.id.in_(ids))))
        return {r.id: _record(r._mapping) for r in rows}

    def of_face(self, face_id: int) -> FaceInPhoto | None:
        """In one cheap statement: a page shows many faces. None for an unknown face."""
        row = self._c.execute(_OF_FACE, {"face_id": face_id}).first()
        if row is None:
            return None
        x1, y1, x2, y2, state, root_path, online, *values = row
        photo_record = _record(dict(zip(_PHOTO_COLUMNS, values, strict=True)))
        return FaceInPhoto(BBox(x1, y1, x2, y2), state, photo_record, root_path, online is None or bool(online))

    def by_path(self, path: str) -> PhotoRecord | None:
        row = self._c.execute(select(photo).where(photo.c.path == path)).first()
        return None if row is None else _record(row._mapping)

    def by_hash(self, content_hash: str) -> list[PhotoRecord]:
        """All photos with this content, in order of id."""
        rows = self._c.execute(select(photo).where(photo.c.content_hash == content_hash).order_by(photo.c.id))
        return [_record(r._mapping) for r in rows]

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
        return [_record(r._mapping) for r in rows]

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
            yield _record(row._mapping)

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
        return [_record(r._mapping) for r in rows]

    def set_look(self, looks: Iterable[tuple[PhotoRecord, bytes]]) -> None:
        """Keep the perceptual hashes (empty: not to be read) of photos, unless they changed since."""
        for p, look in looks:
            same = (photo.c.id == p.id, photo.c.content_hash == p.content_hash)
            self._c.execute(update(photo).where(*same).values(perceptual_hash=look))

    def counts(self) -> Mapping[PhotoState, int]:
        """Photos per state; every state has an entry."""
        rare = select(photo.c.state, func.count().label("n")).where(RARE_PHOTO).group_by(photo.c.state)
        counted: dict[PhotoState, int] = {r.state: r.n for r in self._c.execute(rare)}
        total = self._c.scalar(select(func.count()).select_from(photo)) or 0
        return dict.fromkeys(get_args(PhotoState), 0) | counted | {"indexed": total - sum(counted.values())}

    def _store(self, path: str, **values: Any) -> PhotoRecord:
        """Columns that are not given keep their value in an old row."""
        blank = {"width": 0, "height": 0, "format": "", "content_hash": ""}
        row = insert(self._c, photo).values(blank | values | {"path": storable_path(path)})
        if "captured_at" in values:
            said = case((photo.c.dated != "", photo.c.captured_at), else_=row.excluded.captured_at)
            values = values | {"captured_at": said}
        self._c.execute(row.on_conflict_do_update(index_elements=["path"], set_=values))
        return _record(self._c.execute(select(photo).where(photo.c.path == path)).one()._mapping)

    def _set_state(self, photo_ids: Sequence[int], before: Sequence[PhotoState], after: PhotoState) -> int:
        return sum(
            self._c.execute(
                update(photo).where(photo.c.id.in_(ids), photo.c.state.in_(before)).values(state=after)
            ).rowcount
            for ids in batches(photo_ids)
        )


def _record(row: Mapping[str, Any] | RowMapping) -> PhotoRecord:
    return PhotoRecord(**{**row, "reason": from_text(row["reason"])})


def _aside(photo_id: int) -> str:
    """What no file name ends with: the path of a photo that was overwritten, until its content is found again."""
    return f"#overwritten-{photo_id}"


_PHOTO_COLUMNS = tuple(c.name for c in photo.c)
_OF_FACE = (
    select(face.c.x1, face.c.y1, face.c.x2, face.c.y2, face.c.state, root.c.path, root.c.online, *photo.c)
    .select_from(face.join(photo, photo.c.id == face.c.photo_id).outerjoin(root, root.c.id == photo.c.root_id))
    .where(face.c.id == bindparam("face_id"))
)
