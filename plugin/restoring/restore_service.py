"""One restore request, from a photo to a checked, marked copy. The original is only ever read.

Three stages, each of which only reads what the one before gave: the faces are prepared (`preparing.py`), restored and
judged (`attempts.py`), and what may be seen is written into one copy and remembered (here). Before them the whole
photo is mended where that is asked for (`whole_photo.py`): its faces are then restored in what came of it.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from gallery_db import Gallery
from gallery_db.records import WHOLE_PHOTO
from iconface_core.calibration import Calibration
from iconface_core.damage.visible_change import LEAST_MEAN
from iconface_core.errors import ImageReadError
from iconface_core.images.carrying import CopyForm
from iconface_core.images.memory_limits import is_heavy
from iconface_core.images.provenance import (
    COLOUR,
    ENLARGE,
    FaceProvenance,
    PhotoProvenance,
    Provenance,
    ReferenceUsed,
    is_restored_output,
)
from iconface_core.images.read import content_hash
from iconface_core.images.stored_patch import waiting_room
from iconface_core.reasons import Reason
from iconface_core.types import Patch, RgbU8

from ..error_reasons import reason_of
from ..errors import NotFoundError
from ..library.bad_files import FAULTS_OF_A_FILE, in_file
from ..library.photo_faces import PhotoFace, PhotoFaces, pick
from ..models.cache import give_back_memory
from ..models.registry import OPENCV as FILL_OPENCV
from ..models.restorers import Restorers
from ..reasons import DRY_RUN, LESS_STRENGTH, NONE_USED, NOTHING_TO_RESTORE, OUR_COPY, REFUSED, STATED, UNSEEN
from .attempts import FaceAttempts, OnStep, Settled
from .copies import RestoredCopies
from .identification import Identifier
from .identified_face import IdentifiedFace
from .judging import gallery_of, likeness
from .preparing import FacePreparation, PreparedFace, faces_to_restore
from .result import FaceResult, RestoreRequest
from .whole_photo import OPENCV, MendedPhoto, PhotoMender

log = logging.getLogger(__name__)


class RestoreService:
    """Restores photos."""

    def __init__(
        self,
        gallery: Gallery,
        finder: PhotoFaces,
        whois: Identifier,
        calibration: Calibration,
        restorers: Restorers,
        outputs: RestoredCopies,
        mender: PhotoMender,
        attempts: FaceAttempts,
    ) -> None:
        self._finder, self._whois, self._calibration, self._outputs = finder, whois, calibration, outputs
        self._mender = mender
        self._preparation = FacePreparation(gallery, finder, calibration, restorers)
        self._attempts = attempts

    def restore(self, path: Path, request: RestoreRequest, on_step: OnStep | None = None) -> list[FaceResult]:
        """Restore one photo: one result per face, and one of the whole photo where steps of it were asked for. What is
        wrong with the photo itself is in the result, not raised.

        Raises UnknownIdError for an unknown person, IconFaceError when the restorer cannot run.
        """
        try:
            return self._restore(path, request, on_step)
        except FAULTS_OF_A_FILE as e:
            log.info("%s could not be restored", path, exc_info=True)
            return [FaceResult(path, skipped=in_file(path, e), failed=True)]

    def _restore(self, path: Path, request: RestoreRequest, on_step: OnStep | None) -> list[FaceResult]:
        try:
            if path.is_file() and is_restored_output(path) and not request.force:
                return [FaceResult(path, skipped=OUR_COPY())]
            photo, everybody = self._finder.find(path)
            steps = request.photo_steps
            wanted = not steps or ("faces" in steps and bool(everybody))
            subjects = pick(everybody, request.face, path, face_ids=request.face_ids) if wanted else []
        except (ImageReadError, OSError) as e:
            return [FaceResult(path, skipped=in_file(path, e), failed=True)]
        except NotFoundError as e:
            return [FaceResult(path, skipped=reason_of(e), no_face=True)]
        sha256 = everybody[0].content_hash if everybody else content_hash(path)
        answers = self._whois.answer(subjects, person_id=request.person_id) if subjects else []
        if request.person_id is not None and len(answers) > 1:
            answers = [max(answers, key=self._likeness)]
        began = time.monotonic()
        mended = self._mended(photo.pixels, everybody, subjects, request, on_step)
        times = request.enlarge if steps and not request.dry_run else 1
        heavy = is_heavy(photo.width * times, photo.height * times, photo.format)
        del photo
        give_back_memory()
        mending = time.monotonic() - began
        prepared = self._preparation.prepare(mended.pixels, answers, request)
        faces = [p for p in prepared if p.left_alone is None]
        tried = self._attempts.run(mended.pixels, everybody, faces, request, on_step)
        seconds = (time.monotonic() - began - mending) / max(len(faces), 1)  # judging takes its share on a fast GPU
        if heavy:
            self._attempts.let_go(request.restorer)  # 100 MB, back in a tenth of the time that writing takes
        patches = tried.patches
        settled = dict(zip(faces, tried.settled, strict=True))
        with ExitStack() as open_files:
            if times > 1:
                file = open_files.enter_context(waiting_room(self._folder(path, request)))
                mended, patches = self._mender.enlarge(mended, patches, request, file, on_step), ()
            mended = mended.to_write()  # the photo's own pixels go before the copy, decoded again, is written
            give_back_memory()
            output, remarks = self._write(path, sha256, list(settled.items()), patches, mended, request)
        results = [face_result(p, settled.get(p), output, seconds) for p in prepared]
        if steps:
            results.append(photo_result(path, mended, output, mending, request))
        results[0] = replace(results[0], notes=(*results[0].notes, *remarks))
        self._outputs.remember(
            results,
            output,
            input_sha256=sha256,
            weights_sha256=tried.weights_sha256,
            options=asdict(tried.options) | photo_options(request, mended.record),
            origin=request.origin,
            photo=mended.record,
        )
        return results

    def _mended(
        self,
        photo: RgbU8,
        everybody: Sequence[PhotoFace],
        subjects: Sequence[PhotoFace],
        request: RestoreRequest,
        on_step: OnStep | None,
    ) -> MendedPhoto:
        if not request.photo_steps or request.dry_run:
            return MendedPhoto(photo)
        harmed = partial(self._attempts.harmed, everybody, photo)
        kept = [s.face.bbox for s in faces_to_restore(photo, subjects, anyway=request.force)]
        return replace(self._mender.mend(photo, request, on_step, harmed, kept), mask=None)

    def _likeness(self, answer: IdentifiedFace) -> float:
        known = likeness(answer.subject.embedding.vector, gallery_of(answer, self._calibration))
        return -1.0 if known is None else known

    def _write(
        self,
        path: Path,
        sha256: str,
        faces: Sequence[tuple[PreparedFace, Settled]],
        patches: Sequence[Patch],
        mended: MendedPhoto,
        request: RestoreRequest,
    ) -> tuple[Path | None, list[Reason]]:
        """Write the copy, and say what could not be kept in it. None where nothing came of any face or of the rest."""
        hashed = cache(content_hash)  # several faces may have the same reference
        times = 1 if mended.record is None else mended.record.enlarged
        records = tuple(provenance_of(face, s, hashed, times) for face, s in faces if s.step == "write")
        if not records and mended.record is None:
            return None, []
        outputs = self._outputs
        provenance = Provenance(path.name, sha256, outputs.software, datetime.now(UTC), records, mended.record)
        folder = self._folder(path, request)
        whole = [] if mended.record is None else [mended.whole]
        tones = None if mended.tones is None else mended.tones.values
        coloured = mended.record is not None and COLOUR in mended.record.steps
        patches = [*whole, *patches]
        output, notes = outputs.write(path, patches, provenance, folder, form=CopyForm(tones, coloured, times))
        return output, [STATED(text=note) for note in notes]

    def _folder(self, path: Path, request: RestoreRequest) -> Path:
        return request.output or self._outputs.folder_for(path, beside=request.beside)


def face_result(face: PreparedFace, settled: Settled | None, output: Path | None, seconds: float) -> FaceResult:
    """What is told of one face; `settled` is None for one that was left alone."""
    s, answer, references = face.subject, face.answer, face.references
    result = FaceResult(
        s.path,
        s.number,
        s.face.bbox,
        s.face_id,
        answer.person_id,
        answer.person_name,
        answer.who,
        references=references.rows,
        references_note=references.note,
        degradation=face.degradation,
        skipped=face.left_alone,
        notes=references.left_out,
    )
    if settled is None:
        return result
    attempt, verdict = settled.attempt, settled.verdict
    if references.faces and not attempt.references:
        result = replace(result, references_note=NONE_USED(restorer=attempt.restorer))
    if settled.weaker:
        result = replace(result, notes=(*result.notes, LESS_STRENGTH(strength=attempt.options.strength)))
    return replace(
        result,
        references_used=attempt.references,
        restorer=attempt.restorer,
        seed=attempt.options.seed,
        seconds=seconds,
        strength=attempt.options.strength,
        change=attempt.change,
        choice=attempt.choice,
        similarity_before=attempt.judged.before,
        similarity_after=attempt.judged.after,
        verdict=verdict,
        output=output if settled.step == "write" else None,
        skipped=_why_not_written(settled),
    )


def photo_result(
    path: Path, mended: MendedPhoto, output: Path | None, seconds: float, request: RestoreRequest
) -> FaceResult:
    """What is told of a whole photo."""
    changed = mended.record is not None
    return FaceResult(
        path,
        restorer=WHOLE_PHOTO,
        seed=request.seed,
        seconds=seconds,
        output=output if changed else None,
        skipped=None if changed else DRY_RUN() if request.dry_run else NOTHING_TO_RESTORE(),
        notes=mended.notes,
        photo_steps=request.photo_steps,
    )


def photo_options(request: RestoreRequest, record: PhotoProvenance | None) -> dict[str, Any]:
    """What is kept of a request to repeat it, beside a restorer's options: nothing where only faces were asked for. Of
    the whole photo also what was done to it (`record`), and by what: LaMa may come to be installed before it is made
    again."""
    if not request.photo_steps:
        return {}
    done = () if record is None else record.steps
    by = {} if record is None else {m.step: m.model for m in record.models}
    filled = by.get("damage", request.fill)
    return {
        "photo_steps": list(request.photo_steps),
        "photo_done": list(done),
        "keep_tint": request.keep_tint,
        "fill": FILL_OPENCV if filled == OPENCV else filled,
        "cleaner": by.get("background", by.get(ENLARGE, request.cleaner)),
        **({"enlarge": request.enlarge} if request.enlarge > 1 else {}),
    }


def _why_not_written(settled: Settled) -> Reason | None:
    verdict, change = settled.verdict, settled.attempt.change
    if verdict is None:
        return UNSEEN(mean=change.mean, share=change.share, least=LEAST_MEAN)
    return None if settled.step == "write" else REFUSED(verdict=verdict.reason)


def provenance_of(
    face: PreparedFace, settled: Settled, hashed: Callable[[Path], str], times: int = 1
) -> FaceProvenance:
    """What a copy says of one face that was restored in it. `hashed` gives a reference's SHA-256; the copy is `times`
    as large as the photo."""
    b, attempt, verdict = face.subject.face.bbox, settled.attempt, settled.verdict
    assert verdict is not None, "what nobody can see is not written"
    return FaceProvenance(
        bbox=(b.x1 * times, b.y1 * times, b.x2 * times, b.y2 * times),
        restorer=attempt.restorer,
        weights_sha256=attempt.weights_sha256,
        seed=attempt.options.seed,
        strength=attempt.options.strength,
        steps=attempt.options.steps,
        references=tuple(
            ReferenceUsed(Path(r["photo"]).name, hashed(Path(r["photo"])), r["score"])
            for r in face.references.rows[: attempt.references]
        ),
        similarity_before=attempt.judged.before,
        similarity_after=attempt.judged.after,
        verdict=verdict.kind.value,
        choice=None if attempt.choice is None else attempt.choice.as_json(),
    )
