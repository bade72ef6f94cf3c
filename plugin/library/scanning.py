"""`iconface scan`: bring the gallery up to date with the disk, photo by photo, resumable at any point."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import PhotoRecord, RootRecord

from ..errors import NotFoundError
from ..progress import Progress
from ..reasons import FOLDER_MOVED, MANY_GONE
from .disk import (
    FoundFile,
    KnownFile,
    compare,
    half_empty,
    is_storable,
    look_up,
    vanished,
    walk,
    why_offline,
)
from .ignore import IgnoreRules
from .indexing import FileLook, Indexer, store
from .moved_copies import MovedCopies
from .moved_photos import MovedPhotos, left_for
from .once import each_once
from .scan_report import RootPlan, ScanReport
from .still_there import before

GROUPING_PENDING = "grouping_pending"
"""Meta key set in the same transaction as new faces, so that a crash before grouping is made good by the next scan."""

TOGETHER = 100
"""So many moved photos are stored in one transaction: a folder that was renamed may hold thousands."""


class Scanner:
    """Compares the roots with the gallery and looks at what is new or changed. `own` are folders of ours, which are
    never searched for photos."""

    def __init__(
        self,
        gallery: Gallery,
        indexer: Indexer,
        copies: MovedCopies,
        *,
        workers: int,
        detector_id: str,
        own: Collection[Path] = (),
    ) -> None:
        self._gallery, self._indexer, self._copies = gallery, indexer, copies
        self._workers = workers or os.cpu_count() or 1
        self._detector_id, self._own = detector_id, own

    def scan(
        self,
        progress: Progress,
        *,
        only: Path | None = None,
        retry_failed: bool = False,
        accept_missing: bool = False,
        dry_run: bool = False,
    ) -> ScanReport:
        """Scan all roots, or the one that `only` is. Ctrl-C loses at most the photos being looked at.

        Raises NotFoundError when there is nothing to scan.
        """
        report = ScanReport()
        with self._gallery.begin(write=False) as tx:
            roots = [r for r in tx.roots.all() if only is None or Path(r.path) == only]
        if not roots:
            raise NotFoundError(
                f"{only} is not a folder of the library" if only else "no folder yet: iconface library add DIR"
            )
        plans = [
            plan for root in roots if (plan := self.plan(root, report, retry_failed=retry_failed, dry_run=dry_run))
        ]
        for plan in plans:
            report.unchanged += plan.changes.unchanged
        if dry_run:
            report.foresee(plans)
            return report
        left = left_for(self._gallery, (f for plan in plans for f in plan.changes.todo)) if report.offline else []
        self.look_and_store(plans, report, progress, left)
        for plan in plans:
            self.settle(plan, report, guarded=not accept_missing, whole=True)
        self._say_who_left(left, report)
        return report

    def _say_who_left(self, left: Sequence[int], report: ScanReport) -> None:
        """Of folders whose photos were found elsewhere, say so instead of asking for the drive."""
        with self._gallery.begin(write=False) as tx:
            roots = [(tx.roots.get(i), tx.photos.count(i)) for i in left]
        for root, photos in roots:
            report.offline = [reason for reason in report.offline if reason.params["path"] != root.path]
            report.offline.append(FOLDER_MOVED(path=root.path, photos=photos))

    def update(
        self,
        progress: Progress,
        root_id: int,
        paths: Sequence[str],
        *,
        retry_failed: bool = False,
        guarded: bool = False,
    ) -> ScanReport:
        """Bring only these absolute paths of one root up to date: files that came or changed, and what is gone.

        A folder stands for the known photos below it that are gone; what is new in it must be named. `guarded` doubts
        that many photos vanish at once, as a scan does. Raises UnknownIdError for an unknown root.
        """
        report = ScanReport()
        with self._gallery.begin(write=False) as tx:
            root = tx.roots.get(root_id)
            every = [self.rules_of(r) for r in tx.roots.all()]
            of = tx.photos.count(root_id)
        if self._is_offline(root, of, report):
            return report
        rules = self.rules_of(root)
        found: list[FoundFile] = []
        folders: list[str] = []
        storable = [p for p in dict.fromkeys(paths) if is_storable(p)]
        for path in storable:
            if vanished(path) or os.path.isdir(path):  # noqa: PTH112 - paths stay text here
                folders.append(path)
            elif not rules.ignores(path):
                file = look_up(path, report.note)
                found += [] if file is None else [file]
        with self._gallery.begin(write=False) as tx:
            known = tx.photos.known_at(storable, folders)
        once = self._each_once({f.path: f for f in found}.values(), known, every, report)
        changes = compare(known, once, retry_failed=retry_failed)
        report.unchanged += changes.unchanged
        plan = RootPlan(root, rules, known, changes, of)
        self.look_and_store([plan], report, progress)
        self.settle(plan, report, guarded=guarded, whole=False)
        return report

    def _each_once(
        self,
        walked: Iterable[FoundFile],
        known: Mapping[str, KnownFile],
        every: Sequence[IgnoreRules],
        report: ScanReport,
    ) -> Iterator[FoundFile]:
        """Without other names of the same photos, which the report counts."""

        def counted() -> Iterator[FoundFile]:
            for file in walked:
                report.linked += 1
                yield file

        for file in each_once(counted(), known, every, self._with_inodes):
            report.linked -= 1
            yield file

    def _with_inodes(self, inodes: Sequence[int]) -> Sequence[PhotoRecord]:
        with self._gallery.begin(write=False) as tx:
            return tx.photos.with_inodes(inodes)

    def rules_of(self, root: RootRecord) -> IgnoreRules:
        """What is passed over in a root."""
        return IgnoreRules(root.path, self._own)

    def plan(
        self, root: RootRecord, report: ScanReport, *, retry_failed: bool = False, dry_run: bool = False
    ) -> RootPlan | None:
        """Walk through a root and tell how it differs from the gallery. None, and a word in the report, when it is
        offline."""
        with self._gallery.begin(write=False) as tx:
            known = tx.photos.known(root.id)
            every = [self.rules_of(r) for r in tx.roots.all()]
        if self._is_offline(root, len(known), report, dry_run=dry_run):
            return None
        rules = self.rules_of(root)
        walked = walk(Path(root.path), report.note, rules=rules)
        found = self._each_once(walked, known, every, report)
        return RootPlan(root, rules, known, compare(known, found, retry_failed=retry_failed), len(known))

    def _is_offline(self, root: RootRecord, known: int, report: ScanReport, *, dry_run: bool = False) -> bool:
        reason = why_offline(Path(root.path), known)
        if reason is None:
            return False
        if root.online and not dry_run:
            with self._gallery.begin() as tx:
                tx.roots.set_online(root.id, False)
        report.offline.append(reason)
        return True

    def look_and_store(
        self, plans: Sequence[RootPlan], report: ScanReport, progress: Progress, left: Sequence[int] = ()
    ) -> None:
        # One for all roots: a file found again is claimed once, wherever it went.
        moved = MovedPhotos(self._gallery, left)
        same = moved.same_files([f for plan in plans for f in plan.changes.todo])
        progress.total(sum(len(plan.changes.todo) for plan in plans))
        # Moves first: what is read into a path must not fall to the photo that has left it.
        for plan in plans:
            self.store_moved(plan, same, report, progress)
        for plan in plans:
            for seen in self.look_at((f for f in plan.changes.todo if f.path not in same), plan.known, moved):
                self.store(plan, [seen], report, progress)

    def store_moved(self, plan: RootPlan, same: Mapping[str, int], report: ScanReport, progress: Progress) -> None:
        """Write down which of the files are known photos that moved: `same` is path to photo."""
        found_again = [FileLook(f, moved_from=same[f.path]) for f in plan.changes.todo if f.path in same]
        for start in range(0, len(found_again), TOGETHER):
            self.store(plan, found_again[start : start + TOGETHER], report, progress)

    def look_at(
        self, todo: Iterator[FoundFile], known: Mapping[str, KnownFile], moved: MovedPhotos
    ) -> Iterator[FileLook]:
        """Look on several threads, a few photos ahead of the writer, yielding as they are ready."""

        def look(file: FoundFile) -> FileLook:
            return self._indexer.look(
                file,
                lambda digest: moved.same_content(file, digest),
                lambda digest, embedder: (
                    before(self._gallery, file.path, digest, embedder) if file.path in known else None
                ),
            )

        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="look")
        running: set[Future[FileLook]] = set()
        try:
            while True:
                room = 2 * self._workers - len(running)
                running |= {pool.submit(look, f) for f in islice(todo, room)}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def store(
        self,
        plan: RootPlan,
        batch: Sequence[FileLook],
        report: ScanReport,
        progress: Progress,
        moved: MovedPhotos | None = None,
    ) -> list[FoundFile]:
        """Write down what was seen, in one transaction. Returns the files to be looked at again: with `moved`, those
        whose photo was found elsewhere, by another machine, in the meantime."""
        with self._gallery.begin() as tx:
            taken = [s for s in batch if moved and s.moved_from and not moved.still_free(tx, s.moved_from)]
            batch = [s for s in batch if s not in taken]
            for seen in batch:
                changes = store(tx, seen, plan.root.id, self._detector_id)
                if seen.restored:
                    self._copies.follow(tx, seen.file.path, seen.content_hash or "")
                if changes is not None and (changes.new or changes.removed):
                    tx.meta.set(GROUPING_PENDING, "1")
        for seen in batch:
            report.count(seen, plan)
            progress.step(seen.file.path)
        return [s.file for s in taken]

    def settle(self, plan: RootPlan, report: ScanReport, *, guarded: bool, whole: bool) -> None:
        """Mark what is gone or back, unless so much is gone that the drive is the likelier reason."""
        paths = {stat.id: path for path, stat in plan.known.items()}
        with self._gallery.begin(write=False) as tx:
            # Photos that moved have another path by now, here or in another root.
            here = {stat.id for stat in tx.photos.known_at([paths[i] for i in plan.changes.gone]).values()}
        # The disk is asked before the writing begins: a share may take its time, and nobody else can write then.
        lost = [i for i in plan.changes.gone if i in here]
        gone = [i for i in lost if vanished(paths[i])]
        ignored = [i for i in set(lost) - set(gone) if plan.rules.ignores(paths[i])]
        doubtful = guarded and half_empty(plan.of, len(gone))
        with self._gallery.begin() as tx:
            report.back += tx.photos.mark_present(plan.changes.back)
            report.missing += tx.photos.mark_missing(ignored if doubtful else gone + ignored)
            if doubtful:
                report.problems.append(MANY_GONE(path=plan.root.path, gone=len(gone), of=plan.of))
            if doubtful or whole:
                tx.roots.set_online(plan.root.id, not doubtful)
            if whole:
                tx.roots.mark_scanned(plan.root.id)
