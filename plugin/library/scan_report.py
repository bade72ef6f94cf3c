"""How a folder differs from the gallery, and what a scan did about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gallery_db.records import PhotoStat, RootRecord
from iconface_core.reasons import Reason

from ..reasons import IN_FILE
from .bad_files import in_file
from .disk import DiskChanges
from .ignore import IgnoreRules
from .indexing import FileLook


@dataclass(frozen=True, slots=True)
class RootPlan:
    """One root that is online, and how it, or a part of it, differs from the gallery. `of` is how many photos the
    whole root has."""

    root: RootRecord
    rules: IgnoreRules
    known: dict[str, PhotoStat]
    changes: DiskChanges
    of: int


@dataclass(slots=True)
class ScanReport:
    """What a scan did. `failed` maps path to reason. `linked`: other names of photos, left
    out."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    back: int = 0
    missing: int = 0
    unchanged: int = 0
    restored: int = 0
    linked: int = 0
    faces: int = 0
    offline: list[Reason] = field(default_factory=list)
    failed: dict[str, Reason] = field(default_factory=dict)
    problems: list[Reason] = field(default_factory=list)

    def note(self, e: OSError) -> None:
        """A file or folder that could not be looked at."""
        self.problems.append(in_file(Path(e.filename), e))

    def count(self, seen: FileLook, plan: RootPlan) -> None:
        """What was seen in a file, or about a file that left its place."""
        old = plan.known.get(seen.file.path)
        if seen.gone:
            plan.changes.gone.extend([] if old is None else [old.id])
        elif seen.moved_from is not None and old is not None and old.id == seen.moved_from:
            self.back += old.state == "missing"
            self.unchanged += old.state != "missing"
        elif seen.moved_from is not None:
            self.moved += 1
        elif seen.restored:
            self.restored += 1
        elif seen.photo is None:
            assert seen.failure is not None, "a look finds a photo or says why not"
            self.failed[seen.file.path] = IN_FILE(path=seen.file.path, why=seen.failure)
        else:
            self.changed += old is not None
            self.new += old is None
            self.faces += len(seen.faces)

    def foresee(self, plans: Sequence[RootPlan]) -> None:
        """What a scan would do, without looking into any file."""
        for plan in plans:
            self.new += sum(f.path not in plan.known for f in plan.changes.todo)
            self.changed += sum(f.path in plan.known for f in plan.changes.todo)
            self.back += len(plan.changes.back)
            self.missing += len(plan.changes.gone)
