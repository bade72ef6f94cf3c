"""A worker process seen from outside: what it says, what it uses, and how it ended."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import psutil

from gallery_db.errors import GalleryError
from iconface_core.reasons import Reason

from ..reasons import NO_PROGRESS, WORKER_ENDED, WORKER_HANGS, WORKER_KILLED, WORKER_TOO_LARGE
from .channel import Sender, listen
from .crash_policy import BACKOFF_S

log = logging.getLogger(__name__)

LOG_LIMIT = 2_000_000
"""Bytes after which the worker's log is set aside (one older file is kept)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may do. `timeout_s` is the longest silence of a job that runs, `idle_s` how long a worker without
    a job keeps its models, `poll_s` how often the queue is looked at although nobody called."""

    timeout_s: float = 1200.0
    memory_bytes: int = field(default_factory=lambda: int(psutil.virtual_memory().total * 0.8))
    idle_s: float = 60.0
    poll_s: float = 10.0
    backoff_s: float = BACKOFF_S
    stop_s: float = 15.0


def death(code: int) -> Reason:
    """What an exit status says."""
    if code >= 0:
        return WORKER_ENDED(status=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return WORKER_KILLED(signal=name)


class WorkerProcess:
    """A running worker: its job, the photos in its hands, and when it was last heard of."""

    def __init__(self, argv: Sequence[str], log_file: Path, on_end: Callable[[int, str], None]) -> None:
        self.job: tuple[int, int] | None = None
        self.claimed = False
        self.looking: set[str] = set()
        self.progress: Mapping[str, Any] = {}
        self._on_end = on_end
        self._heard = time.monotonic()
        self._lock = Lock()
        with _open_log(log_file) as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                argv,
                cwd=log_file.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="ascii",
                start_new_session=True,  # Ctrl-C in a terminal is for the supervisor
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self._sender = Sender(self._process.stdin)
        self._watched = psutil.Process(self.pid)
        self._thread = Thread(target=listen, args=(self._process.stdout, self._hear, lambda: None), daemon=True)
        self._thread.start()

    @property
    def pulse_s(self) -> float:
        """How often to look at it: often while it works."""
        return 2.0 if self.job is None else 0.5

    def running(self) -> bool:
        return self._process.poll() is None

    def ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send(self, command: str) -> None:
        self._sender.send(command=command)

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        """Its exit status, once all that it said was heard."""
        code = self._process.wait()
        self._thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was still to be sent cannot be: nobody is there
                    continue
        return code

    def excess(self, limits: Limits) -> Reason | None:
        """Which limit it broke."""
        try:
            memory = self._watched.memory_info().rss
        except psutil.Error:
            return None  # gone: `running` will tell
        if memory > limits.memory_bytes:
            return WORKER_TOO_LARGE(megabytes=limits.memory_bytes >> 20)
        with self._lock:
            silent = time.monotonic() - self._heard
            busy = self.job is not None
        if busy and silent > limits.timeout_s:
            return NO_PROGRESS(seconds=limits.timeout_s)
        if silent > limits.timeout_s + limits.idle_s:
            return WORKER_HANGS()  # one that hangs while it starts
        return None

    def status(self) -> Mapping[str, Any]:
        with self._lock:
            job, progress = self.job, dict(self.progress)
        try:
            memory = self._watched.memory_info().rss
        except psutil.Error:
            memory = 0
        return {"pid": self.pid, "memory": memory, "job_id": None if job is None else job[0], "progress": progress}

    def _hear(self, message: Mapping[str, Any]) -> None:
        event = message.get("event")
        ended: tuple[int, str] | None = None
        with self._lock:
            self._heard = time.monotonic()
            if event == "claimed":
                self.job, self.progress, self.claimed = (message["job"], message["attempts"]), {}, True
                self.looking.clear()
            elif event == "progress":
                self.progress = {k: message[k] for k in ("done", "total", "text") if k in message}
            elif event == "looking":
                (self.looking.add if message["begins"] else self.looking.discard)(message["path"])
            elif event == "ended":
                ended, self.job = (message["job"], message["outcome"]), None
                self.looking.clear()
        if ended is not None:
            try:
                self._on_end(*ended)
            except GalleryError as e:
                log.warning("job %d ended, but the queue cannot be read: %s", ended[0], e)


def _open_log(path: Path) -> Any:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_suffix(".old.log"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
