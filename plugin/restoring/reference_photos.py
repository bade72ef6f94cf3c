"""The photos that help to restore a face: read, cut out and aligned, with what is said of each."""

from pathlib import Path

from gallery_db.records import ReferenceRow
from iconface_core.errors import ImageReadError
from iconface_core.geometry import FFHQ_512, align_face
from iconface_core.types import AlignedFace, FaceEmbedding

from ..library.bad_files import in_file
from ..library.photo_faces import PhotoFaces, pick
from ..reasons import NONE_ASKED, NONE_READABLE, NONE_WITHOUT_PERSON, REFERENCE_LEFT_OUT, YOU_GAVE_IT
from .identification import IdentifiedFace, chosen_by_hand
from .result import FaceResult, RestoreRequest


class ReferencePhotos:
    """For the faces of one photo: several may have the same reference, which is decoded once."""

    def __init__(self, finder: PhotoFaces) -> None:
        self._finder = finder
        self._crops: dict[int, AlignedFace] = {}

    def of(
        self, answer: IdentifiedFace, request: RestoreRequest, result: FaceResult
    ) -> list[tuple[AlignedFace, FaceEmbedding]]:
        """FFHQ_512 crops and embeddings of one face's references; `result` gets what is said of them, also of those
        that cannot be read. Raises ImageReadError or NotFoundError for a file that the user named."""
        if not request.use_references:
            result.references_note = NONE_ASKED()
            return []
        if request.references:
            return [self._given(path, result) for path in request.references]
        if answer.choice is None:
            result.references_note = NONE_WITHOUT_PERSON()
            return []
        found: list[tuple[AlignedFace, FaceEmbedding]] = []
        for chosen in chosen_by_hand(answer, request.reference_faces) or answer.choice.chosen:
            row = answer.rows[chosen.face_id]
            try:
                crop = self._crop(row)
            except ImageReadError as e:
                result.notes.append(REFERENCE_LEFT_OUT(why=in_file(Path(row.photo), e)))
                result.references_unread += 1
                continue
            found.append((crop, FaceEmbedding(answer.subject.embedding.embedder, row.vector, row.norm)))
            result.references.append(
                {
                    "face_id": chosen.face_id,
                    "photo": row.photo,
                    "score": round(chosen.score, 4),
                    "reasons": [r.as_json() for r in chosen.reasons],
                }
            )
        if result.references_unread and not found:
            result.references_note = NONE_READABLE()
        elif not found:
            result.references_note = answer.choice.summary
        return found

    def _crop(self, row: ReferenceRow) -> AlignedFace:
        if row.face_id not in self._crops:
            assert row.landmarks is not None, "candidates without landmarks are never chosen"
            self._crops[row.face_id] = self._finder.reader.read_face(Path(row.photo), row.landmarks, FFHQ_512)
        return self._crops[row.face_id]

    def _given(self, path: Path, result: FaceResult) -> tuple[AlignedFace, FaceEmbedding]:
        """The largest face of a file that the user named."""
        photo, subjects = self._finder.find(path)
        best = max(pick(subjects, None, path), key=lambda s: s.face.bbox.width * s.face.bbox.height)
        result.references.append(
            {"face_id": best.face_id, "photo": str(path), "score": 1.0, "reasons": [YOU_GAVE_IT().as_json()]}
        )
        return align_face(photo.pixels, best.face.landmarks, FFHQ_512), best.embedding
