"""Events of the operating system as our own few kinds of change. They are hints: what is true is on the disk.

A move is two changes, of the old path and of the new one; that it is one photo is found by its content. A folder that
is renamed, comes or goes is one change, for all that is below it.
"""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserverVFS

from ..library.ignore import is_ignored_folder

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyEvent

Kind = Literal["file", "folder", "rescan", "limit"]

_STRUCTURE: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]
"""Not asked for: opened and closed without writing (our own reading would wake us), attributes (no picture in them)."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """Something happened at `path`: look there.

    `file` and `folder` came, changed or went. `rescan`: events below were lost. `limit`: the system does not let us
    watch this folder.
    """

    kind: Kind
    path: str


Put = Callable[[FileChange], None]


def translate(event: FileSystemEvent) -> Iterator[FileChange]:
    """What an event asks us to look at. Nothing for those that watchdog makes up for the content of a moved folder."""
    if event.is_synthetic:
        return
    kind: Kind = "folder" if event.is_directory else "file"
    for path in (event.src_path, event.dest_path):
        if path:
            yield FileChange(kind, os.fsdecode(path))


def watch_events(root: str, put: Put) -> BaseObserver:
    """Have the operating system tell of changes below `root`. Links are not followed, but `root` itself may be one.

    Raises OSError: ENOSPC or EMFILE when a limit of the system is reached, else because `root` cannot be opened. Where
    only a folder below cannot be watched, a `limit` change comes.
    """
    real = os.path.realpath(root)
    put = _renamed(real, root, put)
    observer = _inotify(put) if sys.platform == "linux" else Observer()
    modified = FileClosedEvent if sys.platform == "linux" else FileModifiedEvent
    return _started(observer, real, put, [*_STRUCTURE, modified])


def watch_by_polling(root: str, put: Put, *, every_s: float) -> BaseObserver:
    """Compare the folder's content every `every_s` seconds. Takes time and memory in proportion to its files, and the
    first look before this returns. Raises OSError when `root` cannot be read."""
    real = os.path.realpath(root)
    put = _renamed(real, root, put)
    # lstat: watchdog would follow a link to a folder above and never come back.
    observer = PollingObserverVFS(stat=os.lstat, listdir=_list_unignored, polling_interval=every_s)
    return _started(observer, real, put, [*_STRUCTURE, FileModifiedEvent])


class _Handler(FileSystemEventHandler):
    def __init__(self, put: Put) -> None:
        self._put = put

    def dispatch(self, event: FileSystemEvent) -> None:
        for change in translate(event):
            self._put(change)


def _started(observer: BaseObserver, root: str, put: Put, event_filter: list[type[FileSystemEvent]]) -> BaseObserver:
    try:
        observer.schedule(_Handler(put), root, recursive=True, event_filter=event_filter)
        observer.start()
    except BaseException:
        observer.stop()
        raise
    return observer


def _renamed(real: str, root: str, put: Put) -> Put:
    """Inotify must be given the real folder, the gallery knows it by the name that the user gave."""
    if real == root:
        return put
    return lambda change: put(FileChange(change.kind, root + change.path.removeprefix(real)))


def _list_unignored(folder: str | None) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (e for e in entries if not is_ignored_folder(e.name))


def _inotify(put: Put) -> BaseObserver:
    """watchdog's observer with ears for what it keeps to itself: a folder it may not watch, and lost events."""
    from watchdog.observers.inotify import InotifyEmitter
    from watchdog.observers.inotify_c import InotifyFD

    class Fd(InotifyFD):
        def add_callback(self, path: bytes, *args: Any) -> Any:
            with warnings.catch_warnings():
                # A folder that went out of the tree and came back under another name keeps its watch.
                warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
                try:
                    return super().add_callback(path, *args)
                except OSError as e:
                    if e.errno == errno.ENOSPC:
                        put(FileChange("limit", os.fsdecode(path)))
                    raise

        def handle_event(self, event: "InotifyEvent") -> None:
            super().handle_event(event)
            if event.is_queue_overflow:
                put(FileChange("rescan", ""))

    class Inotify(BaseObserver):
        def __init__(self) -> None:
            self._fd = Fd()
            self._fd.start()
            super().__init__(InotifyEmitter, inotify_fd=self._fd)

        def on_thread_stop(self) -> None:
            super().on_thread_stop()
            self._fd.stop()
            self._fd.join()

    return Inotify()
