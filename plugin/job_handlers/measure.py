"""Measure faces in all the pixels of their photos: those indexed before degradation was kept or by an older rule, and
those of large photos, which are decoded smaller for indexing. Resumable: each photo is kept by itself, and what is
missing is asked of the gallery."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery_db.gallery import Tx
from iconface_core.codec import JsonObject, encode
from iconface_core.damage.sharpness import VERSION
from iconface_core.errors import ImageReadError
from iconface_core.images.read import content_hash, read_photo
from iconface_core.reasons import Reason
from iconface_core.types import DetectedFace

from ..job_payloads import MEASURE, Payload
from ..jobs.context import JobContext
from ..library.bad_files import in_file, is_no_fault_of
from ..library.degradation import measured
from ..library.points import detection_of
from ..progress import Progress
from ..reasons import CHANGED_SINCE, MEASURED

if TYPE_CHECKING:
    from ..app import App


def run(app: "App", payload: Payload, job: JobContext) -> JsonObject:
    """The `measure` job."""
    done, failed = measure_missing(app, job.steps())
    why = {path: reason.as_json() for path, reason in failed.items()}
    return {"faces": done, "failed": why, "text": MEASURED(faces=done).as_json()}


def enqueue_measure(tx: Tx, *, priority: int) -> int | None:
    """Have what is missing measured by the service; None when nothing is. After an update with another rule that is
    every face."""
    faces, _, in_full = tx.measures.counts(VERSION)
    return (
        tx.jobs.enqueue(MEASURE, encode(Payload()), dedupe=MEASURE, priority=priority, origin="watch")
        if in_full < faces
        else None
    )


def measure_missing(app: "App", progress: Progress) -> tuple[int, dict[str, Reason]]:
    """Measure every face that lacks it. Returns how many, and the photos that could not be read with the reason.

    Unreadable and changed photos are passed over: the next scan deals with them, or says what is wrong.
    """
    done, after = 0, 0
    failed: dict[str, Reason] = {}
    with app.gallery.begin(write=False) as tx:
        faces, _, in_full = tx.measures.counts(VERSION)
    progress.total(faces - in_full)
    while True:
        with app.gallery.begin(write=False) as tx:
            todo = [
                (tx.photos.get(photo_id), tx.faces.by_ids(ids))
                for photo_id, ids in tx.measures.missing(VERSION, after_photo=after)
            ]
        if not todo:
            return done, failed
        for photo, rows in todo:
            after = photo.id
            try:
                values = _measure(Path(photo.path), photo.content_hash, app.settings.full_megapixels, rows)
            except Exception as e:
                if is_no_fault_of(e):
                    raise
                failed[photo.path] = in_file(Path(photo.path), e)
                values = []
            with app.gallery.begin() as tx:
                tx.measures.set(values)
            done += len(values)
            for _ in rows:
                progress.step(photo.path)


def _measure(path: Path, digest: str, megapixels: int, faces: list[Any]) -> list[tuple[int, Mapping[str, Any]]]:
    if content_hash(path) != digest:
        raise ImageReadError(f"{path} was changed since it was indexed: iconface scan", CHANGED_SINCE())
    photo = read_photo(path, max_pixels=megapixels * 1_000_000, full_pixels=megapixels * 1_000_000)
    out: list[tuple[int, Mapping[str, Any]]] = []
    for face in faces:
        found: DetectedFace = detection_of(face)
        out.append((face.id, measured(photo, found, face.quality)))
    return out
