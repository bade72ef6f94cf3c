"""Tells what came of restorations: one notification for one photo or for thirty, with Open and Undo.

Light, because the service's main process imports it: the notification itself is shown by a short process of its own
(plugin.desktop.show_note), which waits for an answer and then ends.
"""

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock, Timer
from time import monotonic

from gallery_db import Gallery
from gallery_db.errors import GalleryError
from gallery_db.records import JobRecord, Origin
from plugin.jobs.kinds import RESTORE, printable

from .command import own_command
from .note import Note

log = logging.getLogger(__name__)

SHOWN_FOR: tuple[Origin, ...] = ("hand", "auto")
"""A library-wide clean-up has its own report."""

MAX_SHOWING = 3
"""Processes that wait for an answer; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: `settle` after a batch's last job, `quiet` while more of it wait but none ends, `most` in all."""

    settle: float = 1.0
    quiet: float = 60.0
    most: float = 600.0


class Notifier:
    """Collects ended jobs and shows them together once no more of their kind wait.

    `more(origin)` says whether restorations of that origin still wait or run; `command` is how iconface is started.
    """

    def __init__(
        self,
        more: Callable[[Origin], bool],
        command: Sequence[str],
        show: Callable[[Note], None],
        patience: Patience | None = None,
    ) -> None:
        self._more, self._command, self._show, self._patience = more, tuple(command), show, patience or Patience()
        self._lock = Lock()
        self._ended: dict[Origin, list[JobRecord]] = {}
        self._since: dict[Origin, float] = {}
        self._timers: dict[Origin, Timer] = {}

    def job_done(self, job: JobRecord) -> None:
        """A job ended, or was given back to run again. Returns at once; may be called from any thread."""
        origin = job.origin
        if job.kind != RESTORE or origin not in SHOWN_FOR or job.state not in ("done", "failed"):
            return
        patience = self._patience
        wait = patience.quiet if self._more(origin) else patience.settle
        with self._lock:
            self._ended.setdefault(origin, []).append(job)
            waited = monotonic() - self._since.setdefault(origin, monotonic())
            if origin in self._timers:
                self._timers[origin].cancel()
            timer = Timer(max(0.0, min(wait, patience.most - waited)), self._flush, [origin])
            timer.daemon = True
            self._timers[origin] = timer
            timer.start()

    def close(self) -> None:
        """Show what has been collected; call when no more jobs will end."""
        for origin in list(self._ended):
            self._flush(origin)

    def _flush(self, origin: Origin) -> None:
        with self._lock:
            jobs = self._ended.pop(origin, [])
            self._since.pop(origin, None)
            timer = self._timers.pop(origin, None)
        if timer is not None:
            timer.cancel()
        if jobs:
            self._show(note_of(jobs, self._command))


def queue_has_more(gallery: Gallery) -> Callable[[Origin], bool]:
    """Whether the queue of `gallery` holds restorations of an origin that have not ended."""

    def more(origin: Origin) -> bool:
        try:
            with gallery.begin(write=False) as tx:
                return any(j.origin == origin for j in tx.jobs.find(kind=RESTORE, states=("waiting", "running")))
        except GalleryError:
            return False

    return more


def note_of(jobs: Sequence[JobRecord], command: Sequence[str]) -> Note:
    """One notification for these ended jobs. Undo takes back all that was written, and remembers that it was not
    wanted: `iconface restored reject`, which `iconface undo` takes back in turn."""
    outcomes = Counter(_outcome(j) for j in jobs)
    outputs = list(dict.fromkeys(str(r["output"]) for j in jobs if (r := _result(j)).get("output")))
    undo = (*command, "--quiet", "restored", "reject", "--", *outputs) if outputs else ()
    if len(jobs) == 1:
        job, (outcome,) = jobs[0], outcomes
        text = job.error if job.state == "failed" else _result(job).get("text")
        body = f"{Path(printable(str(job.payload.get('path', '')))).name}\n{text or ''}".strip()
        return Note(_ONE[outcome], body, outputs[0] if outputs else None, undo)
    written = sum(bool(_result(j).get("output")) for j in jobs)
    title = (
        f"{written or 'None'} of {len(jobs)} photos restored" if written < len(jobs) else f"{written} photos restored"
    )
    body = ", ".join(f"{n} {_MANY[o]}" for o, n in outcomes.most_common() if o in _MANY)
    return Note(title, body, _folder(outputs), undo)


_ONE = {
    "restored": "Face restored",
    "sharp": "Already sharp",
    "unsure": "Restored, but not sure who this is",
    "refused": "Not restored: it would no longer be the same face",
    "failed": "Could not be restored",
}
_MANY = {
    "sharp": "already sharp",
    "unsure": "not sure who it is",
    "refused": "refused",
    "failed": "failed",
}


def _outcome(job: JobRecord) -> str:
    outcome = "failed" if job.state == "failed" else str(_result(job).get("outcome"))
    return outcome if outcome in _ONE else "sharp"


def _result(job: JobRecord) -> Mapping[str, object]:
    return job.progress or {}


def _folder(outputs: Sequence[str]) -> str | None:
    return os.path.commonpath([os.path.dirname(o) for o in outputs]) if outputs else None  # noqa: PTH120 - text


class Popups:
    """Shows notes, each in a process of its own, which may outlive this one: Undo must work when a service that was
    started for one photo has gone. Without a desktop nothing is shown and nothing fails."""

    def __init__(self, program: Sequence[str] = (sys.executable, "-m", "plugin.desktop.show_note")) -> None:
        self._program, self._lock = tuple(program), Lock()
        self._showing: list[subprocess.Popen[bytes]] = []

    def show(self, note: Note) -> None:
        """Show it; returns at once."""
        with self._lock:
            self._showing = [p for p in self._showing if p.poll() is None]
            while len(self._showing) >= MAX_SHOWING:
                self._end(self._showing.pop(0))
            try:
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    self._program,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                assert process.stdin is not None
                process.stdin.write(json.dumps(asdict(note)).encode("ascii"))
                process.stdin.close()
            except OSError as e:
                log.info("no notification: %s", e)
                return
            self._showing.append(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait()


@contextmanager
def desktop_notifications(
    gallery: Gallery, home: Path | None, *, wanted: bool = True
) -> Generator[Callable[[JobRecord], None]]:
    """What a service calls with each ended job, for as long as it runs. Not `wanted`: it does nothing."""
    if not wanted:
        yield lambda _: None
        return
    popups = Popups()
    notifier = Notifier(queue_has_more(gallery), own_command(home), popups.show)
    try:
        yield notifier.job_done
    finally:
        notifier.close()
