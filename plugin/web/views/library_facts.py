"""What the library page says: folders, problems with the way out of each, models, disk, backups. Nothing here loads a
model or reads a photo."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery_db import Gallery
from gallery_db.database.backups import list_backups
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord, RootRecord, RootTally
from iconface_core.errors import BackendUnavailableError
from iconface_core.models.catalogue import backend
from iconface_core.models.files import BUNDLED

from ...doctor import Check, examine
from ...folders import Folders
from ...languages import N_, _, ngettext
from ...library.auto_restore_rules import RestoreRules, rules_of
from ...library.disk import why_offline
from ...library.scan_jobs import read_again, scans_of
from ..words.jobs import JobWords
from ..words.reasons import on_page

if TYPE_CHECKING:
    from ...app import App

UNREADABLE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the library. `why` says why it is offline, None while it is there. `scan` is the job that looks
    through it or will, if there is one."""

    root: RootRecord
    tally: RootTally
    rules: RestoreRules
    why: str | None
    scan: JobRecord | None

    @property
    def name(self) -> str:
        """The folder's own name."""
        return Path(self.root.path).name or self.root.path


@dataclass(frozen=True, slots=True)
class Counts:
    """The library in numbers."""

    photos: int
    faces: int
    named: int
    unnamed: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Findings of doctor for a person: where to go about them, if a page of ours helps. `bad` so many are faults; 0:
    it works, and is only good to know."""

    title: str
    message: str
    way_out: str
    link: str | None
    bad: int


def folders(gallery: Gallery) -> list[Folder]:
    """All folders, in the order they were added. Looks whether each is there."""
    with gallery.begin(write=False) as tx:
        roots, tallies, scans = tx.roots.all(), tx.roots.tallies(), scans_of(tx)
    return [_folder(root, tallies.get(root.id, RootTally()), scans.get(root.id)) for root in roots]


def folder(gallery: Gallery, root_id: int) -> Folder:
    """One of them. Raises UnknownIdError."""
    with gallery.begin(write=False) as tx:
        root, tallies, scans = tx.roots.get(root_id), tx.roots.tallies(), scans_of(tx)
    return _folder(root, tallies.get(root.id, RootTally()), scans.get(root.id))


def counts(tx: Tx) -> Counts:
    """The whole library, whatever folder a photo is in."""
    photos, (named, unnamed) = tx.photos.counts(), tx.people.counts()
    return Counts(photos["indexed"], tx.faces.count(), named, unnamed, photos["failed"])


def unreadable(tx: Tx) -> dict[str, Any]:
    """The first unreadable photos with their reasons, and how many there are."""
    failed = list(tx.photos.find(states=("failed",)))
    words, waiting = JobWords(tx), read_again(tx)
    rows = [
        {
            "id": p.id,
            "name": Path(p.path).name,
            "where": words.place(p.path),
            "reason": "" if p.reason is None else on_page(p.reason),
            "waits": p.path in waiting,
        }
        for p in failed[:UNREADABLE_SHOWN]
    ]
    return {"rows": rows, "n": len(failed)}


def _folder(root: RootRecord, tally: RootTally, scan: JobRecord | None) -> Folder:
    offline = why_offline(Path(root.path), tally.photos + tally.missing)
    why = None if offline is None else on_page(offline)
    if why is None and not root.online:
        why = _("Many of its photos were gone when it was last looked through. Is a drive missing?")
    return Folder(root, tally, rules_of(root), why, scan)


def rules_stamp(rules: RestoreRules) -> str:
    """Stands for the rules a form was rendered with; see `stamps`."""
    return hashlib.sha256(json.dumps(rules.row()).encode()).hexdigest()[:16]


RULE_CHOICES: Mapping[str, tuple[tuple[float, str], ...]] = {
    "min_degradation": (
        (0.0, N_("every face that is not sharp")),
        (0.3, N_("clearly blurred faces")),
        (0.6, N_("only the worst")),
    ),
    "min_similarity": (
        (-1.0, N_("recognised is enough")),
        (0.5, N_("looks much like them")),
        (0.65, N_("unmistakable")),
    ),
    "min_references": (
        (0, N_("none is needed")),
        (1, N_("at least one")),
        (2, N_("at least two")),
        (4, N_("at least four")),
    ),
}
"""What the form offers for each number of a rule; `rule_choices` in words."""


def rule_choices() -> dict[str, list[tuple[float, str]]]:
    """Value and words of what the form offers, by the name of the number."""
    return {name: [(value, _(words)) for value, words in choices] for name, choices in RULE_CHOICES.items()}


_ABOUT: Mapping[str, tuple[str, str, str | None]] = {
    "database": (
        N_("The library’s database is damaged"),
        N_("Stop the background service, then put a backup back: iconface restore-backup"),
        "#backups",
    ),
    "disk": (N_("The disk is nearly full"), N_("Free some space before the next scan or backup."), "#disk"),
    "vectors": (
        N_("Some faces cannot be compared yet"),
        N_("Run once: iconface scan --re-embed. It can take a while and may be interrupted."),
        None,
    ),
    "model": (N_("A model’s file is not the one we know"), N_("Install it again: iconface models install"), "#models"),
    "extension": (
        N_("What another package adds does not work"),
        N_("The rest does. Update that package, or uninstall it."),
        None,
    ),
    "watch": (
        N_("A folder is compared every few minutes only"),
        N_("It works; new photos are noticed a little later."),
        None,
    ),
    "leftover": (N_("A file that is not needed could not be removed"), N_("Delete it yourself."), None),
}
"""By kind of check: title, way out, link."""

_SHOWN_ELSEWHERE = {"folder": "#folders", "photo": "#unreadable", "job": "/jobs"}
"""Of these the pages show each with its way out: here one line for all, with a link."""


def problems(app: "App", *, thorough: bool) -> list[Problem]:
    """What doctor finds. `thorough` reads the whole database and all model files: seconds."""
    found = [c for c in examine(app, thorough=thorough, runtimes=False) if not c.ok or c.polling]
    elsewhere = [_together(kind, same) for kind in _SHOWN_ELSEWHERE if (same := [c for c in found if c.check == kind])]
    return [*elsewhere, *(_problem(c) for c in found if c.check not in _SHOWN_ELSEWHERE)]


def _together(kind: str, checks: Sequence[Check]) -> Problem:
    n = len(checks)
    title = {
        "folder": ngettext("A folder is not there, or half empty", "{n} folders are not there, or half empty", n),
        "photo": ngettext("A photo cannot be read", "{n} photos cannot be read", n),
        "job": ngettext("A job did not work", "Some jobs did not work", n),
    }[kind]
    return Problem(title, "\n".join(c.message for c in checks), "", _SHOWN_ELSEWHERE[kind], n)


def _problem(check: Check) -> Problem:
    title, way_out, link = _ABOUT[check.check]
    return Problem(_(title), check.message, _(way_out), link, int(not check.ok))


def disk_used(where: Folders) -> list[tuple[str, int, str]]:
    """(what, bytes, what it is for). Walks the folders: not for every page."""
    database = sum(_size(where.database.with_name(where.database.name + s)) for s in ("", "-wal", "-shm"))
    return [
        (_("Library database"), database, _("names, faces and everything you decided")),
        (_("Search index"), _tree(where.vectors), _("made again whenever it is missing")),
        (_("Backups"), _tree(where.backups), _("copies of the database, one a day")),
        (_("Models"), _tree(where.models), _("those you installed yourself")),
        (_("Small pictures"), _tree(where.cache), _("made again whenever they are missing")),
        (_("Restored copies"), _tree(where.restored), _("your results, each a file of its own")),
    ]


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup; `at` in local time, `why` it was made."""

    name: str
    size: int
    at: datetime
    why: str


_WHY_MADE = {
    ".bak": N_("before an upgrade"),
    "manual": N_("made by hand"),
    "before-removing": N_("before a folder was removed"),
}


def backups(where: Folders) -> list[Backup]:
    """The latest first, those made before an upgrade among them."""
    found = []
    for path in list_backups(where.backups, where.data):
        stat = path.stat()
        by_itself = N_("made by itself")
        why = _(next((w for sign, w in _WHY_MADE.items() if sign in path.name), by_itself))
        found.append(Backup(path.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime), why))
    return found[::-1]


def licence_text(model_id: str) -> str | None:
    """The licence that ships beside a bundled model; None when it has none here. Raises BackendUnavailableError for an
    unknown model: the text is found by the model's id, never by a path."""
    for file in backend(model_id).files:
        path = BUNDLED / file.folder / "LICENSE"
        if file.bundled and path.is_file():
            return path.read_text("utf-8", errors="replace")
    return None


def has_licence(model_id: str) -> bool:
    """Whether `licence_text` has one."""
    try:
        return licence_text(model_id) is not None
    except BackendUnavailableError:
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _tree(folder: Path) -> int:
    return sum(_size(Path(at, name)) for at, _folders, names in os.walk(folder) for name in names)
