"""One root being watched, in a thread of its own: a slow share holds up nobody else."""

import errno
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from stat import S_ISDIR
from threading import Event, Thread
from typing import Any, Literal

from watchdog.observers.api import BaseObserver

from gallery_db import Gallery, GalleryError, UnknownIdError
from gallery_db.records import RootRecord
from iconface_core.codec import JsonObject
from iconface_core.reasons import Reason

from ..job_kinds import WATCH, enqueue_changes, enqueue_reconcile
from ..library.disk import is_storable, place_of, walk, why_offline
from ..library.ignore import RULE_FILES, IgnoreRules, is_candidate
from ..library.watch_limits import advice, is_limit, no_events
from ..reason_words import in_words
from .events import FileChange, watch_by_polling, watch_events
from .settle import FileState, StabilityTracker

log = logging.getLogger(__name__)

Mode = Literal["starting", "events", "polling", "offline"]
Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Seconds. `quiet_s`: how long a file must have been left alone; on a network `network_quiet_s`. `poll_s`: between
    two looks where there are no events. `check_s`: between two checks that the folder is still mounted. `doubt_s`:
    between two looks at a folder of which much is missing. `busy_s`: how often pending files are looked at."""

    quiet_s: float = 2.0
    network_quiet_s: float = 30.0
    poll_s: float = 300.0
    check_s: float = 15.0
    doubt_s: float = 600.0
    busy_s: float = 0.5


class RootWatch:
    """Watches one root and enqueues what changed. Reads names and sizes only.

    `own` are folders of ours to be left out, `tell` hears what happens, `wake` is called when a job was enqueued.
    """

    def __init__(
        self,
        root: RootRecord,
        gallery: Gallery,
        options: WatchOptions,
        *,
        own: Collection[Path],
        tell: Tell,
        wake: Callable[[], None],
    ) -> None:
        self.root, self._gallery, self._options = root, gallery, options
        self._tell, self._wake = tell, wake
        self._path = Path(root.path)
        self._rules = IgnoreRules(root.path, own)
        self._changes: SimpleQueue[FileChange | None] = SimpleQueue()
        self._settler = StabilityTracker(options.quiet_s)
        self._ready: set[str] = set()
        self._rescan: str | None = None
        self._stale = False
        self._observer: BaseObserver | None = None
        self._place: tuple[int, int] | None = None
        self._mode: Mode = "starting"
        self._reason: str | None = None
        self._seen = self._queued = 0
        self._checked = self._doubted = float("-inf")
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=f"watch-{root.id}", daemon=True)

    def start(self) -> None:
        """Begin; the first comparison with the gallery is enqueued as soon as events are heard."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread is gone. Files that have not settled are found by the next start."""
        self._stopping.set()
        self._changes.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> JsonObject:
        """JSON values. `pending` files are not settled, `seen` counts events, `queued` the paths given to the queue."""
        return {
            "root_id": self.root.id,
            "path": self.root.path,
            "mode": self._mode,
            "reason": self._reason,
            "pending": len(self._settler) + len(self._ready),
            "seen": self._seen,
            "queued": self._queued,
        }

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                now = time.monotonic()
                try:
                    self._check(now)
                    self._look(now)
                    if self._stale and not self._settler:
                        self._watch_anew()
                    self._enqueue()
                except GalleryError as e:
                    log.warning("%s: %s", self.root.path, e)  # what is ready stays ready
                self._hear(now)
        finally:
            self._unwatch()

    def _hear(self, now: float) -> None:
        """Take in what happened: at once when nothing is pending, every `busy_s` otherwise."""
        busy = bool(self._settler or self._ready or self._rescan)
        if busy and not self._stopping.wait(self._options.busy_s):
            self._drain()
        elif not busy:
            left = self._checked + self._options.check_s - now
            with suppress(Empty):
                self._note(self._changes.get(timeout=max(left, 0.05)))
            self._drain()

    def _drain(self) -> None:
        with suppress(Empty):
            while True:
                self._note(self._changes.get_nowait())

    def _note(self, change: FileChange | None) -> None:
        if change is None or not is_storable(change.path):
            return  # a name that is not UTF-8 is told of by every scan
        self._seen += 1
        if change.kind == "rescan":
            self._rescan = "events were lost"
        elif change.kind == "limit":
            self._poll_instead(errno.ENOSPC)
        elif os.path.basename(change.path) in RULE_FILES:  # noqa: PTH119
            self._rules.forget()
            self._rescan = "what is ignored changed"
        elif not self._rules.ignores(change.path, is_folder=change.kind == "folder"):
            self._settler.note(change.path, time.monotonic())

    def _look(self, now: float) -> None:
        for path in self._settler.due(now):
            try:
                # A link to a folder is not a folder, a link to a photo is that photo.
                is_folder = S_ISDIR(os.lstat(path).st_mode)
                stat = os.stat(path)  # noqa: PTH116
                # A folder's size and time say nothing; the files in it settle each by itself.
                stamp = None if is_folder else FileState(stat.st_size, stat.st_mtime_ns)
            except OSError:
                # Gone, or not to be read: the worker says which.
                stamp, is_folder = None, False
            if stamp is None and not is_folder and not is_candidate(os.path.basename(path)):  # noqa: PTH119
                self._stale = True
            if self._settler.looked(path, stamp, now):
                self._ready.add(path)
                if is_folder:
                    self._note_all_below(path, now)

    def _note_all_below(self, folder: str, now: float) -> None:
        for file in walk(
            self._path, lambda e: log.info("%s: %s", e.filename, e.strerror), rules=self._rules, below=folder
        ):
            if file.path not in self._settler:
                self._settler.note(file.path, now)

    def _enqueue(self) -> None:
        if not self._ready and self._rescan is None:
            return
        ready, rescan = sorted(self._ready), self._rescan
        with self._gallery.begin() as tx:
            if rescan is not None:
                enqueue_reconcile(tx, self.root.id, priority=WATCH)
            if ready:
                enqueue_changes(tx, self.root.id, ready)
        self._ready.clear()
        self._rescan = None
        self._queued += len(ready)
        if rescan is not None:
            self._tell({"event": "reconcile", **self._named(), "reason": rescan})
        if ready:
            self._tell({"event": "changes", **self._named(), "paths": ready})
        self._wake()

    def _check(self, now: float) -> None:
        """Is the folder there, and the one we watch? Off when not, on again when it is back."""
        if now - self._checked < self._options.check_s and self._mode != "starting":
            return
        self._checked = now
        place = place_of(self._path)
        reason = self._why_offline(place)
        if reason is None and place == self._place and self._observer is not None and self._observer.is_alive():
            self._doubt(now)
            return
        was_offline = self._mode == "offline"
        self._unwatch()
        if reason is not None:
            self._change_mode("offline", in_words(reason))
            return
        try:
            self._watch()
        except OSError as e:
            self._change_mode("offline", f"{self.root.path} cannot be watched ({e.strerror})")
            return
        self._place = place
        # After the watch stands: what changes from now on is heard, what changed before is found.
        self._rescan = "it is back" if was_offline else "start"
        self._doubted = now

    def _why_offline(self, place: tuple[int, int] | None) -> Reason | None:
        if place is None:
            return why_offline(self._path, 0)
        with suppress(OSError), os.scandir(self._path) as entries:
            if next(entries, None) is not None:
                return None
        with self._gallery.begin(write=False) as tx:
            known = tx.photos.count(self.root.id)
        return why_offline(self._path, known)

    def _doubt(self, now: float) -> None:
        """A folder of which much was missing is looked at again now and then: mounting a drive makes no event."""
        if now - self._doubted < self._options.doubt_s:
            return
        self._doubted = now
        with suppress(UnknownIdError), self._gallery.begin(write=False) as tx:
            if not tx.roots.get(self.root.id).online:
                self._rescan = "much of it was missing"

    def _watch(self) -> None:
        reason = no_events(self._path)
        if reason is not None:
            self._settler = StabilityTracker(self._options.network_quiet_s)
            self._poll(reason)
            return
        try:
            self._observer = watch_events(self.root.path, self._changes.put)
            self._change_mode("events", None)
        except OSError as e:
            if not is_limit(e):
                raise
            self._poll(advice(e.errno or errno.ENOSPC))

    def _poll(self, reason: str) -> None:
        self._observer = watch_by_polling(self.root.path, self._changes.put, every_s=self._options.poll_s)
        self._change_mode("polling", reason)

    def _poll_instead(self, error_number: int) -> None:
        if self._mode != "events":
            return
        self._unwatch()
        try:
            self._poll(advice(error_number))
        except OSError as e:
            log.warning("%s: %s", self.root.path, e)  # the next check sees that nobody watches
            return
        self._place = place_of(self._path)
        self._rescan = "not every folder can be watched"

    def _watch_anew(self) -> None:
        """After a folder went away. watchdog keeps its old path for it, and once folders around it are renamed it tells
        wrong paths for folders that came back; what it told in between is found by comparing."""
        self._stale = False
        if self._mode != "events":
            return
        old, self._observer = self._observer, None
        try:
            self._watch()  # before the old one ends: nothing is missed
        except OSError as e:
            log.warning("%s: %s", self.root.path, e)  # the next check sees that nobody watches
        finally:
            if old is not None:
                old.stop()
                old.join()
        self._rescan = "folders went away"

    def _unwatch(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()

    def _change_mode(self, mode: Mode, reason: str | None) -> None:
        if (mode, reason) != (self._mode, self._reason):
            self._tell({"event": mode, **self._named(), "reason": reason})
        self._mode, self._reason = mode, reason

    def _named(self) -> JsonObject:
        return {"root_id": self.root.id, "path": self.root.path}
