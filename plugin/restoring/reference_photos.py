"""The photos that help to restore a face: read, cut out and aligned, with what is said of each."""

from dataclasses import dataclass
from pathlib import Path

from gallery_db.records import ReferenceRow
from iconface_core.codec import JsonObject
from iconface_core.errors import ImageReadError
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.reasons import Reason
from iconface_core.types import AlignedFace, FaceEmbedding

from ..library.bad_files import in_file
from ..library.photo_faces import PhotoFaces, pick
from ..reasons import NONE_ASKED, NONE_READABLE, NONE_WITHOUT_PERSON, REFERENCE_LEFT_OUT, YOU_GAVE_IT
from .identified_face import IdentifiedFace, chosen_by_hand
from .result import RestoreRequest


@dataclass(frozen=True, slots=True, eq=False)
class FoundReferences:
    """The references of one face, best first: FFHQ_512 crops with their embeddings, and a row {face_id, photo, score,
    reasons} for each. `note` says why there are none, `left_out` why single ones could not be read."""

    faces: tuple[tuple[AlignedFace, FaceEmbedding], ...] = ()
    rows: tuple[JsonObject, ...] = ()
    note: Reason | None = None
    left_out: tuple[Reason, ...] = ()


class ReferencePhotos:
    """For the faces of one photo: several may have the same reference, which is decoded once."""

    def __init__(self, finder: PhotoFaces) -> None:
        self._finder = finder
        self._crops: dict[int, AlignedFace] = {}

    def of(self, answer: IdentifiedFace, request: RestoreRequest) -> FoundReferences:
        """Those of one face. Raises ImageReadError or NotFoundError for a file that the user named."""
        if not request.use_references:
            return FoundReferences(note=NONE_ASKED())
        if request.references:
            given = [self._given(path) for path in request.references]
            return FoundReferences(tuple(face for face, _ in given), tuple(row for _, row in given))
        if answer.choice is None:
            return FoundReferences(note=NONE_WITHOUT_PERSON())
        faces: list[tuple[AlignedFace, FaceEmbedding]] = []
        rows: list[JsonObject] = []
        left_out: list[Reason] = []
        for chosen in chosen_by_hand(answer, request.reference_faces) or answer.choice.chosen:
            known = answer.rows[chosen.face_id]
            try:
                crop = self._crop(known)
            except ImageReadError as e:
                left_out.append(REFERENCE_LEFT_OUT(why=in_file(Path(known.photo), e)))
                continue
            faces.append((crop, FaceEmbedding(answer.subject.embedding.embedder, known.vector, known.norm)))
            rows.append(
                {
                    "face_id": chosen.face_id,
                    "photo": known.photo,
                    "score": round(chosen.score, 4),
                    "reasons": [r.as_json() for r in chosen.reasons],
                }
            )
        none = NONE_READABLE() if left_out else answer.choice.summary
        return FoundReferences(tuple(faces), tuple(rows), None if faces else none, tuple(left_out))

    def _crop(self, row: ReferenceRow) -> AlignedFace:
        if row.face_id not in self._crops:
            assert row.landmarks is not None, "candidates without landmarks are never chosen"
            self._crops[row.face_id] = self._finder.reader.read_face(Path(row.photo), row.landmarks, FFHQ_512)
        return self._crops[row.face_id]

    def _given(self, path: Path) -> tuple[tuple[AlignedFace, FaceEmbedding], JsonObject]:
        """The largest face of a file that the user named."""
        photo, subjects = self._finder.find(path)
        best = max(pick(subjects, None, path), key=lambda s: s.face.bbox.width * s.face.bbox.height)
        row = {"face_id": best.face_id, "photo": str(path), "score": 1.0, "reasons": [YOU_GAVE_IT().as_json()]}
        return (align_face(photo.pixels, best.face.landmarks, FFHQ_512), best.embedding), row
