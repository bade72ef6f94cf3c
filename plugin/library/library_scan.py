"""The whole of `iconface scan`: look for changes, make missing vectors, group, back up. One process at a time."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from gallery_db import Gallery, Tx
from gallery_db.errors import BackupError
from iconface_core.reasons import Reason

from ..error_reasons import reason_of
from ..errors import BusyError
from ..folders import Folders
from ..people.regrouping import FULL_PASS_UP_TO, Grouper
from ..progress import Progress
from ..reason_words import all_in_words
from ..reasons import NO_DAILY_BACKUP
from .missing import Missing
from .moved_copies import MovedCopies
from .scan_locks import must_be_alone, only_one
from .scan_report import ScanReport
from .scanning import GROUPING_PENDING, Scanner

GROUPED_UP_TO = "grouped_up_to"
"""Meta key: the highest face id that grouping has seen, so that a large library places only its new faces."""
_NEW_SHARE = 20
"""When more than one face in so many is new, all are grouped again."""


@dataclass(slots=True)
class LibraryReport:
    """What a scan did to the library; `people_new` and `people_gone` count unnamed people made or dissolved."""

    scan: ScanReport
    re_embedded: int = 0
    grouped: bool = False
    joined: int = 0
    moved: int = 0
    left: int = 0
    people_new: int = 0
    people_gone: int = 0
    proposals: int = 0
    people: int = 0
    faces: int = 0
    failed_vectors: dict[str, Reason] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 well, 5 when a folder is offline or looks half empty, or there is no backup of today. Unreadable files are
        `doctor`'s, not a failure."""
        return 5 if self.scan.offline or self.scan.problems else 0

    def lines(self, dry_run: bool) -> list[str]:
        """The same for a person."""
        s = self.scan
        verb = "to read" if dry_run else "read"
        out = [f"photos: {s.new} new and {s.changed} changed {verb}, {s.unchanged} unchanged"]
        out += [
            f"        {n} {what}" for n, what in ((s.moved, "moved"), (s.missing, "missing"), (s.back, "back")) if n
        ]
        if s.restored:
            out.append(f"        {s.restored} restored by iconface, left out")
        if s.linked:
            out.append(f"        {s.linked} are links to photos that are there already, left out")
        if s.failed:
            out.append(f"        {len(s.failed)} could not be read; see: iconface doctor")
        if not dry_run:
            out.append(f"faces:  {s.faces} in the photos read, {self.faces} in all; {self.people} people")
        if self.re_embedded:
            out.append(f"        {self.re_embedded} new vectors")
        if self.proposals:
            out.append(f"        {self.proposals} questions for you; see: iconface people questions, or iconface web")
        return [*out, *all_in_words(s.offline), *all_in_words(s.problems)]


class LibraryScan:
    """Runs scans. `missing` fills the vectors of the preferred embedder, and `preferred` groups by them then."""

    def __init__(
        self,
        gallery: Gallery,
        scanner: Scanner,
        copies: MovedCopies,
        grouper: Grouper,
        preferred: Grouper,
        missing: Missing,
        folders: Folders,
    ) -> None:
        self._gallery, self._scanner, self._copies = gallery, scanner, copies
        self._grouper, self._preferred, self._missing = grouper, preferred, missing
        self._folders = folders

    def run(
        self,
        progress: Progress,
        *,
        only: Path | None = None,
        re_embed: bool = False,
        retry_failed: bool = False,
        accept_missing: bool = False,
        dry_run: bool = False,
    ) -> LibraryReport:
        """Scan, then group what is undecided. Raises BusyError when another process scans."""
        with only_one(self._folders.scan_lock, "scan"), must_be_alone(self._gallery, *self._roots(only)):
            scan = self._scanner.scan(
                progress, only=only, retry_failed=retry_failed, accept_missing=accept_missing, dry_run=dry_run
            )
            report = LibraryReport(scan)
            if dry_run:
                return report
            self._copies.catch_up()
            self._missing.looks()
            if re_embed:
                report.re_embedded, report.failed_vectors = self._missing.vectors(progress)
            self.group(report, progress, re_embed=re_embed)
            try:
                self._gallery.daily_backup(self._folders.backups)
            except BackupError as e:  # what was scanned is kept, and said
                scan.problems.append(NO_DAILY_BACKUP(why=reason_of(e)))
        return report

    def update(
        self,
        progress: Progress,
        root_id: int,
        paths: Sequence[str],
        *,
        retry_failed: bool = False,
        guarded: bool = False,
    ) -> LibraryReport:
        """Look at these paths of one root only (`Scanner.update`), then place the new faces.

        Raises BusyError when another process scans, UnknownIdError for an unknown root.
        """
        with only_one(self._folders.scan_lock, "scan"):
            scan = self._scanner.update(progress, root_id, paths, retry_failed=retry_failed, guarded=guarded)
            report = LibraryReport(scan)
            with self._gallery.begin(write=False) as tx:
                new = tx.faces.last_id() > int(tx.meta.get(GROUPED_UP_TO) or 0)
            if new:
                self._group(self._grouper, report, quick=True)
        return report

    def group(self, report: LibraryReport, progress: Progress, *, re_embed: bool = False) -> None:
        """Group what is undecided. `re_embed`: by the preferred embedder, whose vectors are all there now. Raises
        BusyError when another machine groups."""
        with self._gallery.begin(write=False) as tx:
            pending = tx.meta.get(GROUPING_PENDING) == "1" or report.re_embedded > 0
            # A gallery of an older release never kept its questions.
            pending = pending or (tx.meta.get(GROUPED_UP_TO) is not None and tx.questions.asked_at() is None)
        if pending:
            self._group(self._preferred if re_embed else self._grouper, report)
        self._missing.twins(progress)
        with self._gallery.begin(write=False) as tx:
            report.people, report.faces = len(tx.people.find()), tx.faces.count()

    def _roots(self, only: Path | None) -> list[int]:
        with self._gallery.begin(write=False) as tx:
            return [r.id for r in tx.roots.all() if only is None or Path(r.path) == only]

    def _group(self, grouper: Grouper, report: LibraryReport, *, quick: bool = False) -> None:
        """`quick`: only place the new faces, and leave the full pass to the next scan."""
        with ExitStack() as stack:
            if self._gallery.shared and not stack.enter_context(self._gallery.only_one("group")):
                raise BusyError("another machine groups faces; wait for it to end")
            self._group_alone(grouper, report, quick=quick)

    def _group_alone(self, grouper: Grouper, report: LibraryReport, *, quick: bool) -> None:
        with self._gallery.begin(write=False) as tx:
            up_to = int(tx.meta.get(GROUPED_UP_TO) or 0)
            new = tx.faces.groupable(after_id=up_to)
            few = not tx.faces.at_least(_NEW_SHARE * len(new))
            full = few or not (quick or tx.faces.at_least(FULL_PASS_UP_TO + 1))
            stored = _stored(tx)
        proposals: Sequence[object]
        if full:
            changes, grouping = grouper.full()
            proposals = grouping.proposals
        else:
            changes, decisions = grouper.quick(new)
            proposals = [d.proposal for d in decisions if d.proposal is not None]
        with self._gallery.begin() as tx:
            if (full or not quick) and _stored(tx) == stored:  # another machine may have stored photos meanwhile
                tx.meta.set(GROUPING_PENDING, None)
            tx.meta.set(GROUPED_UP_TO, str(max(new.tolist(), default=up_to)))
        report.grouped = True
        report.joined, report.moved, report.left = len(changes.joined), len(changes.moved), len(changes.left)
        report.people_new, report.people_gone = len(changes.new_people), len(changes.removed_people)
        report.proposals = len(proposals)


def _stored(tx: Tx) -> tuple[int, int]:
    """Changes with every face that is stored or removed."""
    return tx.faces.last_id(), tx.faces.count()
