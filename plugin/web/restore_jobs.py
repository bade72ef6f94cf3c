"""Which faces a restore job is at work on, or waits for."""

from collections.abc import Mapping

from gallery_db.gallery import Tx
from gallery_db.records import JobRecord

from ..job_payloads import RESTORE, RestorePayload, payload_of

RestoreJobs = Mapping[tuple[str, int | None], JobRecord]
"""By path of the photo and face; None for a job about every face of it."""


def live_jobs(tx: Tx) -> RestoreJobs:
    """Restore jobs that wait or run."""
    jobs = tx.jobs.find(kind=RESTORE, states=("waiting", "running"))
    return {(p.path, p.face_id): j for j in jobs if (p := payload_of(j, RestorePayload))}
