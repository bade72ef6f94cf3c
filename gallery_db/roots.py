"""Folders of the library."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from .errors import GalleryError, NotFoundError
from .records import RootRecord, RootTally
from .rows import from_json, require, storable_path, to_json, utc_now
from .schema import face, photo, root


class RootRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def add(self, path: Path, *, device: int | None = None) -> RootRecord:
        """Add an absolute folder; adding it again returns the same root. Raises GalleryError when `path` is inside
        another root, contains one, or is not absolute."""
        if not path.is_absolute():
            raise GalleryError(f"{path} is not an absolute path")
        for known in self.all():
            if Path(known.path) == path:
                return known
            if path.is_relative_to(known.path) or Path(known.path).is_relative_to(path):
                raise GalleryError(
                    f"{path} and the root {known.path} lie inside each other: a photo belongs to one root"
                )
        row = {"path": storable_path(str(path)), "added_at": utc_now(), "device": device, "online": True}
        [new_id] = self._c.execute(root.insert().values(row)).inserted_primary_key or [0]
        return self.get(new_id)

    def all(self) -> list[RootRecord]:
        return [_record(r) for r in self._c.execute(select(root).order_by(root.c.id))]

    def get(self, root_id: int) -> RootRecord:
        """Raises NotFoundError."""
        row = self._c.execute(select(root).where(root.c.id == root_id)).first()
        if row is None:
            raise NotFoundError(f"no root with id {root_id}")
        return _record(row)

    def containing(self, path: Path) -> RootRecord | None:
        """The root that an absolute path lies in."""
        return next((r for r in self.all() if path.is_relative_to(r.path)), None)

    def tallies(self) -> Mapping[int, RootTally]:
        """Counts by root id; one without photos has no entry."""
        p = photo.c
        states = {"photos": "indexed", "unreadable": "failed", "missing": "missing", "restored": "restored"}
        photos = select(p.root_id, *(func.count().filter(p.state == s).label(n) for n, s in states.items()))
        in_them = select(p.root_id, func.count().label("n")).join(face, face.c.photo_id == p.id)
        shown = in_them.where(face.c.state.in_(("ok", "doubtful")), p.root_id.is_not(None)).group_by(p.root_id)
        faces = {r.root_id: r.n for r in self._c.execute(shown)}
        rows = self._c.execute(photos.where(p.root_id.is_not(None)).group_by(p.root_id))
        return {r.root_id: RootTally(faces=faces.get(r.root_id, 0), **{n: getattr(r, n) for n in states}) for r in rows}

    def set_online(self, root_id: int, online: bool, *, device: int | None = None) -> None:
        """Mark a root mounted or not. Photos and faces stay as they are. `device` None keeps the stored one."""
        require(self._c, root, [root_id])
        values: dict[str, int | bool] = {"online": online}
        if device is not None:
            values["device"] = device
        self._c.execute(update(root).where(root.c.id == root_id).values(values))

    def mark_scanned(self, root_id: int) -> None:
        require(self._c, root, [root_id])
        self._c.execute(update(root).where(root.c.id == root_id).values(last_scan_at=utc_now()))

    def set_rules(self, root_id: int, rules: Mapping[str, Any] | None) -> None:
        """What is restored by itself below this root (JSON values); None: nothing. Raises NotFoundError."""
        require(self._c, root, [root_id])
        text = None if rules is None else to_json(dict(rules))
        self._c.execute(update(root).where(root.c.id == root_id).values(rules=text))

    def remove(self, root_id: int) -> int:
        """Forget the root and all its photos and faces; returns the number of photos. The files are not touched.
        Raises NotFoundError."""
        require(self._c, root, [root_id])
        photos = self._c.scalar(select(func.count()).select_from(photo).where(photo.c.root_id == root_id)) or 0
        self._c.execute(delete(root).where(root.c.id == root_id))
        return photos


def _record(row: Row[Any]) -> RootRecord:
    return RootRecord(**dict(row._mapping) | {"rules": from_json(row.rules)})
