"""One restore request, from a photo to a checked, marked copy. The original is only ever read."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from gallery_db import Gallery
from iconface_core.calibration import Calibration
from iconface_core.damage.sharpness import measure, why_left_alone
from iconface_core.damage.visible_change import LEAST_MEAN, visible_change
from iconface_core.errors import ImageReadError
from iconface_core.geometry import ARCFACE_112, FFHQ_512, align_face
from iconface_core.identity.verdict import VerdictKind, lost_likeness, refused_for_loss
from iconface_core.images.provenance import FaceProvenance, Provenance, ReferenceUsed, is_restored_output
from iconface_core.images.read import content_hash
from iconface_core.pasting.paste import Pasted, paste_back
from iconface_core.protocols import FaceEmbedder
from iconface_core.reasons import Reason
from iconface_core.types import AlignedFace, FaceEmbedding, Patch, RestoreInput, RestoreOptions, RgbU8

from ..error_reasons import reason_of
from ..errors import NotFoundError
from ..library.bad_files import FAULTS_OF_A_FILE, in_file
from ..library.photo_faces import PhotoFace, PhotoFaces, pick
from ..models.cache import ModelSlot, give_back_memory
from ..models.restorers import Restorers
from ..reasons import (
    DRY_RUN,
    JUDGED_WITHOUT_REFERENCES,
    LESS_STRENGTH,
    NONE_READABLE,
    NONE_USED,
    OUR_COPY,
    REFUSED,
    STATED,
    UNSEEN,
)
from .copies import RestoredCopies, why_not_again
from .identification import IdentifiedFace, Identifier
from .judging import Judged, gallery_of, judged, likeness
from .reference_photos import ReferencePhotos
from .result import FaceResult, RestoreRequest

log = logging.getLogger(__name__)

SHARES = (1.0, 0.5, 0.25)
"""Of the strength that was asked for: what makes a face less like its person is tried again with less."""

OnStep = Callable[[int, int], None]


class RestoreService:
    """Restores photos."""

    def __init__(
        self,
        gallery: Gallery,
        finder: PhotoFaces,
        whois: Identifier,
        embedder: ModelSlot[FaceEmbedder],
        calibration: Calibration,
        restorers: Restorers,
        outputs: RestoredCopies,
    ) -> None:
        self._gallery, self._finder, self._whois = gallery, finder, whois
        self._embedder, self._calibration = embedder, calibration
        self._restorers, self._outputs = restorers, outputs

    def restore(self, path: Path, request: RestoreRequest, on_step: OnStep | None = None) -> list[FaceResult]:
        """Restore one photo: one result per face. What is wrong with the photo itself is in the result, not raised.

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
            subjects = pick(everybody, request.face, path, face_ids=request.face_ids)
        except (ImageReadError, OSError) as e:
            return [FaceResult(path, skipped=in_file(path, e), failed=True)]
        except NotFoundError as e:
            return [FaceResult(path, skipped=reason_of(e), no_face=True)]
        answers = self._whois.answer(subjects, person_id=request.person_id)
        if request.person_id is not None and len(answers) > 1:
            answers = [max(answers, key=self._likeness)]
        run = _Run(self, photo.pixels, everybody, request, on_step)
        del photo  # the run lets go of the pixels before the copy, which is decoded anew, is written
        prepared = [run.prepare(a) for a in answers]
        run.restore([p for p in prepared if p.result.skipped is None])
        results = [p.result for p in prepared]
        run.finish(path, results)
        return results

    def _likeness(self, answer: IdentifiedFace) -> float:
        known = likeness(answer.subject.embedding.vector, gallery_of(answer, self._calibration))
        return -1.0 if known is None else known

    def embed(self, pasted: Pasted, subject: PhotoFace) -> FaceEmbedding:
        """Embed the face of `subject` as it was pasted."""
        pixels, corner = pasted.surroundings()
        landmarks = subject.face.landmarks - np.array(corner, np.float32)
        with self._embedder.use() as embedder:
            return embedder.embed([align_face(pixels, landmarks, ARCFACE_112)])[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """One face, ready to be restored or left alone (`result.skipped`). `gallery` is what it is compared with."""

    subject: PhotoFace
    result: FaceResult
    crop: AlignedFace
    references: Sequence[tuple[AlignedFace, FaceEmbedding]]
    gallery: Sequence[FaceEmbedding]


class _Run:
    """The work on one photo: its faces go to the restorer together, then one by one into one growing copy."""

    def __init__(
        self,
        service: RestoreService,
        photo: RgbU8,
        everybody: Sequence[PhotoFace],
        request: RestoreRequest,
        on_step: OnStep | None,
    ) -> None:
        self._s, self._request, self._on_step = service, request, on_step
        self._began = time.monotonic()
        self._photo, self._everybody = photo, everybody
        self._patches: list[Patch] = []
        self._source_sha256 = everybody[0].content_hash
        self._records: list[tuple[FaceResult, FaceProvenance]] = []
        self._references = ReferencePhotos(service._finder)
        self._options, self._weights = RestoreOptions(seed=request.seed, steps=request.steps), ""

    def prepare(self, answer: IdentifiedFace) -> _Prepared:
        """Measure one face, and find its references unless it is left alone."""
        s, request = answer.subject, self._request
        result = FaceResult(s.path, s.number, s.face.bbox, s.face_id, answer.person_id, answer.person_name, answer.who)
        crop = align_face(self._photo, s.face.landmarks, FFHQ_512)
        result.degradation = measure(crop.pixels, crop.from_photo)
        if not request.force:
            result.skipped = why_left_alone(result.degradation)
        references = [] if result.skipped else self._references.of(answer, request, result)
        if request.origin != "hand" and result.skipped is None:
            result.skipped = self._why_not_by_itself(s, result)
        if request.dry_run and result.skipped is None:
            result.skipped = DRY_RUN()
        # Nobody is known: then the photos the user gave are the person.
        gallery = gallery_of(answer, self._s._calibration) or [e for _, e in references]
        return _Prepared(s, result, crop, references, gallery)

    def _why_not_by_itself(self, s: PhotoFace, result: FaceResult) -> Reason | None:
        """What keeps an algorithm from restoring this face unasked: nobody known, or what is known of earlier tries."""
        if result.person_id is None:
            return result.who
        with self._s._gallery.begin(write=False) as tx:
            rows = tx.restorations.of_face(
                photo=str(s.path), face_id=s.face_id, input_sha256=self._source_sha256, bbox=s.face.bbox
            )
        return why_not_again(
            rows,
            input_sha256=self._source_sha256,
            restorer=self._s._restorers.backend(self._request.restorer),
            references=[r["face_id"] for r in result.references],
        )

    def restore(self, faces: Sequence[_Prepared]) -> None:
        """Run the restorer over all faces, then judge each and put it back; what became less like its person is tried
        again at lower strength."""
        waiting = list(faces)
        for share in SHARES:
            if waiting:
                restored = self._restored(waiting, share)
                waiting = [f for f, out in zip(waiting, restored, strict=True) if not self._settled(f, out, share)]
        seconds = (time.monotonic() - self._began) / max(len(faces), 1)  # judging takes its share on a fast GPU
        for face in faces:
            face.result.seconds = seconds

    def _restored(self, faces: Sequence[_Prepared], share: float) -> list[RgbU8]:
        """The restored crops, at this share of the strength."""
        backend, quality = self._s._restorers.backend(self._request.restorer), self._request.quality
        with self._s._restorers.slot(self._request.restorer).use() as restorer:
            wanted = self._request.strength
            self._options = options = replace(
                self._options,
                strength=(restorer.default_strength if wanted is None else wanted) * share,
                steps=self._options.steps or (None if quality is None else backend.quality_steps.get(quality)),
            )
            inputs = []
            for face in faces:
                used = face.references[: restorer.max_references]
                inputs.append(RestoreInput(face.crop, tuple(a for a, _ in used), tuple(e for _, e in used)))
                result = face.result
                result.restorer, result.seed, result.references_used = restorer.id, options.seed, len(used)
                if face.references and not used:
                    result.references_note = NONE_USED(restorer=restorer.id)
            self._weights = restorer.weights_sha256
            return [out.pixels for out in restorer.restore_many(inputs, options, on_step=self._on_step)]

    def _settled(self, face: _Prepared, restored: RgbU8, share: float) -> bool:
        """Paste a face into the copy if anybody can see it and the identity check lets it pass; False when it shall be
        tried at lower strength."""
        s, result, force = face.subject, face.result, self._request.force
        pasted = paste_back(
            self._photo,
            face.crop,
            restored,
            s.face.landmarks,
            others=[other.face for other in self._everybody if other is not s],
            onto=self._patches,
            seed=self._options.seed,
        )
        change = visible_change(pasted, s.face.landmarks)
        if not change.seen and not force and result.verdict is not None:
            self._refuse(result)  # what can be seen is less like the person, what is like them cannot be seen
            return True
        found = self._judged(face, pasted)
        lost = found.verdict.kind is VerdictKind.REFUSED or lost_likeness(found.before, found.after)
        if result.verdict is None or not lost:
            result.strength, result.change = self._options.strength, change
            result.similarity_before, result.similarity_after = found.before, found.after
        if not change.seen and not force:
            result.skipped = UNSEEN(mean=change.mean, share=change.share, least=LEAST_MEAN)
            return True
        if result.verdict is None or not lost:
            result.verdict = found.verdict
        if lost and not force:
            if share == SHARES[-1]:
                self._refuse(result)
            return share == SHARES[-1]
        if share < 1:
            assert result.strength is not None
            result.notes.append(LESS_STRENGTH(strength=result.strength))
        self._patches.append(pasted.patch)
        self._records.append((result, self._record(result, s)))
        return True

    def _judged(self, face: _Prepared, pasted: Pasted) -> Judged:
        s = face.subject
        found = judged(self._s._calibration, s.embedding, self._s.embed(pasted, s), face.gallery)
        note = face.result.references_note
        if note is not None and note.code == NONE_READABLE:
            verdict = replace(found.verdict, reason=JUDGED_WITHOUT_REFERENCES(verdict=found.verdict.reason))
            found = replace(found, verdict=verdict)
        return found

    def _refuse(self, result: FaceResult) -> None:
        """Write nothing of this face; the numbers are those of the first try."""
        assert result.verdict is not None
        if result.verdict.kind is not VerdictKind.REFUSED:
            result.verdict = refused_for_loss(result.verdict)
        result.skipped = REFUSED(verdict=result.verdict.reason)

    def _record(self, result: FaceResult, s: PhotoFace) -> FaceProvenance:
        b = s.face.bbox
        assert result.verdict is not None
        assert result.restorer is not None
        return FaceProvenance(
            bbox=(b.x1, b.y1, b.x2, b.y2),
            restorer=result.restorer,
            weights_sha256=self._weights,
            seed=self._options.seed,
            strength=self._options.strength,
            steps=self._options.steps,
            references=tuple(
                ReferenceUsed(Path(r["photo"]).name, content_hash(Path(r["photo"])), r["score"])
                for r in result.references[: result.references_used]
            ),
            similarity_before=result.similarity_before,
            similarity_after=result.similarity_after,
            verdict=result.verdict.kind.value,
        )

    def finish(self, path: Path, results: Sequence[FaceResult]) -> None:
        """Write the copy and remember every attempt, the refused ones too. Nothing can be restored after it."""
        del self._photo
        give_back_memory()
        output: Path | None = None
        if self._records:
            faces = tuple(record for _, record in self._records)
            outputs, request = self._s._outputs, self._request
            provenance = Provenance(path.name, self._source_sha256, outputs.software, datetime.now(UTC), faces)
            folder = request.output or outputs.folder_for(path, beside=request.beside)
            output, notes = outputs.write(path, self._patches, provenance, folder)
            results[0].notes.extend(STATED(text=note) for note in notes)
        for result, _ in self._records:
            result.output = output
        self._s._outputs.remember(
            results,
            output,
            input_sha256=self._source_sha256,
            weights_sha256=self._weights,
            options=asdict(self._options),
            origin=self._request.origin,
        )
