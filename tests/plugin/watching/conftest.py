"""A library that is watched, and a stand-in for the worker process: the same handlers, run in this process."""

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from gallery_db.records import JobRecord
from plugin.app import App, build_app
from plugin.jobs.context import JobContext
from plugin.jobs.registry import HANDLERS
from plugin.settings import load_settings
from plugin.watching.root_watch import WatchOptions
from plugin.watching.watcher import LibraryWatcher
from tests.support.waiting import until

QUICK = WatchOptions(quiet_s=0.15, network_quiet_s=0.15, poll_s=0.3, check_s=0.2, doubt_s=60.0, busy_s=0.05)


@dataclass(repr=False)
class Watched:
    """An app over one root, and the watcher once it is started."""

    app: App
    root: Path
    events: list[Mapping[str, Any]] = field(default_factory=list)
    results: list[tuple[JobRecord, Mapping[str, Any]]] = field(default_factory=list)
    _watcher: LibraryWatcher | None = None

    @property
    def watcher(self) -> LibraryWatcher:
        assert self._watcher is not None, "watch() starts it"
        return self._watcher

    def watch(self, options: WatchOptions = QUICK, **more: Any) -> LibraryWatcher:
        """Start watching, and wait until the first comparison was enqueued and done."""
        own = (self.app.settings.folders.restored,)
        self._watcher = LibraryWatcher(self.app.gallery, options, own=own, tell=self.events.append, roots_s=0.1, **more)
        self.watcher.start()
        until(lambda: self.told("events") or self.told("polling") or self.told("offline"))
        return self.watcher

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        return [e for e in self.events if e["event"] == kind]

    def work(self) -> list[Mapping[str, Any]]:
        """Do the jobs that are due; their results."""
        done: list[Mapping[str, Any]] = []
        while True:
            with self.app.gallery.begin() as tx:
                job = tx.jobs.claim(time.time(), 60)
            if job is None:
                return done
            result = HANDLERS[job.kind].run(self.app, job.payload, JobContext(job.origin))
            with self.app.gallery.begin() as tx:
                assert tx.jobs.finish(job, time.time(), result)
            self.results.append((job, result))
            done.append(result)

    def settle(self) -> list[Mapping[str, Any]]:
        """Work until the watcher has nothing pending and the queue nothing due, for longer than half of a move is
        kept back."""
        results: list[Mapping[str, Any]] = []
        calm = 0
        while calm < 6:
            time.sleep(0.05)
            done = self.work()
            results += done
            pending = sum(r["pending"] for r in self.watcher.status()["roots"])
            calm = 0 if done or pending else calm + 1
        return results

    def photos(self, *, missing: bool = False) -> dict[str, str]:
        """Path below the root -> state, without the missing ones unless asked for."""
        with self.app.gallery.begin(write=False) as tx:
            rows = [(p.path, p.state) for p in tx.photos.find()]
        return {str(Path(path).relative_to(self.root)): state for path, state in rows if missing or state != "missing"}

    def ids(self) -> dict[str, int]:
        """File name -> photo id."""
        with self.app.gallery.begin(write=False) as tx:
            return {Path(p.path).name: p.id for p in tx.photos.find() if p.state != "missing"}


@pytest.fixture
def watched(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Watched]:
    """An empty root in a new library; nobody watches yet."""
    # watchdog waits half a second for the other half of a move: here both come at once, or never.
    monkeypatch.setattr(InotifyMoveEventGrouper, "delay", 0.15)
    root = tmp_path / "photos"
    root.mkdir()
    app = build_app(load_settings(home, {}))
    app.roots.add(root)
    watched = Watched(app, root)
    yield watched
    if watched._watcher is not None:
        watched.watcher.stop()
    app.close()
