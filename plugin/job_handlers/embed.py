"""The `embed` job: a face that somebody drew gets its vector. The site asks for it: it loads no model itself."""

from pathlib import Path
from typing import TYPE_CHECKING

from gallery_db.errors import UnknownIdError
from iconface_core.codec import JsonObject
from iconface_core.errors import ImageReadError

from ..job_payloads import EmbedPayload
from ..jobs.context import JobContext, JobFailedError
from ..library.bad_files import in_file
from ..reasons import FACE_LEARNT, FACE_TAKEN_BACK

if TYPE_CHECKING:
    from ..app import App


def run(app: "App", payload: EmbedPayload, job: JobContext) -> JsonObject:
    """Raises JobFailedError when the photo cannot be read."""
    job.check()
    try:
        with app.gallery.begin(write=False) as tx:
            face = tx.faces.get(payload.face_id)
        with job.looking_at(Path(face.photo)):
            app.drawn_faces.embed(face.id)
    except UnknownIdError:
        return {"text": FACE_TAKEN_BACK().as_json()}
    except ImageReadError as e:
        raise JobFailedError(in_file(Path(face.photo), e)) from e
    return {"text": FACE_LEARNT().as_json()}
