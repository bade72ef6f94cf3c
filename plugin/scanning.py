"""`iconface scan`: bring the gallery up to date with the disk, photo by photo, resumable at any point."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from gallery_db import Gallery
from gallery_db.records import PhotoStat, RootRecord
from iconface_core.image_io import is_photo_name

from .errors import BusyError, NotFoundError
from .indexing import Indexer, Seen, store
from .library import Changes, FoundFile, compare, half_empty, walk, why_offline
from .progress import Progress

GROUPING_PENDING = "grouping_pending"
"""Meta key set in the same transaction as new faces, so that a crash before grouping is made good by the next scan."""


@dataclass(slots=True)
class ScanReport:
    """What a scan did. `problems` are lines for a person; `failed` maps path to reason."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    missing: int = 0
    unchanged: int = 0
    restored: int = 0
    faces: int = 0
    offline: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@contextmanager
def only_one(lock_file: Path, what: str) -> Generator[None]:
    """Hold a lock that dies with the process. Raises BusyError at once when somebody else holds it."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout as e:
        raise BusyError(f"another {what} is running (lock {lock_file}); wait for it to end") from e
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class _Plan:
    """One root that is online, and how it differs from the gallery."""

    root: RootRecord
    known: dict[str, PhotoStat]
    changes: Changes


class Scanner:
    """Compares the roots with the gallery and looks at what is new or changed."""

    def __init__(self, gallery: Gallery, indexer: Indexer, *, workers: int, detector_id: str) -> None:
        self._gallery, self._indexer = gallery, indexer
        self._workers = workers or os.cpu_count() or 1
        self._detector_id = detector_id

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
        plans = [plan for root in roots if (plan := self._plan(root, report, retry_failed, dry_run)) is not None]
        for plan in plans:
            report.unchanged += plan.changes.unchanged
        if dry_run:
            _foresee(plans, report)
            return report
        progress.total(sum(len(plan.changes.todo) for plan in plans))
        # Shared by all roots, and popped by the looking threads: a file found again is claimed once, wherever it went.
        lost = {photo_id for plan in plans for photo_id in plan.changes.gone}
        gone = {
            stat.content_hash: stat.id
            for plan in plans
            for stat in plan.known.values()
            if stat.id in lost and stat.content_hash
        }
        for plan in plans:
            for seen in self._look_at(plan.changes.todo, lambda digest: gone.pop(digest, None)):
                self._store(plan, seen, report)
                progress.step(seen.file.path)
        for plan in plans:
            self._settle(plan, report, accept_missing)
        return report

    def _plan(self, root: RootRecord, report: ScanReport, retry_failed: bool, dry_run: bool) -> _Plan | None:
        with self._gallery.begin(write=False) as tx:
            known = tx.photos.known(root.id)
        reason = why_offline(Path(root.path), len(known))
        if not dry_run and (reason is None) != root.online:
            with self._gallery.begin() as tx:
                tx.roots.set_online(root.id, reason is None)
        if reason is not None:
            report.offline.append(reason)
            return None

        def problem(e: OSError) -> None:
            report.problems.append(f"{e.filename}: {e.strerror}")

        found = walk(Path(root.path), lambda name: is_photo_name(Path(name)), problem)
        return _Plan(root, known, compare(known, found, retry_failed=retry_failed))

    def _look_at(self, todo: Iterable[FoundFile], moved_from: Callable[[str], int | None]) -> Iterator[Seen]:
        """Look on several threads, a few photos ahead of the writer, yielding as they are ready."""
        todo = iter(todo)
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="look")
        running: set[Future[Seen]] = set()
        try:
            while True:
                room = 2 * self._workers - len(running)
                running |= {pool.submit(self._indexer.look, f, moved_from) for f in islice(todo, room)}
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _store(self, plan: _Plan, seen: Seen, report: ScanReport) -> None:
        with self._gallery.begin() as tx:
            changes = store(tx, seen, plan.root.id, self._detector_id)
            if changes is not None and (changes.new or changes.removed):
                tx.meta.set(GROUPING_PENDING, "1")
        if seen.moved_from is not None:
            report.moved += 1
        elif seen.restored:
            report.restored += 1
        elif seen.photo is None:
            report.failed[seen.file.path] = seen.failure or ""
        else:
            report.changed += seen.file.path in plan.known
            report.new += seen.file.path not in plan.known
            report.faces += len(seen.faces)

    def _settle(self, plan: _Plan, report: ScanReport, accept_missing: bool) -> None:
        """Mark what is gone or back, unless so much is gone that the drive is the likelier reason."""
        with self._gallery.begin() as tx:
            # Photos that moved have another path by now, here or in another root.
            now = {stat.id: path for path, stat in tx.photos.known(plan.root.id).items()}
            gone = [i for i in plan.changes.gone if now.get(i) in plan.known and not Path(now[i]).exists()]
            report.back += tx.photos.mark_present(plan.changes.back)
            if half_empty(len(plan.known), len(gone)) and not accept_missing:
                report.problems.append(
                    f"{plan.root.path}: {len(gone)} of {len(plan.known)} photos are gone at once; is a drive missing? "
                    "Nothing was marked. If you did delete them: iconface scan --accept-missing"
                )
            else:
                report.missing += tx.photos.mark_missing(gone)
            tx.roots.mark_scanned(plan.root.id)


def _foresee(plans: Sequence[_Plan], report: ScanReport) -> None:
    """What a scan would do, without looking into any file."""
    for plan in plans:
        report.new += sum(f.path not in plan.known for f in plan.changes.todo)
        report.changed += sum(f.path in plan.known for f in plan.changes.todo)
        report.back += len(plan.changes.back)
        report.missing += len(plan.changes.gone)
