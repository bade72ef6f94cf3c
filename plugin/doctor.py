"""`iconface doctor`: is everything as it should be? Reads only."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.records import JobRecord
from iconface_core.errors import IconFaceError

from .exporters.registry import find_exporters
from .extensions import OURS
from .file_managers.added import added_menus
from .file_managers.registry import integrations
from .installed_files.own_files import UserFolders
from .library.disk import why_offline
from .library.watch_limits import WATCHED
from .name_sources.registry import find_name_sources
from .reason_words import in_words
from .restoring.presence import presence
from .rows import Row
from .service.control import ask
from .unfinished import left_over

if TYPE_CHECKING:
    from .app import App

FAILED_SHOWN = 20
"""At most so many failed jobs, the latest."""

LOW_DISK = 500_000_000
"""Below this many free bytes a scan or a backup may not finish."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `check` names the kind: database, disk, folder, watch, vectors, model, identifier, restorer,
    extension, photo, leftover, job, service. `polling`: of a folder that works, but is compared now and then only."""

    check: str
    ok: bool
    message: str
    polling: bool = False

    def row(self) -> Row:
        """The JSON row."""
        return {"check": self.check, "ok": self.ok, "message": self.message}


def examine(app: "App", *, thorough: bool = True, runtimes: bool = True) -> list[Check]:
    """All findings, good and bad. `thorough` also reads the whole database and all model files; `runtimes` may import a
    model runtime to ask it."""
    return [
        *(_database(app) if thorough else ()),
        *_disk(app),
        *_folders(app),
        *_watching(app),
        *_vectors(app),
        *(_models(app) if thorough else ()),
        *_damaged(app),
        *(_restorer(app) if runtimes else ()),
        *_extensions(app, runtimes=runtimes),
        *_photos(app),
        *_left_over(app),
        *_jobs(app),
    ]


def _database(app: "App") -> Iterator[Check]:
    problems = app.gallery.check()
    yield Check("database", not problems, "; ".join(problems) or f"{app.gallery.shown} is intact")


def _disk(app: "App") -> Iterator[Check]:
    free = shutil.disk_usage(app.settings.folders.data).free
    yield Check("disk", free >= LOW_DISK, f"{free / 1e9:.1f} GB free at {app.settings.folders.data}")


def _folders(app: "App") -> Iterator[Check]:
    rows = app.roots.rows()
    if not rows:
        yield Check("folder", True, "no folder yet: iconface library add DIR")
    for row in rows:
        offline = why_offline(Path(row["path"]), row["photos"])
        reason = None if offline is None else in_words(offline)
        seen = f"last scan {row['last_scan_at'][:16]} UTC" if row["last_scan_at"] else "never scanned: iconface scan"
        half = (
            None
            if row["online"]
            else f"{row['path']}: offline or half empty when last looked at; iconface scan says more"
        )
        yield Check(
            "folder", (reason or half) is None, reason or half or f"{row['path']}: {row['photos']} photos, {seen}"
        )


def _watching(app: "App") -> Iterator[Check]:
    """How the folders were watched last. Polling works; what it costs, and the way out, is said."""
    with app.gallery.begin(write=False) as tx:
        watched = json.loads(tx.meta.get(WATCHED) or "{}")
    for row in app.roots.rows():
        last = watched.get(str(row["root_id"]))
        if last is None:
            yield Check("watch", True, f"{row['path']}: never watched; iconface watch, or iconface service install")
        elif last["mode"] == "polling":
            said = f"{row['path']}: compared every few minutes, because {last['reason']}"
            yield Check("watch", True, said, polling=True)


def _vectors(app: "App") -> Iterator[Check]:
    with app.gallery.begin(write=False) as tx:
        counts = tx.faces.embedders()
        lacking = len(tx.faces.missing(app.embedder.id, limit=10_000))
    have = counts.get(app.embedder.id, 0)
    yield Check(
        "vectors",
        lacking == 0,
        f"{have} faces have {app.embedder.id} vectors"
        + (f", {lacking} lack them: iconface scan --re-embed" if lacking else ""),
    )


def _models(app: "App") -> Iterator[Check]:
    for row in app.model_store.verify():
        yield Check("model", row["ok"], f"{row['id']}, {Path(row['file']).name}: {row['message']}")


def _damaged(app: "App") -> Iterator[Check]:
    """Who knows faces through damage. Without it damaged faces are asked about more often."""
    if (found := app.through_damage) is not None:
        twins = ""
        if found.twins is not None:
            with app.gallery.begin(write=False) as tx:
                count = tx.faces.embedders().get(found.twins.id, 0)
            twins = f", and compared with the damaged twins of {count} clear faces"
        yield Check("identifier", True, f"damaged faces are identified through {found.id} too{twins}")
        return
    lacks = "nothing that comes with iconface sees them through damage"
    for spec in app.registry.identifiers:
        if spec.base == app.embedder.id:
            missing = spec.missing(app.settings.folders.models)
            lacks = f"{spec.id} is not installed" if missing else f"nobody measured what {spec.id} says"
    yield Check("identifier", True, f"damaged faces are identified by {app.embedder.id} alone: {lacks}")


def _restorer(app: "App") -> Iterator[Check]:
    """The best one that comes with iconface, without which the next one restores; and what was pulled besides."""
    best, context = app.registry.restorers[0], app.backends.with_embedders(app.serving_embedders)
    reasons = best.reasons(context)
    message = f"{best.label} can run" if not reasons else f"no {best.label}: " + "; ".join(reasons)
    yield Check("restorer", True, message)
    added = {e.value.id for e in app.registry.added}
    for spec in app.registry.restorers:
        if not spec.automatic and spec.id not in added and not spec.missing(context.models):
            reasons = spec.reasons(context)
            yield Check(
                "restorer", True, f"{spec.label} {'cannot run: ' + '; '.join(reasons) if reasons else 'can run'}"
            )


def _extensions(app: "App", *, runtimes: bool) -> Iterator[Check]:
    """What other packages add. An entry point that is of no use is a fault of its package, and one line here."""
    context = app.backends.with_embedders(app.serving_embedders)
    for added in app.registry.added:
        spec = added.value
        try:
            reasons = spec.reasons(context) if runtimes else spec.missing(context.models)
        except IconFaceError as e:
            yield Check("extension", False, str(e))
            continue
        # Its weights may be missing, as ours may.
        state = "cannot run: " + "; ".join(reasons) if reasons else "can run" if runtimes else "is installed"
        yield Check("extension", True, f"{spec.id} ({spec.role}, from {added.origin}) {state}")
    places = UserFolders.of(os.environ, Path.home(), app.settings.folders.data)
    menus, menu_problems = added_menus(places, ("iconface",), [i.name for i in integrations(places, ("iconface",))])
    exporters, exporter_problems = find_exporters()
    sources, source_problems = find_name_sources()
    for kind, found in (("file manager", menus), ("exporter", exporters), ("name source", sources)):
        for name, origin in ((e.value.name, e.origin) for e in found if e.origin != OURS):
            yield Check("extension", True, f"{name} ({kind}, from {origin}) is there")
    for problem in (*app.registry.problems, *menu_problems, *exporter_problems, *source_problems):
        yield Check("extension", False, str(problem))


def _photos(app: "App") -> Iterator[Check]:
    with app.gallery.begin(write=False) as tx:
        failed = list(tx.photos.find(states=("failed",)))
        counts = tx.photos.counts()
    for photo in failed:
        why = "nobody knows why" if photo.reason is None else in_words(photo.reason)
        yield Check("photo", False, f"{photo.path}: {why}")
    if counts["missing"]:
        yield Check("photo", True, f"{counts['missing']} photos are missing; their faces and names are kept")
    yield Check("photo", True, f"{counts['indexed']} photos indexed, {counts['restored']} restored copies left out")


def _left_over(app: "App") -> Iterator[Check]:
    """What a killed command left, when the start of this one could not sweep it."""
    for path in left_over(app.settings.folders):
        yield Check("leftover", False, f"{path}: left by a command that was killed, and cannot be removed; delete it")
    with app.gallery.begin(write=False) as tx:
        unwanted = [r for r in tx.restorations.history(states=("rejected", "undone")) if presence(r) == "there"]
        again = {r.output for r in tx.restorations.history(states=("done",))}
    for output in sorted({str(r.output) for r in unwanted if r.output not in again}):
        yield Check("leftover", False, f"{output}: you did not want this copy, and it is still there; delete it")


def _jobs(app: "App") -> Iterator[Check]:
    with app.gallery.begin(write=False) as tx:
        failed, paused = tx.jobs.find(states=("failed",)), tx.jobs.paused()
    for job in failed[-FAILED_SHOWN:]:
        yield Check("job", False, f"job {job.id} ({job.kind}): {_why(job)}; iconface jobs retry {job.id}")
    if len(failed) > FAILED_SHOWN:
        yield Check("job", False, f"{len(failed) - FAILED_SHOWN} more failed: iconface jobs list --failed")
    if paused:
        yield Check("job", True, "the queue is paused: iconface jobs resume")
    running = ask(app.settings.folders.runtime, "ping") is not None
    yield Check("service", True, "the service runs" if running else "the service is not running")


def _why(job: JobRecord) -> str:
    return "" if job.error is None else in_words(job.error)
