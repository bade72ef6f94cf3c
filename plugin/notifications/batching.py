"""When to tell what on the desktop: one notification for one photo or for thirty, and never a storm of them.

Light, because the service's main process imports it: the notification itself is shown by a short process of its own
(process.py), which waits for an answer and then ends.
"""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import Literal

from gallery_db import Gallery
from gallery_db.errors import GalleryError, UnknownIdError
from gallery_db.records import JobRecord, RestorationRecord

from ..installed_files.command import own_command
from ..job_payloads import CHANGES, PROPOSE, RESTORE
from ..languages import speaking
from .note import Note
from .show import Popups
from .wording import note_of, note_of_proposals

log = logging.getLogger(__name__)

Topic = Literal["hand", "auto", "proposed"]
"""What is told together: photos that somebody asked for, photos restored by a rule, proposals. A library-wide clean-up
has its own report."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: `settle` after a batch's last job, `quiet` while more of it wait but none ends, `most` in all; `apart`
    between two notes about the same that nobody asked for."""

    settle: float = 1.0
    quiet: float = 60.0
    most: float = 600.0
    apart: float = 600.0


@dataclass(slots=True)
class _Batch:
    """Jobs that ended and were not told yet. Times are monotonic."""

    since: float
    last: float
    jobs: list[JobRecord] = field(default_factory=list)
    timer: Timer | None = None


class Notifier:
    """Collects ended jobs and shows them together once no more of their kind wait.

    `more(topic)` says whether work of that topic still waits or runs; `words` makes the note, None: nothing to tell.
    """

    def __init__(
        self,
        more: Callable[[Topic], bool],
        words: Callable[[Topic, Sequence[JobRecord]], Note | None],
        show: Callable[[Note], None],
        patience: Patience | None = None,
    ) -> None:
        self._more, self._words, self._show, self._patience = more, words, show, patience or Patience()
        self._lock = Lock()
        self._batches: dict[Topic, _Batch] = {}
        self._shown: dict[Topic, float] = {}

    def job_done(self, job: JobRecord) -> None:
        """A job ended, or was given back to run again. Returns at once; may be called from any thread."""
        topic = topic_of(job)
        if topic is None:
            return
        with self._lock:
            now = monotonic()
            batch = self._batches.setdefault(topic, _Batch(now, now))
            batch.jobs.append(job)
            batch.last = now
            if batch.timer is None:
                self._look_again(topic, batch, self._patience.settle)

    def close(self) -> None:
        """Show what has been collected; call when no more jobs will end."""
        for topic in list(self._batches):
            self._flush(topic)

    def _look(self, topic: Topic) -> None:
        """Is the batch complete? Looked at now and then, not at each job: the queue may be long."""
        more, patience = self._more(topic), self._patience
        with self._lock:
            batch = self._batches.get(topic)
            if batch is None:
                return
            now = monotonic()
            complete = now - batch.last >= (patience.quiet if more else patience.settle)
            shown = self._shown.get(topic)
            early = topic != "hand" and shown is not None and now - shown < patience.apart
            if early or not (complete or now - batch.since >= patience.most):
                self._look_again(topic, batch, max(patience.settle, min(10.0, (now - batch.since) / 10)))
                return
        self._flush(topic)

    def _look_again(self, topic: Topic, batch: _Batch, seconds: float) -> None:
        batch.timer = Timer(seconds, self._look, [topic])
        batch.timer.daemon = True
        batch.timer.start()

    def _flush(self, topic: Topic) -> None:
        with self._lock:
            batch = self._batches.pop(topic, None)
        if batch is None:
            return
        if batch.timer is not None:
            batch.timer.cancel()
        try:
            note = self._words(topic, batch.jobs)
        except GalleryError as e:  # what there is to tell cannot be read: no reason to end, or to keep the rest back
            log.warning("no notification: %s", e)
            return
        if note is not None:
            self._shown[topic] = monotonic()
            self._show(note)


def topic_of(job: JobRecord) -> Topic | None:
    """What a job that ended has to tell; None: nothing."""
    if job.kind == PROPOSE and job.state == "done" and (job.progress or {}).get("proposals"):
        return "proposed"
    if job.kind == RESTORE and job.state in ("done", "failed") and job.origin in ("hand", "auto"):
        return "hand" if job.origin == "hand" else "auto"
    return None


def queue_has_more(gallery: Gallery) -> Callable[[Topic], bool]:
    """Whether the queue of `gallery` holds work of a topic that has not ended."""

    def more(topic: Topic) -> bool:
        try:
            with gallery.begin(write=False) as tx:
                if topic == "proposed":
                    return any(n for kind in (PROPOSE, CHANGES) for s, n in tx.jobs.counts(kind).items() if s in _OPEN)
                return any(j.origin == topic for j in tx.jobs.find(kind=RESTORE, states=_OPEN))
        except GalleryError:
            return False

    return more


_OPEN: tuple[Literal["waiting"], Literal["running"]] = ("waiting", "running")


def words_of(
    gallery: Gallery, command: Sequence[str], language: str = "en"
) -> Callable[[Topic, Sequence[JobRecord]], Note | None]:
    """The note about ended jobs, in `language`. Proposals are read again: some may have been decided meanwhile."""

    def words(topic: Topic, jobs: Sequence[JobRecord]) -> Note | None:
        with speaking(language):  # here, for a timer's thread begins without one
            return note(topic, jobs)

    def note(topic: Topic, jobs: Sequence[JobRecord]) -> Note | None:
        if topic != "proposed":
            return note_of(jobs, command)
        ids = dict.fromkeys(i for j in jobs for i in (j.progress or {})["proposals"])
        rows: list[RestorationRecord] = []
        with gallery.begin(write=False) as tx:
            names = {i: name for i, name in tx.people.names().items() if name}
            for restoration_id in ids:
                try:
                    rows.append(tx.restorations.get(restoration_id))
                except UnknownIdError:  # another proposal took its place, or it was carried out
                    continue
        rows = [r for r in rows if r.state == "proposed"]
        return note_of_proposals(rows, names, command) if rows else None

    return words


@contextmanager
def desktop_notifications(
    gallery: Gallery, home: Path | None, *, wanted: bool = True, language: str = "en"
) -> Generator[Callable[[JobRecord], None]]:
    """What a service calls with each ended job, for as long as it runs. Not `wanted`: it does nothing."""
    if not wanted:
        yield lambda _: None
        return
    command = own_command(home)
    notifier = Notifier(queue_has_more(gallery), words_of(gallery, command, language), Popups().show)
    try:
        yield notifier.job_done
    finally:
        notifier.close()
