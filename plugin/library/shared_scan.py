"""A scan that several machines share.

One compares a folder with the gallery, all that see it look at its photos, in jobs of a few, and one does the rest when
nothing is left to look at. The gallery becomes what one machine would have made.
"""

from dataclasses import dataclass, fields
from itertools import islice

from gallery_db import Gallery, Tx
from gallery_db.records import Origin, RootRecord

from ..errors import BusyError
from ..job_kinds import enqueue_group, enqueue_looks, enqueue_settle
from ..job_payloads import LOOK, FileOnDisk, LookPayload, SettlePayload
from ..progress import Progress
from .disk import DiskChanges, FoundFile
from .library_scan import LibraryReport, LibraryScan
from .looks import add_missing_looks
from .moved_copies import MovedCopies
from .moved_photos import MovedPhotos
from .scan_locks import must_be_alone
from .scan_report import RootPlan, ScanReport
from .scanning import Scanner

STORE_AT_ONCE = 8
"""Photos that a worker stores in one transaction: what a crash costs, and what everybody else waits for."""

COUNTED = tuple(f.name for f in fields(ScanReport) if f.type is int)
"""What of a scan's report is a number."""


@dataclass(frozen=True, slots=True)
class SharedScan:
    """The steps of such a scan; each is one job, may be killed, and does nothing twice when it is done again."""

    gallery: Gallery
    scanner: Scanner
    copies: MovedCopies
    scans: LibraryScan
    max_pixels: int

    def begin(
        self, progress: Progress, root: RootRecord, *, accept_missing: bool, priority: int, origin: Origin
    ) -> tuple[ScanReport, int]:
        """Compare one root, store what only moved, and ask for looks at the rest. Returns how many jobs that are.

        Raises BusyError when an earlier scan of this root is not through yet.
        """
        report = ScanReport()
        with must_be_alone(self.gallery, root.id):
            with self.gallery.begin(write=False) as tx:
                if _open_looks(tx, root.id):
                    raise BusyError(f"photos of {root.path} are being looked at already")
            plan = self.scanner.plan(root, report)
            if plan is None:
                return report, 0
            same = MovedPhotos(self.gallery).same_files(plan.changes.todo)
            self.scanner.store_moved(plan, same, report, progress)
            files = [FileOnDisk(f.path, f.size, f.mtime_ns, f.inode) for f in plan.changes.todo if f.path not in same]
            report.unchanged += plan.changes.unchanged
            rest = SettlePayload(
                root.id,
                tuple(plan.changes.gone),
                tuple(plan.changes.back),
                plan.of,
                accept_missing,
                {what: getattr(report, what) for what in COUNTED},
            )
            with self.gallery.begin() as tx:
                looks = enqueue_looks(tx, root.id, files, priority=priority, origin=origin)
                enqueue_settle(tx, rest, priority=priority, origin=origin)
        return report, looks

    def look(self, progress: Progress, root: RootRecord, payload: LookPayload) -> tuple[ScanReport, list[int]]:
        """Look at these files, but for those that were by an earlier attempt. Returns the photos, too, whose files have
        gone since the walk."""
        report = ScanReport()
        with self.gallery.begin(write=False) as tx:
            known = tx.photos.known_at([f.path for f in payload.files])
        todo = [
            FoundFile(f.path, f.size, f.mtime_ns, f.inode)
            for f in payload.files
            if (old := known.get(f.path)) is None or (old.size, old.mtime_ns) != (f.size, f.mtime_ns)
        ]
        plan = RootPlan(root, self.scanner.rules_of(root), known, DiskChanges(todo, [], [], 0), 0)
        progress.total(len(todo))
        while todo:
            moved = MovedPhotos(self.gallery)
            seen = self.scanner.look_at(iter(todo), known, moved)
            todo = []
            while batch := list(islice(seen, STORE_AT_ONCE)):
                todo += self.scanner.store(plan, batch, report, progress, moved)
        return report, plan.changes.gone

    def settle(self, payload: SettlePayload, *, priority: int, origin: Origin) -> ScanReport | None:
        """What is left to do when all was looked at: mark what is gone or back, and ask for grouping. None: not all
        was."""
        root_id = payload.root_id
        with self.gallery.begin(write=False) as tx:
            if _open_looks(tx, root_id):
                return None
            root, known = tx.roots.get(root_id), tx.photos.known(root_id)
            looks = tx.jobs.find(kind=LOOK, states=("done",), root_id=root_id)
        report, gone = ScanReport(), list(payload.gone)
        for result in (payload.counts, *(look.progress or {} for look in looks)):
            for what in COUNTED:
                setattr(report, what, getattr(report, what) + int(result.get(what, 0)))
            gone += result.get("gone", ())
        here = {stat.id for stat in known.values()}
        changes = DiskChanges([], [i for i in dict.fromkeys(gone) if i in here], list(payload.back), 0)
        plan = RootPlan(root, self.scanner.rules_of(root), known, changes, payload.of)
        self.scanner.settle(plan, report, guarded=not payload.accept_missing, whole=True)
        self.copies.catch_up()
        add_missing_looks(self.gallery, max_pixels=self.max_pixels)
        with self.gallery.begin() as tx:
            for look in looks:
                tx.jobs.forget(look.id)
            enqueue_group(tx, root_id, priority=priority, origin=origin)
        return report

    def group(self, progress: Progress) -> LibraryReport:
        """Group what is undecided, if anything is. Raises BusyError when another machine is at it."""
        report = LibraryReport(ScanReport())
        self.scans.group(report, progress)
        return report


def _open_looks(tx: Tx, root_id: int) -> bool:
    return bool(tx.jobs.find(kind=LOOK, states=("waiting", "running"), root_id=root_id, limit=1))
