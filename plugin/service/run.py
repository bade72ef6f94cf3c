"""The service's main process: supervisor, watcher, control socket, log. No model is ever imported here."""

import logging
import os
import signal
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import psutil

from gallery_db import Gallery
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import JobRecord
from iconface_core.codec import JsonObject

from ..job_payloads import RestorePayload, payload_of
from ..jobs import inbox
from ..jobs.presence import Presence
from ..jobs.registry import HANDLERS, kinds_of
from ..jobs.supervisor import Supervisor, worker_command
from ..jobs.worker_process import Limits
from ..languages import best, of_environment
from ..notifications.batching import desktop_notifications
from ..own_process import APPLICATION
from ..paths import printable
from ..settings import Settings
from ..watching.watcher import LibraryWatcher, options_of
from .control import ControlServer, Request
from .lock import only_service
from .restart import Updates, ending_signals, start_anew
from .web_process import WebChild

log = logging.getLogger(__name__)

LINGERING_WAITS_S = 20.0
"""A service started for a right-click waits so long for one that is just ending."""

LOG_BYTES, LOG_FILES = 1_000_000, 3


def limits_of(settings: Settings) -> Limits:
    """What the settings say about the worker."""
    chosen = Limits(timeout_s=settings.worker_timeout_seconds, idle_s=settings.worker_idle_seconds)
    if not settings.worker_memory_mb:
        return chosen
    return Limits(chosen.timeout_s, settings.worker_memory_mb << 20, chosen.idle_s)


def make_supervisor(
    gallery: Gallery,
    settings: Settings,
    home: Path | None,
    on_end: Callable[[JobRecord], None] = lambda _: None,
    often: Callable[[], object] = lambda: None,
) -> Supervisor:
    """The supervisor of this installation's workers, fed from the queue and the inbox. `often` is called whenever it
    looks there, every few seconds."""
    folders = settings.folders
    presence = Presence(gallery, folders.machine_name, settings.queues) if gallery.shared else None
    kinds = kinds_of(settings.queues) if gallery.shared else tuple(HANDLERS)

    def refill() -> None:
        often()
        inbox.collect(folders.inbox, gallery)

    return Supervisor(
        gallery,
        worker_command(home, kinds if gallery.shared else None),
        _writable(folders.state / "worker.log"),
        limits=limits_of(settings),
        on_end=on_end,
        refill=refill,
        kinds=kinds,
        presence=presence,
    )


class Service:
    """Everything that runs in the background for one gallery. `home` is passed on to the worker, `on_end` is told of
    jobs that ended, `on_watch` of what the watcher sees."""

    def __init__(
        self,
        gallery: Gallery,
        settings: Settings,
        home: Path | None,
        *,
        watch: bool = True,
        on_end: Callable[[JobRecord], None] = lambda _: None,
        on_watch: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        self._gallery, self._folders = gallery, settings.folders
        self._started, self._lingers = time.time(), False
        self._updates, self.restarting = Updates(), False
        self._supervisor = make_supervisor(gallery, settings, home, on_end, self._follow_updates)
        self._web = WebChild(home, settings.folders.state / "web.log", settings.web_idle_minutes * 60)
        self._watcher = None if not watch else self._make_watcher(settings, on_watch)

    def run(self, *, linger_s: float | None = None) -> None:
        """Work until `stop`, a signal, or with `linger_s` until nothing was to do for so long."""
        self._lingers = linger_s is not None
        if self._watcher is not None:
            self._watcher.start()
        try:
            while True:
                server = ControlServer(self._folders.runtime, self.answer)
                try:
                    self._supervisor.run(linger_s=linger_s)
                finally:
                    server.close()
                # A request that came while the door was being closed must not wait for the next one.
                if self._supervisor.stopping or not inbox.waiting(self._folders.inbox):
                    return
        finally:
            self._web.stop()
            if self._watcher is not None:
                self._watcher.stop()

    def stop(self) -> None:
        """End soon, for good; the running job is given back."""
        self.restarting = False
        self._supervisor.stop()

    def restart(self) -> None:
        """End soon; who called `run` then calls `start_anew`. A service that was told to stop does not come back."""
        if not self._supervisor.stopping:
            self.restarting = True
            self._supervisor.stop()

    def _follow_updates(self) -> None:
        if self._updates.come(time.monotonic()):
            log.info("iconface was updated: the service starts anew")
            self.restart()

    def answer(self, request: Request) -> JsonObject:
        """What the control socket is asked. Raises ValueError for what cannot be done."""
        match request.command:
            case "status":
                return self._status()
            case "stop":
                self.stop()
            case "restart":
                self.restart()
            case "pause" | "resume":
                self._pause(request.kind or EVERYTHING, paused=request.command == "pause")
            case "web":
                if self._lingers:
                    raise ValueError("this service ends by itself soon, and the page would end with it")
                self._web.start(request.port)
            case "wake":
                self._supervisor.wake()  # reads inbox and queue in its own time: a file manager waits for this answer
            case "ping":
                pass
        return {"ok": True, "pid": os.getpid(), "lingers": self._lingers, "ending": self._supervisor.stopping}

    def _pause(self, kind: str, *, paused: bool) -> None:
        with self._gallery.begin() as tx:
            if kind not in {EVERYTHING, *HANDLERS, *(() if paused else tx.jobs.paused())}:
                raise ValueError(f"no kind of job: {kind!r}; there are: {', '.join(sorted(HANDLERS))}")
            (tx.jobs.pause if paused else tx.jobs.resume)(kind)
        self._supervisor.wake()

    def _status(self) -> JsonObject:
        worker: JsonObject | None = dict(self._supervisor.status()) or None
        with self._gallery.begin(write=False) as tx:
            counts, paused = dict(tx.jobs.counts()), sorted(tx.jobs.paused())
            if worker is not None and worker["job_id"] is not None:
                job = tx.jobs.get(worker["job_id"])
                asked = payload_of(job, RestorePayload)
                worker |= {"kind": job.kind, "path": None if asked is None else printable(asked.path)}
        return {
            "ok": True,
            "pid": os.getpid(),
            "version": self._updates.running,
            "uptime_s": round(time.time() - self._started),
            "memory": psutil.Process().memory_info().rss,
            "lingers": self._lingers,
            "jobs": counts,
            "paused": paused,
            "web": self._web.pid,
            "worker": worker,
            "watcher": None if self._watcher is None else self._watcher.status(),
        }

    def _make_watcher(self, settings: Settings, on_watch: Callable[[Mapping[str, Any]], None]) -> LibraryWatcher:
        folders = settings.folders
        return LibraryWatcher(
            self._gallery,
            options_of(settings),
            own=(folders.restored, folders.data, folders.cache, folders.state, folders.config),
            wake=self._supervisor.wake,
            tell=on_watch,
            nightly_hour=settings.nightly_hour,
        )


def run_service(
    settings: Settings,
    home: Path | None,
    *,
    watch: bool,
    linger_s: float | None,
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """`iconface service run`: until a signal or `service stop`; `on_start` is called once it is the only one.

    Raises BusyError when one runs already.
    """
    folders = settings.folders
    with (
        only_service(folders, patience_s=0.0 if linger_s is None else LINGERING_WAITS_S, take_over=linger_s is None),
        Gallery.open(folders.gallery) as gallery,
        logging_to(folders.state / "service.log"),
        desktop_notifications(
            gallery,
            home,
            wanted=settings.notifications,
            language=best(settings.language, of_environment(os.environ)),
        ) as tell,
    ):
        service = Service(gallery, settings, home, watch=watch, on_end=tell)
        end_on_signals(service)
        on_start()
        log.info("the service starts (pid %d)", os.getpid())
        service.run(linger_s=linger_s)
        log.info("the service ends")
    if service.restarting:
        start_anew(folders.runtime)


def watch_here(
    settings: Settings,
    home: Path | None,
    *,
    on_start: Callable[[], None],
    on_end: Callable[[JobRecord], None],
    on_watch: Callable[[Mapping[str, Any]], None],
) -> bool:
    """`iconface watch`: the service without its log and its notifications, until a signal. The caller holds the
    service's lock. Returns whether to start again."""
    with Gallery.open(settings.folders.gallery) as gallery:
        service = Service(gallery, settings, home, on_end=on_end, on_watch=on_watch)
        end_on_signals(service)
        on_start()
        service.run()
        return service.restarting


def end_on_signals(service: Service) -> None:
    """Whoever ends the process ends it in order: the job is given back."""
    for number in ending_signals():
        signal.signal(number, lambda *_: service.stop())


@contextmanager
def logging_to(path: Path) -> Generator[None]:
    """Log to a file of bounded size as well; standard error keeps showing what it showed before. Where the file cannot
    be written the service does its work without."""
    root, ours = logging.getLogger(), logging.getLogger(APPLICATION)
    path = _writable(path)
    handler = _Rotating(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", errors="replace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    for other in root.handlers:
        other.setLevel(max(other.level, root.level))
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(logging.NOTSET)
        handler.close()


class _Rotating(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """A full disk must not make a trace of every line; standard error has the line itself."""


def _writable(path: Path) -> Path:
    """`path`, private and ready for a log; where it cannot be written, nowhere: the work goes on without a log."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as e:
        log.warning("no log: %s", e)
        return Path(os.devnull)
    return path
