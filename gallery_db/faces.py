"""Faces and their embeddings. Human acts on faces are in `decisions.py`; here the machine writes and everybody reads."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from iconface_core.grouping import Decision, Grouping
from iconface_core.types import I64, EmbedderId, FaceEmbedding

from .records import (
    FaceChanges,
    FaceColumns,
    FaceFilter,
    FaceMatrix,
    FaceRecord,
    FoundFace,
    GroupingChanges,
    ReferenceRow,
)


class FaceRepo:
    def __init__(self, session: Session) -> None:
        self._s = session

    def replace_for_photo(self, photo_id: int, found: Sequence[FoundFace], *, min_iou: float = 0.5) -> FaceChanges:
        """Store the faces found in one photo.

        A found face that overlaps an old one (IoU >= `min_iou`, best pairs first, one to one) keeps its id, person and
        confirmation, and gets the new box, score and vectors; vectors of embedders not in `found` stay, unless the
        photo's picture changed under them (the caller re-embeds). The user's own boxes and confirmed or ignored faces
        stay even when the detector no longer finds them. A face at a `forgotten` tombstone (also one in another photo
        of the same content) stays without vectors. Raises NotFoundError.
        """
        raise NotImplementedError

    def set_embeddings(self, embeddings: Sequence[tuple[int, FaceEmbedding]]) -> int:
        """Upsert vectors by (face id, embedder), as re-embedding does. Unknown and forgotten faces are left out (they
        may have gone meanwhile). Returns how many were stored."""
        raise NotImplementedError

    def missing(self, embedder: EmbedderId, *, after_id: int = 0, limit: int = 256) -> list[FaceRecord]:
        """Faces of indexed photos without a vector of `embedder`, in order of id: what re-embedding must still do."""
        raise NotImplementedError

    def drop_embedder(self, embedder: EmbedderId) -> int:
        """Delete all vectors of an embedder; returns how many."""
        raise NotImplementedError

    def embedders(self) -> Mapping[EmbedderId, int]:
        """Embedder to number of vectors."""
        raise NotImplementedError

    def get(self, face_id: int) -> FaceRecord:
        """Raises NotFoundError."""
        raise NotImplementedError

    def find(self, where: FaceFilter | None = None) -> list[FaceRecord]:
        raise NotImplementedError

    def of_photo(self, photo_id: int) -> list[FaceRecord]:
        """All faces of a photo but the forgotten ones, from left to right."""
        raise NotImplementedError

    def count(self) -> int:
        """Faces that are `ok` or `doubtful`."""
        raise NotImplementedError

    def embedding(self, face_id: int, embedder: EmbedderId) -> FaceEmbedding | None:
        raise NotImplementedError

    def matrix(self, embedder: EmbedderId, face_ids: I64 | None = None) -> FaceMatrix:
        """Vectors of all faces (or of the given ones that have any), in order of face id; float32, unit length."""
        raise NotImplementedError

    def columns(self, face_ids: I64 | None = None) -> FaceColumns:
        """What grouping knows of all faces of photos that count as evidence (or of the given ones)."""
        raise NotImplementedError

    def person_ids(self, face_ids: Sequence[int]) -> dict[int, int | None]:
        """Face id to person id, for the ids that exist."""
        raise NotImplementedError

    def rejections(self) -> set[tuple[int, int]]:
        """(face_id, person_id): the user said this face is not that person. Remembered for ever."""
        raise NotImplementedError

    def reference_candidates(self, person_id: int, embedder: EmbedderId) -> list[ReferenceRow]:
        """The person's faces that may serve as evidence, in order of face id. Left out: faces of failed, missing or
        restored photos, ignored and rejected ones, ones drawn by hand without landmarks."""
        raise NotImplementedError

    def apply_grouping(self, face_ids: I64, grouping: Grouping, *, dry_run: bool = False) -> GroupingChanges:
        """Write a full pass: `grouping.labels` belong to `face_ids`. See `apply_decisions` for what is never touched.

        Clusters with id -1 are created, with person -1 get a new unnamed person. Machine-made people that end up
        without faces and that no human act refers to are removed, and so are empty clusters.
        """
        raise NotImplementedError

    def apply_decisions(self, decisions: Sequence[Decision], *, dry_run: bool = False) -> GroupingChanges:
        """Write a quick pass. Facts that came in since the columns were read win: confirmed, ignored and forgotten faces
        are never touched, and no face enters a person rejected for it."""
        raise NotImplementedError

    def generation(self, embedder: EmbedderId) -> int:
        """Grows with every change of this embedder's vectors; 0 before the first."""
        raise NotImplementedError

    def changed_since(self, embedder: EmbedderId, generation: int) -> I64:
        """Face ids whose vector was added, changed or removed after `generation`."""
        raise NotImplementedError
