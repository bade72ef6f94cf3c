"""Photo rows: what was seen where, and in which state."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, exists, or_, select, update

from iconface_core.reasons import Reason, to_text

from .database.rows import batches, storable_path, utc_now
from .database.schema import face, photo, restoration
from .database.words import insert
from .photo_lookup import PhotoLookup, photo_record
from .records import PhotoRecord, PhotoState


class PhotoRepo(PhotoLookup):
    """Finds photos, and writes down what became of them."""

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

    def set_look(self, looks: Iterable[tuple[PhotoRecord, bytes]]) -> None:
        """Keep the perceptual hashes (empty: not to be read) of photos, unless they changed since."""
        for p, look in looks:
            same = (photo.c.id == p.id, photo.c.content_hash == p.content_hash)
            self._c.execute(update(photo).where(*same).values(perceptual_hash=look))

    def _store(self, path: str, **values: Any) -> PhotoRecord:
        """Columns that are not given keep their value in an old row."""
        blank = {"width": 0, "height": 0, "format": "", "content_hash": ""}
        row = insert(self._c, photo).values(blank | values | {"path": storable_path(path)})
        if "captured_at" in values:
            said = case((photo.c.dated != "", photo.c.captured_at), else_=row.excluded.captured_at)
            values = values | {"captured_at": said}
        self._c.execute(row.on_conflict_do_update(index_elements=["path"], set_=values))
        return photo_record(self._c.execute(select(photo).where(photo.c.path == path)).one()._mapping)

    def _set_state(self, photo_ids: Sequence[int], before: Sequence[PhotoState], after: PhotoState) -> int:
        return sum(
            self._c.execute(
                update(photo).where(photo.c.id.in_(ids), photo.c.state.in_(before)).values(state=after)
            ).rowcount
            for ids in batches(photo_ids)
        )


def _aside(photo_id: int) -> str:
    """What no file name ends with: the path of a photo that was overwritten, until its content is found again."""
    return f"#overwritten-{photo_id}"
