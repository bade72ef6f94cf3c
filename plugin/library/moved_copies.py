"""Restored copies that somebody moved or renamed: what is remembered of them follows.

A copy is known by its bytes. One that was edited has others: it is the user's, and is never followed.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from gallery_db import Gallery, Tx
from gallery_db.records import RestorationRecord
from iconface_core.errors import IconFaceError
from iconface_core.images.formats import content_hash, is_photo_name

from .disk import is_storable, vanished, why_offline


class MovedCopies:
    """Finds restored copies again. `folder` is the folder of restored copies, which nobody watches."""

    def __init__(self, gallery: Gallery, folder: Path) -> None:
        self.gallery, self._folder = gallery, folder

    def follow(self, tx: Tx, path: str, digest: str) -> bool:
        """One of our copies lies at `path`, with these bytes. Whether the restorations of one that is no longer where
        it was written name this path from now on."""
        rows = tx.restorations.with_bytes(digest)
        outputs = [r.output for r in rows if r.output is not None]
        lost = next((o for o in outputs if self._has_left(tx, o)), None)
        if path in outputs or lost is None:
            return False
        for row in rows:
            if row.output == lost:
                tx.restorations.set_output(row.id, path)
        return True

    def catch_up(self, records: Sequence[RestorationRecord] | None = None) -> int:
        """Look for the copies of these restorations (None: of all) that are not where they were written: where a scan
        saw them, and in the folder of restored copies. Returns how many were found.

        Costs a look at each copy's name; only when one is lost, also the names in that folder and the beginnings of
        files there that nobody knows."""
        with self.gallery.begin(write=False) as tx:
            if records is None:
                records = tx.restorations.history(states=("done",))
            lost = [r for r in records if r.output is not None and self._has_left(tx, r.output)]
            places = {p.path for digest in {r.output_sha256 or "" for r in lost} for p in tx.photos.by_hash(digest)}
            known = tx.restorations.outputs() if lost else frozenset()
        wanted = {r.output_sha256 for r in lost if r.output_sha256 is not None}
        originals = {r.input_sha256 for r in lost}
        found = 0
        for path in [*sorted(places), *(self._strangers(known) if lost else ())]:
            digest = _digest_of(path, originals)
            if digest in wanted:
                with self.gallery.begin() as tx:
                    found += self.follow(tx, path, digest)
        return found

    def recognise(self, path: str) -> bool:
        """Whether the file at `path` turned out to be a copy that was lost; its restorations name it now."""
        digest = _digest_of(path)
        if digest is None:
            return False
        with self.gallery.begin() as tx:
            return self.follow(tx, path, digest)

    def _has_left(self, tx: Tx, output: str) -> bool:
        """Whether nothing is there, though the drive is: the copy's own folder, or anything around it."""
        if not vanished(output):
            return False
        if Path(output).parent.is_dir():
            return True
        roots = [Path(r.path) for r in tx.roots.all()]
        around = [base for base in (self._folder, *roots) if Path(output).is_relative_to(base)]
        return bool(around) and why_offline(max(around, key=lambda b: len(b.parts)), 1) is None

    def _strangers(self, known: frozenset[str]) -> Iterator[str]:
        """Photos in the folder of restored copies that no restoration names."""
        for folder, names, files in os.walk(self._folder):
            names.sort()
            paths = (os.path.join(folder, name) for name in sorted(files) if is_photo_name(Path(name)))  # noqa: PTH118 - as in library.py: paths stay text
            yield from (path for path in paths if path not in known and is_storable(path))


def _digest_of(path: str, originals: Collection[str] | None = None) -> str | None:
    """The content of a copy of ours, made of one of these originals (None: of any). The mark at its beginning is read
    first, and of any other file nothing more."""
    from iconface_core.images.provenance import read_provenance  # decodes pictures; only for one that is lost

    try:
        mark = read_provenance(Path(path))
        if mark is None or (originals is not None and mark.source_sha256 not in originals):
            return None
        return content_hash(Path(path))
    except (IconFaceError, OSError):
        return None
