"""The `preview` job: what the steps of a whole photo would do to it, for the page that asked."""

from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.codec import JsonObject
from iconface_core.errors import IconFaceError

from ..error_reasons import reason_of
from ..errors import AppError
from ..job_payloads import PreviewPayload
from ..jobs.context import JobContext, JobFailedError
from ..library.bad_files import FAULTS_OF_A_FILE, in_file, is_no_fault_of
from ..paths import printable
from ..picture_cache import PictureCache
from ..restoring.preview_jobs import as_result, keep

if TYPE_CHECKING:
    from ..app import App


def run(app: "App", payload: PreviewPayload, job: JobContext) -> JsonObject:
    """Make the pictures and say what each step came to. Raises JobFailedError for a photo that cannot be read, and for
    a model that is not there."""
    path, cache = Path(payload.path), PictureCache(app.settings.folders.web_pictures)
    epoch = cache.epoch()
    job.check()

    def on_step(done: int, total: int) -> None:
        job.progress(done, total, printable(path))
        job.check()

    try:
        with job.looking_at(path):
            preview = app.photo_previews.preview(path, payload.options, on_step)
    except (AppError, IconFaceError, *FAULTS_OF_A_FILE) as e:
        raise JobFailedError(reason_of(e) if is_no_fault_of(e) else in_file(path, e)) from e
    return as_result(keep(preview, cache, epoch))
