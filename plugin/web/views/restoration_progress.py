"""How far a job that restores a face again is, and what it left."""

from dataclasses import dataclass

from gallery_db.errors import UnknownIdError
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord, RestorationRecord
from iconface_core.calibration import Calibration

from ..words.restorations import Says, verdict_words


@dataclass(frozen=True, slots=True)
class RestorationProgress:
    """`now` stands for what is to be seen. `result` is the new version, or the refusal; None while there is none."""

    now: str
    job: JobRecord
    result: RestorationRecord | None
    says: Says | None


def progress_of(tx: Tx, job_id: int, restoration_id: int, calibration: Calibration) -> RestorationProgress:
    """The job for the face of a restoration. Raises UnknownIdError."""
    job = tx.jobs.get(job_id)
    now = f"{job.state}-{(job.progress or {}).get('done', '')}"
    result = _result(tx, job, restoration_id)
    says = None if result is None else verdict_words(result, _name(tx, result), calibration)
    return RestorationProgress(now, job, result, says)


def _result(tx: Tx, job: JobRecord, restoration_id: int) -> RestorationRecord | None:
    """What a finished job left for the face of a restoration: a new version, or a refusal."""
    if job.state != "done" or job.progress is None:
        return None
    try:
        old = tx.restorations.get(restoration_id)
    except UnknownIdError:  # a proposal, which the result took the place of
        old = None
    for face in job.progress.get("faces") or ():
        if face["identity"]["verdict"] is None and face["output"] is None:
            continue  # left alone; a whole photo is written without a verdict
        of_output = None if face["output"] is None else tx.restorations.by_output(path=face["output"])
        made = (
            tx.restorations.history(photo=face["photo"], limit=20)
            if of_output is None
            else (tx.restorations.with_output(of_output.id))
        )
        mine = [r for r in made if r.face_id == face["face_id"] and (r.output is None) == (of_output is None)]
        if mine and (old is None or old.face_id == face["face_id"]):
            return mine[0]
    return None


def _name(tx: Tx, record: RestorationRecord) -> str | None:
    return None if record.person_id is None else tx.people.names([record.person_id]).get(record.person_id)
