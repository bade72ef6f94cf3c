"""First stage of a restoration: each face measured, its references found, and what speaks against restoring it."""

from collections.abc import Sequence
from dataclasses import dataclass

from gallery_db import Gallery
from iconface_core.calibration import Calibration
from iconface_core.damage.sharpness import Degradation, measure, why_left_alone
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.reasons import Reason
from iconface_core.types import AlignedFace, DetectedFace, FaceEmbedding, RgbU8

from ..library.photo_faces import PhotoFace, PhotoFaces
from ..models.restorers import Restorers
from ..reasons import DRY_RUN
from .copies import why_not_again
from .identified_face import IdentifiedFace
from .judging import gallery_of
from .reference_photos import FoundReferences, ReferencePhotos
from .result import RestoreRequest


@dataclass(frozen=True, slots=True, eq=False)
class PreparedFace:
    """A face of a photo and all that restoring it takes. `left_alone` says why it is not restored, None where it is.
    `gallery` is what its result is compared with."""

    answer: IdentifiedFace
    crop: AlignedFace
    degradation: Degradation
    references: FoundReferences
    left_alone: Reason | None
    gallery: Sequence[FaceEmbedding]

    @property
    def subject(self) -> PhotoFace:
        """The face as it was found."""
        return self.answer.subject


def needs_restoring(photo: RgbU8, face: DetectedFace) -> bool:
    """Whether a face of a photo (H, W, 3) is neither clear nor too small."""
    crop = align_face(photo, face.landmarks, FFHQ_512)
    return why_left_alone(measure(crop.pixels, crop.from_photo)) is None


def faces_to_restore(photo: RgbU8, faces: Sequence[PhotoFace], *, anyway: bool) -> list[PhotoFace]:
    """Those `faces` of a photo (H, W, 3) that need it; all of them where somebody wants it `anyway`."""
    return [f for f in faces if anyway or needs_restoring(photo, f.face)]


class FacePreparation:
    """Prepares the faces of a photo."""

    def __init__(self, gallery: Gallery, finder: PhotoFaces, calibration: Calibration, restorers: Restorers) -> None:
        self._gallery, self._finder = gallery, finder
        self._calibration, self._restorers = calibration, restorers

    def prepare(self, photo: RgbU8, answers: Sequence[IdentifiedFace], request: RestoreRequest) -> list[PreparedFace]:
        """One for each face of `photo` (H, W, 3). Raises ImageReadError or NotFoundError for a reference that the user
        named, BackendUnavailableError for a restorer that is not there."""
        photos = ReferencePhotos(self._finder)
        return [self._face(photo, answer, request, photos) for answer in answers]

    def _face(
        self, photo: RgbU8, answer: IdentifiedFace, request: RestoreRequest, photos: ReferencePhotos
    ) -> PreparedFace:
        crop = align_face(photo, answer.subject.face.landmarks, FFHQ_512)
        degradation = measure(crop.pixels, crop.from_photo)
        left_alone = None if request.force else why_left_alone(degradation)
        references = photos.of(answer, request) if left_alone is None else FoundReferences()
        if left_alone is None and request.origin != "hand":
            left_alone = self._why_not_unasked(answer, request, references)
        if left_alone is None and request.dry_run:
            left_alone = DRY_RUN()
        # Nobody is known: then the photos the user gave are the person.
        gallery = gallery_of(answer, self._calibration) or [e for _, e in references.faces]
        return PreparedFace(answer, crop, degradation, references, left_alone, gallery)

    def _why_not_unasked(
        self, answer: IdentifiedFace, request: RestoreRequest, references: FoundReferences
    ) -> Reason | None:
        """What keeps an algorithm from restoring this face unasked: nobody known, or what is known of earlier tries."""
        if answer.person_id is None:
            return answer.who
        s = answer.subject
        with self._gallery.begin(write=False) as tx:
            rows = tx.restorations.of_face(
                photo=str(s.path), face_id=s.face_id, input_sha256=s.content_hash, bbox=s.face.bbox
            )
        return why_not_again(
            rows,
            input_sha256=s.content_hash,
            restorer=self._restorers.backend(request.restorer),
            references=[r["face_id"] for r in references.rows],
        )
