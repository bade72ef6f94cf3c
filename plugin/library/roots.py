"""The folders of the library: which there are, and whether one may be added."""

from collections.abc import Callable
from pathlib import Path

from gallery_db import Gallery, Tx
from gallery_db.records import RootRecord
from plugin.dry_run import tried
from plugin.errors import NotFoundError, UsageError
from plugin.paths import absolute
from plugin.rows import Row
from plugin.settings import Folders
from plugin.unfinished import clear_pictures, note_clearing

from .rules import RestoreRules, rules_of, set_rules


class Roots:
    """Adds, lists and removes library folders."""

    def __init__(self, gallery: Gallery, folders: Folders) -> None:
        self._gallery, self._folders = gallery, folders

    def add(self, folder: Path, *, dry_run: bool = False) -> Row:
        """Add a folder, or only check that it may be added.

        Raises NotFoundError when it is not there, UsageError when our own state lies inside it.
        """
        folder = absolute(folder)
        if not folder.is_dir():
            raise NotFoundError(f"{folder} is not a folder; is the drive mounted?")
        if own := self.own_inside(folder):
            raise UsageError(
                f"{folder} contains iconface's own data ({own}); choose another --home outside your photos"
            )
        root = tried(self._gallery, lambda tx: tx.roots.add(folder), dry_run=dry_run)
        with self._gallery.begin(write=False) as tx:
            return self._row(root, tx.photos.count(root.id))

    def own_inside(self, folder: Path) -> Path | None:
        """The first of our own folders that lies in `folder`, which therefore cannot be a library."""
        own = (self._folders.data, self._folders.cache, self._folders.state)
        return next((f for f in own if f.is_relative_to(folder)), None)

    def rows(self) -> list[Row]:
        """All folders with their number of photos."""
        with self._gallery.begin(write=False) as tx:
            return [self._row(r, tx.photos.count(r.id)) for r in tx.roots.all()]

    def find(self, folder: Path) -> tuple[RootRecord, int]:
        """A folder of the library and its number of photos. Raises NotFoundError."""
        with self._gallery.begin(write=False) as tx:
            for root in tx.roots.all():
                if Path(root.path) == absolute(folder):
                    return root, tx.photos.count(root.id)
        raise NotFoundError(f"{folder} is not a folder of the library; see: iconface library list")

    def set_rules(self, root_id: int, change: Callable[[RestoreRules], RestoreRules], *, dry_run: bool = False) -> Row:
        """Change what is restored by itself in a folder; what does not change is only shown. Raises UsageError."""

        def apply(tx: Tx) -> RootRecord:
            root = tx.roots.get(root_id)
            before = rules_of(root)
            after = change(before)
            if after != before:
                set_rules(tx, root, after)
            return tx.roots.get(root_id)

        root = tried(self._gallery, apply, dry_run=dry_run)
        with self._gallery.begin(write=False) as tx:
            return self._row(root, tx.photos.count(root_id))

    def remove(self, root_id: int) -> int:
        """Forget a folder, its photos and faces, and the pictures of them; returns how many photos."""
        with self._gallery.begin() as tx:
            removed = tx.roots.remove(root_id)
            note_clearing(tx)
        clear_pictures(self._gallery, self._folders)
        return removed

    def _row(self, root: RootRecord, photos: int) -> Row:
        return {
            "root_id": root.id,
            "path": root.path,
            "online": root.online,
            "photos": photos,
            "last_scan_at": root.last_scan_at,
            "rules": rules_of(root).row(),
        }
