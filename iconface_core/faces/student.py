"""SFace for damaged faces: the vector of the clean face, guessed from a damaged one, in SFace's own space.

A student of SFace (docs/training.md): the same network with other weights in its later convolutions. On a clear face
it knows less than SFace, so both are asked and mixed by how clear the face is. Never stored, never a judge. A second
student with a head of its own may lie in the same file, taught by other embedders: it errs about other faces, so it is
heard where damaged faces are compared with damaged twins.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.models.files import sha256_of
from iconface_core.types import F32, AlignedFace, FaceEmbedding, Guess

from .damage_facts import VIEWS
from .looks import mean_look
from .sface_facts import SFACE_ID
from .sface_net import BATCH, SFaceNet
from .student_facts import STUDENT_ID, UNMEASURED, both_opinions, mixed, twin_id
from .student_files import read_student
from .student_graph import graft
from .wear import worn


class DamagedSFace:
    """`DamagedFaceEmbedder` for SFace's space.

    Raises WeightsError when a file is missing, damaged or of another network."""

    id = STUDENT_ID
    base = SFACE_ID
    views = VIEWS

    def __init__(
        self,
        weights: Path,
        *,
        calibration: Calibration = UNMEASURED,
        model_dir: Path | None = None,
        threads: int = 1,
        batch: int = BATCH,
    ) -> None:
        def net(tensors: dict[str, F32]) -> SFaceNet:
            change = partial(graft, tensors=tensors)
            return SFaceNet(model_dir=model_dir, threads=threads, batch=batch, change=change)

        second = read_student(weights, part="second")
        self._first, self._second = net(read_student(weights)), net(second) if second else None
        self.calibration = calibration
        self.twins_id = twin_id(sha256_of(weights))

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[Guess]:
        """What to identify faces by, in order; of each face one crop (112, 112, 3) for each of `views`, and what SFace
        itself gave for it.

        Raises ValueError for crops of another size and when both differ in length.
        """
        if len(faces) != len(plain):
            raise ValueError(f"{len(faces)} faces, but {len(plain)} embeddings")
        guessed = (mixed(p, self.first_look(crops)) for p, crops in zip(plain, faces, strict=True))
        return [
            Guess(face, both_opinions(face.vector, self.second_look(crops)))
            for face, crops in zip(guessed, faces, strict=True)
        ]

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What both say of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order; the second one
        sees them as they are too. Raises ValueError for crops of another size."""
        return [self._twin(face, worn(face)) for face in faces]

    def _twin(self, face: AlignedFace, damaged: AlignedFace) -> FaceEmbedding:
        first = self.first_look([damaged])
        vector = both_opinions(first.vector, self.second_look([face, damaged]))
        return FaceEmbedding(self.twins_id, vector, first.norm)

    def first_look(self, crops: Sequence[AlignedFace]) -> FaceEmbedding:
        """The student's own vector of one face, unmixed: the mean of what it says of each crop, and of its mirror
        image. Its norm says how near it believes to be to the clean face's."""
        return mean_look(self.id, crops, partial(self._first.embed, self.id))

    def second_look(self, crops: Sequence[AlignedFace]) -> F32:
        """The second student's unit vector (dim,) of one face, in the same way; (0,) without one."""
        if self._second is None:
            return np.zeros(0, np.float32)
        return mean_look(self.id, crops, partial(self._second.embed, self.id)).vector
