"""The folders of the library: which there are, and whether one may be added."""

from collections.abc import Callable
from pathlib import Path

from gallery_db import Gallery, Tx
from gallery_db.records import AtStake, RootRecord

from ..dry_run import tried
from ..errors import NotFoundError, UsageError
from ..folders import Folders
from ..paths import absolute
from ..rows import Row
from ..unfinished import clear_pictures, note_clearing
from .auto_restore_rules import RestoreRules, rules_of, set_rules
from .disk import same_folder
from .scan_jobs import cancel_scans


class Roots:
    """Adds, lists and removes library folders."""

    def __init__(self, gallery: Gallery, folders: Folders) -> None:
        self._gallery, self._folders = gallery, folders

    def add(self, folder: Path, *, dry_run: bool = False) -> Row:
        """Add a folder, or only check that it may be added.

        A folder is known by what it is: added under another spelling, a link or another mount, it is the one that is in
        the library already. Raises NotFoundError when it is not there, UsageError when our own state lies inside it.
        """
        folder = self._usable(folder)
        root = tried(self._gallery, lambda tx: tx.roots.add(self._as_known(tx, folder)), dry_run=dry_run)
        with self._gallery.begin(write=False) as tx:
            return self._row(root, tx.photos.count(root.id))

    def move(self, folder: Path, to: Path, *, dry_run: bool = False) -> tuple[Row, int]:
        """A folder of the library lies at `to` now: everything known of its photos stays with them. Returns it and the
        number of its photos; the next scan looks whether they are what they were.

        Raises NotFoundError when `folder` is not in the library or `to` is not there, UsageError when `to` holds none
        of the photos."""
        root, photos = self.find(folder)
        to = self._usable(to)
        with self._gallery.begin(write=False) as tx:
            known = list(tx.photos.known(root.id))
            to = self._as_known(tx, to, but=root.id)
        if known and not any((to / Path(p).relative_to(root.path)).exists() for p in known if p.startswith(root.path)):
            raise UsageError(
                f"{to} holds none of the {photos} photos known in {root.path}: is it the right folder? If they are "
                "there under other names: iconface library add NEW; iconface scan finds them by their content"
            )

        def verb(tx: Tx) -> RootRecord:
            tx.roots.move(root.id, to)
            return tx.roots.get(root.id)

        moved = tried(self._gallery, verb, dry_run=dry_run)
        return self._row(moved, photos), photos

    def move_back(self, root_id: int, *, now: Path, before: Path) -> Row:
        """Take a move back: the folder is missed again, or lies, at `before`, with everything known of its photos. What
        a move made one with another folder of the library stays one.

        Raises UsageError when it is not at `now` any more, UnknownIdError for an unknown root."""
        with self._gallery.begin() as tx:
            if tx.roots.get(root_id).path != str(now):
                raise UsageError(f"{now} is not the place of this folder any more: look at the folders again")
            photos = tx.roots.move(root_id, before)
            tx.roots.set_online(root_id, before.is_dir())
            return self._row(tx.roots.get(root_id), photos)

    def _usable(self, folder: Path) -> Path:
        """An absolute folder that may be one of the library."""
        folder = absolute(folder)
        if not folder.is_dir():
            raise NotFoundError(f"{folder} is not a folder; is the drive mounted?")
        if own := self.own_inside(folder):
            raise UsageError(
                f"{folder} contains iconface's own data ({own}); choose another --home outside your photos"
            )
        return folder

    def _as_known(self, tx: Tx, folder: Path, *, but: int | None = None) -> Path:
        """The path under which this folder is in the library, or `folder` when it is not. Raises UsageError when it
        lies, by another spelling, in a folder of the library."""
        roots = [Path(r.path) for r in tx.roots.all() if r.id != but]
        for known in roots:
            if folder != known and same_folder(folder, known):
                return known
            around = next((p for p in folder.parents if same_folder(p, known)), None)
            if around is not None and not folder.is_relative_to(known):
                inside = known / folder.relative_to(around)
                raise UsageError(f"{folder} is {inside}, in a folder of the library: a photo belongs to one folder")
        return folder

    def own_inside(self, folder: Path) -> Path | None:
        """The first of our own folders that lies in `folder`, which therefore cannot be a library."""
        own = (self._folders.data, self._folders.cache, self._folders.state)
        return next((f for f in own if f.is_relative_to(folder)), None)

    def rows(self) -> list[Row]:
        """All folders with their number of photos."""
        with self._gallery.begin(write=False) as tx:
            return [self._row(r, tx.photos.count(r.id)) for r in tx.roots.all()]

    def find(self, folder: Path) -> tuple[RootRecord, int]:
        """A folder of the library, however its path is spelt, and its number of photos. Raises NotFoundError."""
        folder = absolute(folder)
        with self._gallery.begin(write=False) as tx:
            roots = tx.roots.all()
            exact = (r for r in roots if Path(r.path) == folder)
            alike = (r for r in roots if same_folder(Path(r.path), folder))
            root = next(exact, None) or next(alike, None)
            if root is not None:
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

    def at_stake(self, root_id: int) -> AtStake:
        """What people decided about a folder's faces, which goes with it."""
        with self._gallery.begin(write=False) as tx:
            return tx.roots.at_stake(root_id)

    def remove(self, root_id: int) -> int:
        """Forget a folder, its photos and faces, and the pictures of them, and look through it no more; returns how
        many photos. Raises UnknownIdError."""
        with self._gallery.begin() as tx:
            cancel_scans(tx, root_id)
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


def in_words(lost: AtStake) -> str:
    """What was decided about a folder's faces, as "3 confirmed, 1 rejected"; empty when nothing was."""
    counts = {
        "confirmed": lost.confirmed,
        "rejected": lost.rejected,
        "ignored": lost.ignored,
        "drawn by hand": lost.drawn,
    }
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n)
