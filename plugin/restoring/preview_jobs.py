"""Previews for the pages: asked for here, made by a job, shown out of the picture cache."""

import io
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, structs
from PIL import Image

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import JobRecord
from iconface_core.codec import CodecError, JsonObject, decode, encode

from ..errors import NotFoundError
from ..job_kinds import enqueue_preview
from ..job_payloads import PREVIEW, PhotoStep, PreviewPayload, QueuedChoices, payload_of
from ..paths import printable
from ..picture_cache import PictureCache
from .photo_models import check_previewed
from .repeat import as_before, must_be_there, photo_now

if TYPE_CHECKING:
    from iconface_core.types import RgbU8

    from .preview import PhotoPreview

KEPT_S = 3600.0
"""So long the queue remembers a preview."""

PreviewPicture = Literal["before", "found", "after"]


class KeptPreview(Struct, frozen=True):
    """What a job says of the preview it made: `pictures` are keys of the picture cache, `notes` reasons as JSON."""

    changed: bool
    pictures: Mapping[PreviewPicture, str]
    notes: tuple[JsonObject, ...]


def ask_photo_preview(gallery: Gallery, photo: Path, steps: tuple[PhotoStep, ...]) -> int:
    """Ask what these steps would do to a photo; returns the job id. Raises UsageError when the file is not there now,
    and for steps that a preview does not show."""
    with gallery.begin() as tx:
        return _asked(tx, photo, QueuedChoices(photo_steps=steps))


def ask_copy_preview(gallery: Gallery, restoration_id: int, steps: tuple[PhotoStep, ...]) -> int:
    """Ask what these steps would do to the photo of a copy, all else as it was made. Raises UnknownIdError, and as
    `ask_photo_preview`."""
    with gallery.begin() as tx:
        rows = tx.restorations.with_output(restoration_id)
        return _asked(tx, photo_now(tx, rows[0]), structs.replace(as_before(rows), photo_steps=steps))


def _asked(tx: Tx, photo: Path, options: QueuedChoices) -> int:
    check_previewed(options.photo_steps)
    must_be_there(photo)
    forget_previews(tx)
    return enqueue_preview(tx, photo, options)


def forget_previews(tx: Tx) -> int:
    """Remove those that ended an hour ago from the queue, whatever came of them. Returns how many."""
    return tx.jobs.purge(tx.jobs.now() - KEPT_S, kind=PREVIEW, states=("done", "failed", "cancelled"))


def photo_of(tx: Tx, photo_id: int) -> Path:
    """The photo that is previewed. Raises UnknownIdError."""
    return Path(tx.photos.get(photo_id).path)


def original_of(tx: Tx, restoration_id: int) -> Path:
    """The photo that is previewed for a copy. Raises UnknownIdError."""
    return photo_now(tx, tx.restorations.with_output(restoration_id)[0])


def asked_of(job: JobRecord, photo: Path) -> PreviewPayload:
    """What a job for a preview of this photo was asked. Raises NotFoundError for any other job."""
    payload = payload_of(job, PreviewPayload)
    if payload is None or Path(payload.path) != photo:
        raise NotFoundError(f"job {job.id} is no preview of {printable(photo)}")
    return payload


def stop_preview(tx: Tx, job_id: int, photo: Path) -> None:
    """Let nobody work at a preview of this photo any more; one that ended stays as it is. Raises UnknownIdError, and
    NotFoundError for any other job."""
    asked_of(tx.jobs.get(job_id), photo)
    tx.jobs.cancel(job_id, tx.jobs.now())


def keep(preview: "PhotoPreview", cache: PictureCache, epoch: str) -> KeptPreview:
    """Put its pictures into the cache, unless that was emptied since `epoch` (`PictureCache.put`)."""
    pictures: dict[PreviewPicture, RgbU8] = {"before": preview.before, "after": preview.after}
    if preview.found is not None:
        pictures["found"] = preview.found
    keys: dict[PreviewPicture, str] = {which: secrets.token_hex(16) for which in pictures}
    for which, pixels in pictures.items():
        cache.put(keys[which], _jpeg(pixels), epoch)
    return KeptPreview(preview.changed, keys, tuple(n.as_json() for n in preview.notes))


def kept(job: JobRecord) -> KeptPreview | None:
    """The preview that a job made; None: it made none, or is not through."""
    if job.kind != PREVIEW or job.state != "done":
        return None
    try:
        return decode(KeptPreview, job.progress, "preview")
    except CodecError:
        return None


def as_result(preview: KeptPreview) -> JsonObject:
    """What the queue keeps of it."""
    out: dict[str, Any] = encode(preview)
    return out


def _jpeg(pixels: "RgbU8") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90, subsampling="4:4:4")
    return out.getvalue()
