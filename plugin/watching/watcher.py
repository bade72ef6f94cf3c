"""Watches every folder of the library. Loads no model: what it hears becomes jobs, which a worker process does."""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from gallery_db import Gallery, GalleryError
from gallery_db.records import RootRecord
from iconface_core.codec import JsonObject

from ..job_kinds import enqueue_nightly
from ..library.watch_limits import WATCHED
from ..settings import Settings
from .root_watch import RootWatch, WatchOptions

log = logging.getLogger(__name__)

NIGHTLY_ON = "nightly_on"
"""Meta key: the day the last nightly job was enqueued."""

ROOTS_S = 30.0
"""How often folders that were added to the library, or removed, are noticed."""


def options_of(settings: Settings) -> WatchOptions:
    """What the settings say about watching; a nought or less becomes the least that does not run hot."""
    return WatchOptions(
        quiet_s=max(0.5, settings.watch_quiet_seconds),
        network_quiet_s=max(0.5, settings.watch_network_quiet_seconds),
        poll_s=60.0 * max(1, settings.watch_poll_minutes),
    )


class LibraryWatcher:
    """Watches the roots of `gallery` until `stop`.

    `own` are folders of ours that may lie inside a root. `wake` is called when jobs were enqueued. `tell` hears what
    happens, from any thread: {"event": "events" | "polling" | "offline", "root_id", "path", "reason"} when the way a
    root is watched changes, {"event": "changes", ..., "paths"} and {"event": "reconcile", ..., "reason"} for jobs.
    `nightly_hour` is when the nightly job is due, in local time; None: never.
    """

    def __init__(
        self,
        gallery: Gallery,
        options: WatchOptions,
        *,
        own: Collection[Path] = (),
        wake: Callable[[], None] = lambda: None,
        tell: Callable[[Mapping[str, Any]], None] = lambda _: None,
        nightly_hour: int | None = None,
        roots_s: float = ROOTS_S,
    ) -> None:
        self._gallery, self._options, self._own = gallery, options, own
        self._wake, self._tell = wake, tell
        self._nightly_hour, self._roots_s = nightly_hour, roots_s
        self._roots: dict[int, RootWatch] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch. Each root is compared with the gallery as soon as its events are heard."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when all threads are gone."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            watches = list(self._roots.values())
            self._roots.clear()
        for watch in watches:
            watch.stop()

    def status(self) -> JsonObject:
        """JSON values: {"roots": [{root_id, path, mode, reason, pending, seen, queued}]}."""
        with self._lock:
            return {"roots": [watch.status() for watch in self._roots.values()]}

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow_roots()
                self._nightly(datetime.now().astimezone())
            except GalleryError as e:
                log.warning("%s", e)
            self._stopping.wait(self._roots_s)

    def _follow_roots(self) -> None:
        with self._gallery.begin(write=False) as tx:
            wanted = {(r.id, r.path): r for r in tx.roots.all()}
        with self._lock:
            gone = [w for w in self._roots.values() if (w.root.id, w.root.path) not in wanted]
            new = [r for r in wanted.values() if r.id not in self._roots]
        for watch in gone:
            watch.stop()
            with self._lock:
                del self._roots[watch.root.id]
        for root in new:
            watch = self._watch(root)
            with self._lock:
                self._roots[root.id] = watch
            watch.start()

    def _watch(self, root: RootRecord) -> RootWatch:
        return RootWatch(root, self._gallery, self._options, own=self._own, tell=self._hear, wake=self._wake)

    def _hear(self, event: Mapping[str, Any]) -> None:
        if event["event"] in ("events", "polling", "offline"):
            log.info("%s: %s%s", event["path"], event["event"], f" ({event['reason']})" if event["reason"] else "")
            self._remember(event)
        self._tell(event)

    def _remember(self, event: Mapping[str, Any]) -> None:
        """For `doctor`, which may run while nobody watches."""
        with self._gallery.begin() as tx:
            watched = json.loads(tx.meta.get(WATCHED) or "{}")
            watched[str(event["root_id"])] = {"mode": event["event"], "reason": event["reason"]}
            present = {str(r.id) for r in tx.roots.all()}
            tx.meta.set(WATCHED, json.dumps({k: v for k, v in watched.items() if k in present}))

    def _nightly(self, now: datetime) -> None:
        """Once a day, at the first chance after the hour: a machine may sleep at night."""
        if self._nightly_hour is None or now.hour < self._nightly_hour:
            return
        today = now.date().isoformat()
        with self._gallery.begin(write=False) as tx:
            if tx.meta.get(NIGHTLY_ON) == today:
                return
        with self._gallery.begin() as tx:
            tx.meta.set(NIGHTLY_ON, today)
            enqueue_nightly(tx)
        self._wake()
