"""An embedder that has no student knows faces through damage by itself: it looks four times, and compares with faces
of its gallery that were damaged on purpose. Nothing is trained for it.
"""

from collections.abc import Sequence

from iconface_core.calibration import Calibration
from iconface_core.protocols import FaceEmbedder
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding, Guess

from .damage_facts import VIEWS, twins_id_of
from .looks import mean_look
from .wear import worn


def look_id(embedder: str) -> EmbedderId:
    """What the vectors are called that this embedder gives damaged faces after four looks; never stored."""
    return EmbedderId(f"{embedder}/looks")


class CloserLook:
    """`DamagedFaceEmbedder` of any embedder. `calibration`: what likeness means to a face that was looked at so."""

    views = VIEWS

    def __init__(self, embedder: FaceEmbedder, calibration: Calibration) -> None:
        self._embedder = embedder
        self.base = embedder.id
        self.id = look_id(embedder.id)
        self.calibration = calibration
        self.twins_id = twins_id_of(embedder.id)

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[Guess]:
        """The mean directions of four looks, in order; of each face one crop (112, 112, 3) for each of `views`. The
        norms stay those of `plain`, what the embedder gave at first: they fall with damage.

        Raises ValueError for crops of another size and when both differ in length.
        """
        if len(faces) != len(plain):
            raise ValueError(f"{len(faces)} faces, but {len(plain)} embeddings")
        seen = [mean_look(self.id, crops, self._embedder.embed).vector for crops in faces]
        return [Guess(FaceEmbedding(self.id, v, p.norm), v) for v, p in zip(seen, plain, strict=True)]

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What the embedder says of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order. Raises
        ValueError for crops of another size."""
        return [FaceEmbedding(self.twins_id, e.vector, e.norm) for e in self._embedder.embed([*map(worn, faces)])]
