"""What people ask of the queue: to look at it, cancel, try again, pause. The same for commands and pages.

Whoever calls tells the service: `service.control.ask` wakes one that runs, `service.client.ensure_worker` starts one.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.jobs.queue import EVERYTHING
from gallery_db.records import JobRecord, JobState

from ..errors import UsageError
from ..folders import Folders
from ..job_kinds import HAND, enqueue_again
from .crash_policy import is_left_alone
from .inbox import collect
from .registry import HANDLERS


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many jobs there are of each state, and which kinds are paused, sorted; "*" stands for all."""

    counts: Mapping[JobState, int]
    paused: Sequence[str]


class Jobs:
    """The queue of one gallery. Methods raise UnknownIdError for a job that is not there."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery

    def state(self, kind: str | None = None) -> QueueState:
        """Of all jobs, or of one kind."""
        with self._gallery.begin(write=False) as tx:
            return _state(tx, kind)

    def listed(
        self, *, kind: str | None = None, states: Sequence[JobState] | None = None, limit: int
    ) -> tuple[list[JobRecord], QueueState]:
        """The latest jobs, at most `limit`, of a kind and of these states (None: any). Raises UsageError for a kind
        that nobody knows and no job has."""
        with self._gallery.begin(write=False) as tx:
            found = tx.jobs.find(kind=kind, states=states)[-limit:]
            if not found:
                _known_kind(kind)
            return found, _state(tx, kind)

    def get(self, job_id: int) -> JobRecord:
        """One job."""
        with self._gallery.begin(write=False) as tx:
            return tx.jobs.get(job_id)

    def cancel(self, job_ids: Sequence[int]) -> list[int]:
        """Cancel jobs, one that runs at its next step. Returns those that had not ended already."""
        return self._each(job_ids, lambda tx, job_id: tx.jobs.cancel(job_id, tx.jobs.now()))

    def retry(self, job_ids: Sequence[int]) -> list[int]:
        """Try jobs again. Returns those that had failed or were cancelled, unless the same work waits already."""
        return self._each(job_ids, lambda tx, job_id: tx.jobs.retry(job_id))

    def retry_failed(self) -> tuple[list[int], list[int]]:
        """All that failed: their ids, and which of them wait again."""
        with self._gallery.begin() as tx:
            failed = [j.id for j in tx.jobs.find(states=("failed",))]
            return failed, [j for j in failed if tx.jobs.retry(j)]

    def put_first(self, job_id: int) -> bool:
        """Do a waiting job next. False: it does not wait any more."""
        return bool(self._each([job_id], lambda tx, job_id: tx.jobs.put_first(job_id, HAND)))

    def clear(self, states: Sequence[JobState], *, waiting: bool = False, dry_run: bool = False) -> int:
        """Forget jobs that ended in one of these states; `waiting`: those that wait are cancelled and forgotten too.
        Returns how many."""
        with self._gallery.begin(write=not dry_run) as tx:
            live = tx.jobs.find(states=("waiting",)) if waiting else []
            if dry_run:
                return len(tx.jobs.find(states=states)) + len(live)
            for job in live:
                tx.jobs.cancel(job.id, tx.jobs.now())
            return tx.jobs.purge(tx.jobs.now() + 1, states=states)

    def pause(self, kind: str | None = None) -> Sequence[str]:
        """Start no more jobs of a kind (None: none at all); the running one is given back at its next step. Returns
        what is paused now. Raises UsageError for an unknown kind."""
        with self._gallery.begin() as tx:
            _known_kind(kind, EVERYTHING)
            tx.jobs.pause(kind or EVERYTHING)
            return sorted(tx.jobs.paused())

    def resume(self, kind: str | None = None) -> Sequence[str]:
        """Go on, with everything or with one kind, be it one of a later release. Returns and raises as `pause`."""
        with self._gallery.begin() as tx:
            _known_kind(kind, EVERYTHING, *tx.jobs.paused())
            tx.jobs.resume(kind or EVERYTHING)
            return sorted(tx.jobs.paused())

    def due(self) -> bool:
        """Whether there is something to do now."""
        with self._gallery.begin(write=False) as tx:
            due = tx.jobs.next_due()
            return due is not None and due <= tx.jobs.now() + 1

    def read_again(self, photo_id: int) -> None:
        """Have a photo opened once more that was left alone. Raises UsageError when it is not left alone any more."""
        with self._gallery.begin() as tx:
            photo = tx.photos.get(photo_id)
            if not is_left_alone(photo) or photo.root_id is None:
                raise UsageError(f"{photo.path} is not left alone any more.")
            enqueue_again(tx, photo.root_id, [photo.path])

    def _each(self, job_ids: Sequence[int], change: Callable[[Tx, int], bool]) -> list[int]:
        with self._gallery.begin() as tx:
            return [j.id for j in map(tx.jobs.get, job_ids) if change(tx, j.id)]


@contextmanager
def open_jobs(folders: Folders) -> Generator[Jobs]:
    """The queue, with everything in it that waited in the inbox. Raises GalleryError when the database cannot be
    opened."""
    with Gallery.open(folders.gallery) as gallery:
        collect(folders.inbox, gallery)
        yield Jobs(gallery)


def _state(tx: Tx, kind: str | None) -> QueueState:
    return QueueState(dict(tx.jobs.counts(kind)), sorted(tx.jobs.paused()))


def _known_kind(kind: str | None, *others: str) -> None:
    """Raises UsageError for a kind of job that is neither this release's nor one of `others`."""
    if kind is not None and kind not in {*HANDLERS, *others}:
        raise UsageError(f"there is no kind of job {kind!r}; there are: {', '.join(sorted(HANDLERS))}")
