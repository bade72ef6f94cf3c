"""What the page of a preview shows: how far its job is, else the pictures and what each step came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery_db.gallery import Tx
from iconface_core.reasons import read_reasons

from ...job_payloads import PhotoStep
from ...paths import printable
from ...restoring.preview_jobs import KeptPreview, PreviewPicture, asked_of, kept
from ..pictures import Pictures
from ..words.jobs import JobLine, JobWords
from ..words.reasons import on_page


@dataclass(frozen=True, slots=True)
class PreviewView:
    """`photo` is the name of the file, `steps` what was asked for. `made` is None while there is nothing to show, and
    when its pictures are gone from the cache. `notes`: what each step came to. `now` stands for what is to be seen."""

    job: JobLine
    photo: str
    steps: Sequence[PhotoStep]
    made: KeptPreview | None
    notes: Sequence[str]
    now: str

    @property
    def at_work(self) -> bool:
        """It waits or runs."""
        return self.job.state in ("waiting", "running")


def preview_view(tx: Tx, pictures: Pictures, job_id: int, photo: Path) -> PreviewView:
    """The preview that a job makes. Raises UnknownIdError, and NotFoundError for a job that makes none of this
    photo."""
    job = tx.jobs.get(job_id)
    asked = asked_of(job, photo)
    [line] = JobWords(tx).lines([job])
    made = kept(job)
    if made is not None and any(pictures.kept(key) is None for key in made.pictures.values()):
        made = None
    notes = [] if made is None else [on_page(reason) for reason in read_reasons(made.notes)]
    name = printable(Path(asked.path).name)
    return PreviewView(line, name, asked.options.photo_steps, made, notes, f"{line.state}-{line.done}")


def preview_key(tx: Tx, job_id: int, which: PreviewPicture) -> str | None:
    """Where a picture of a preview is kept; None: there is none. Raises UnknownIdError."""
    made = kept(tx.jobs.get(job_id))
    return None if made is None else made.pictures.get(which)
