"""What was made of a whole photo, in the library or not: how far a job is, else the latest copy, else why there is
none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gallery_db.gallery import Tx
from gallery_db.records import JobRecord, RestorationRecord
from iconface_core.calibration import Calibration

from ...job_payloads import RESTORE
from ...languages import N_, _
from ...paths import printable
from ...restoring.presence import copy_is_there
from ..words.jobs import JobLine, JobWords
from ..words.restorations import Says, verdict_words
from .restoration_view import RestorationPictures, name_of

OUTCOMES: Mapping[str, str] = {
    "restored": N_("Restored. Have a look whether it is still the same person."),
    "unsure": N_("Restored, without knowing whose face it is. Have a look."),
    "refused": N_("Refused: it would have become a stranger."),
    "unseen": N_(
        "It is already as clear as it can be made here: nobody would see a difference, so nothing was written."
    ),
    "sharp": N_("This face is clear already; there is nothing to restore."),
}
"""What a job's outcome (`restore_job.summary`) means."""


@dataclass(frozen=True, slots=True)
class MadeClear:
    """`job` waits, runs or failed; `copy` is there, with `faces` in it: each one's restoration, name and verdict.
    `words` say why there is no copy. `now` stands for what is to be seen of a job."""

    job: JobLine | None
    copy: RestorationRecord | None
    faces: Sequence[tuple[int, str | None, Says]]
    words: str
    now: str

    @property
    def at_work(self) -> bool:
        """A job waits or runs."""
        return self.job is not None and self.job.state in ("waiting", "running")

    @property
    def pictures(self) -> RestorationPictures | None:
        """Before and after."""
        return None if self.copy is None else RestorationPictures(self.copy, None)


def made_clear(tx: Tx, photo: Path, calibration: Calibration) -> MadeClear:
    """Of the photo at this path. A job about one of its faces is told where that face is."""
    job = tx.jobs.latest(RESTORE, printable(photo))
    done = tx.restorations.history(photo=printable(photo), states=("done",))
    copy = next(filter(copy_is_there, done), None)
    if job is not None and (job.state in ("waiting", "running") or _failed_since(job, copy)):
        [line] = JobWords(tx).lines([job])
        return MadeClear(line, None, (), "", f"{job.state}-{(job.progress or {}).get('done', '')}")
    if copy is None:
        outcome = "" if job is None or job.state != "done" else str((job.progress or {}).get("outcome", ""))
        why = _(_WHY_NONE[outcome]) if outcome in _WHY_NONE else ""
        return MadeClear(None, None, (), why, "")
    rows = tx.restorations.with_output(copy.id)
    names = tx.people.names([r.person_id for r in rows if r.person_id is not None])
    faces = [(r.id, name_of(r, names), verdict_words(r, name_of(r, names), calibration)) for r in rows]
    return MadeClear(None, copy, faces, "", "")


_WHY_NONE: Mapping[str, str] = {
    "refused": OUTCOMES["refused"],
    "unseen": OUTCOMES["unseen"],
    "sharp": N_("Its faces are clear already; there is nothing to restore."),
}
"""Of a job that wrote no copy."""


def _failed_since(job: JobRecord, copy: RestorationRecord | None) -> bool:
    if job.state != "failed" or copy is None:
        return job.state == "failed"
    return (job.finished_at or 0) > datetime.fromisoformat(copy.created_at).timestamp()
