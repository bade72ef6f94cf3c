"""Folders of the library."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from gallery_db.database.rows import from_json, require, storable_path, to_json, utc_now
from gallery_db.database.schema import RARE_PHOTO, face, photo, root
from gallery_db.errors import GalleryError, UnknownIdError
from gallery_db.records import AtStake, RootRecord, RootTally

from . import moves


class RootRepo:
    def __init__(self, conn: Connection) -> None:
        self._c = conn

    def add(self, path: Path, *, device: int | None = None) -> RootRecord:
        """Add an absolute folder; adding it again returns the same root. Raises GalleryError when `path` is inside
        another root, contains one, or is not absolute."""
        if not path.is_absolute():
            raise GalleryError(f"{path} is not an absolute path")
        same = next((r for r in self.all() if Path(r.path) == path), None)
        if same is not None:
            return same
        self._apart(path)
        row = {"path": storable_path(str(path)), "added_at": utc_now(), "device": device, "online": True}
        [new_id] = self._c.execute(root.insert().values(row)).inserted_primary_key or [0]
        return self.get(new_id)

    def all(self) -> list[RootRecord]:
        return [_record(r) for r in self._c.execute(select(root).order_by(root.c.id))]

    def get(self, root_id: int) -> RootRecord:
        """Raises UnknownIdError."""
        row = self._c.execute(select(root).where(root.c.id == root_id)).first()
        if row is None:
            raise UnknownIdError(f"no root with id {root_id}")
        return _record(row)

    def containing(self, path: Path) -> RootRecord | None:
        """The root that an absolute path lies in."""
        return next((r for r in self.all() if path.is_relative_to(r.path)), None)

    def tallies(self) -> Mapping[int, RootTally]:
        """Counts by root id; one without photos has no entry."""
        p = photo.c
        n = func.count().label("n")
        rare = select(p.state, p.root_id, n).where(RARE_PHOTO).group_by(p.state, p.root_id)
        others: dict[int, dict[str, int]] = defaultdict(dict)
        for state, root_id, number in self._c.execute(rare):
            others[root_id][_TALLY[state]] = number
        known: dict[int, int] = {
            r.root_id: r.n
            for r in self._c.execute(select(p.root_id, n).where(p.root_id.is_not(None)).group_by(p.root_id))
        }
        # Most faces are in one folder: it has what is left when the others are counted.
        largest = max(known, key=lambda i: known[i], default=None)
        shown = face.c.state.in_(("ok", "doubtful"))
        elsewhere = select(p.root_id, n).join(face, face.c.photo_id == p.id).where(p.root_id.is_distinct_from(largest))
        faces: dict[int | None, int] = {
            r.root_id: r.n for r in self._c.execute(elsewhere.where(shown).group_by(p.root_id))
        }
        total = self._c.scalar(select(func.count()).select_from(face).where(shown)) or 0
        faces[largest] = total - sum(faces.values())
        return {i: RootTally(k - sum(others[i].values()), faces.get(i, 0), **others[i]) for i, k in known.items()}

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
        """What is restored by itself below this root (JSON values); None: nothing. Raises UnknownIdError."""
        require(self._c, root, [root_id])
        text = None if rules is None else to_json(dict(rules))
        self._c.execute(update(root).where(root.c.id == root_id).values(rules=text))

    def move(self, root_id: int, path: Path) -> int:
        """The folder is at `path` (absolute) now: its photos go with it, with all that is known of them and was made of
        them. Returns their number. A root that is at `path` already becomes part of this one: of two rows of one file
        the one stays that somebody decided about; of two such this root's, and the other is kept as missing.

        Raises UnknownIdError, and GalleryError when `path` and a third root lie inside each other."""
        old = self.get(root_id)
        self._apart(path, but=root_id)
        return moves.move(self._c, root_id, old.path, str(path))

    def at_stake(self, root_id: int) -> AtStake:
        """What people decided about the faces of a root, which would go with it. Raises UnknownIdError."""
        require(self._c, root, [root_id])
        return moves.at_stake(self._c, root_id)

    def _apart(self, path: Path, *, but: int | None = None) -> None:
        """Raises GalleryError when a root, other than `but` and one at `path` itself, lies in `path` or around it."""
        for known in (r for r in self.all() if r.id != but and Path(r.path) != path):
            if path.is_relative_to(known.path) or Path(known.path).is_relative_to(path):
                raise GalleryError(
                    f"{path} and the root {known.path} lie inside each other: a photo belongs to one root"
                )

    def remove(self, root_id: int) -> int:
        """Forget the root and all its photos and faces; returns the number of photos. The files are not touched.
        Raises UnknownIdError."""
        require(self._c, root, [root_id])
        photos = self._c.scalar(select(func.count()).select_from(photo).where(photo.c.root_id == root_id)) or 0
        self._c.execute(delete(root).where(root.c.id == root_id))
        return photos


_TALLY = {"failed": "unreadable", "missing": "missing", "restored": "restored"}


def _record(row: Row[Any]) -> RootRecord:
    return RootRecord(**dict(row._mapping) | {"rules": from_json(row.rules)})
