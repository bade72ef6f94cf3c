"""An embedder that has no student knows faces through damage by itself: it looks four times, and compares with faces
of its gallery that were damaged on purpose. Nothing is trained for it; a second opinion is heard where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iconface_core.calibration import Calibration
from iconface_core.protocols import FaceEmbedder
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding, Guess

from .damage_facts import VIEWS, both_opinions, twins_id_of
from .looks import mean_look
from .wear import worn

if TYPE_CHECKING:  # the facts of an embedder are asked for where no runtime is loaded
    from .second_opinion import SecondOpinion


def look_id(embedder: str) -> EmbedderId:
    """What the vectors are called that this embedder gives damaged faces after four looks; never stored."""
    return EmbedderId(f"{embedder}/looks")


class CloserLook:
    """`DamagedFaceEmbedder` of any embedder. `calibration`: what likeness means to a face that was looked at so.
    `version`: of the second opinion, whose twins are no others'."""

    views = VIEWS

    def __init__(
        self,
        embedder: FaceEmbedder,
        calibration: Calibration,
        second: SecondOpinion | None = None,
        version: str = "",
    ) -> None:
        self._embedder, self._second = embedder, second
        self.base = embedder.id
        self.id = look_id(embedder.id)
        self.calibration = calibration
        self.twins_id = twins_id_of(embedder.id, version)

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[Guess]:
        """The mean directions of four looks, in order; of each face one crop (112, 112, 3) for each of `views`. The
        norms stay those of `plain`, what the embedder gave at first: they fall with damage.

        Raises ValueError for crops of another size and when both differ in length.
        """
        if len(faces) != len(plain):
            raise ValueError(f"{len(faces)} faces, but {len(plain)} embeddings")
        seen = [mean_look(self.id, crops, self._embedder.embed).vector for crops in faces]
        return [
            Guess(FaceEmbedding(self.id, v, p.norm), both_opinions(v, self._second and self._second.look(crops)))
            for v, p, crops in zip(seen, plain, faces, strict=True)
        ]

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What is said of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order; a second opinion
        sees them as they are too. Raises ValueError for crops of another size."""
        damaged = [worn(face) for face in faces]
        seconds = (self._second and self._second.twin(f, d) for f, d in zip(faces, damaged, strict=True))
        return [
            FaceEmbedding(self.twins_id, both_opinions(e.vector, second), e.norm)
            for e, second in zip(self._embedder.embed(damaged), seconds, strict=True)
        ]
