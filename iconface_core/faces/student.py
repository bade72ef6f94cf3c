"""SFace for damaged faces: the vector of the clean face, guessed from a damaged one, in SFace's own space.

A student of SFace (docs/training.md): the same network with other weights in its later convolutions. On a clear face
it knows less than SFace, so both are asked and mixed by how clear the face is. Never stored, never a judge.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from iconface_core.calibration import Calibration
from iconface_core.models.files import sha256_of
from iconface_core.types import AlignedFace, FaceEmbedding, Guess

from .damage_facts import VIEWS, both_opinions
from .looks import mean_look
from .second_opinion import SecondOpinion
from .sface_facts import SFACE_ID
from .sface_net import BATCH, SFaceNet
from .student_facts import STUDENT_ID, UNMEASURED, mixed, twin_id
from .student_files import read_student
from .student_graph import graft
from .wear import worn


class DamagedSFace:
    """`DamagedFaceEmbedder` for SFace's space. `second`: a second opinion, of `version`; None: that of the same file,
    if it has one.

    Raises WeightsError when a file is missing, damaged or of another network."""

    id = STUDENT_ID
    base = SFACE_ID
    views = VIEWS

    def __init__(
        self,
        weights: Path,
        second: SecondOpinion | None = None,
        version: str = "",
        *,
        calibration: Calibration = UNMEASURED,
        model_dir: Path | None = None,
        threads: int = 1,
        batch: int = BATCH,
    ) -> None:
        change = partial(graft, tensors=read_student(weights))
        self._net = SFaceNet(model_dir=model_dir, threads=threads, batch=batch, change=change)
        self._second = second or SecondOpinion.of(weights, model_dir=model_dir, threads=threads, batch=batch)
        self.calibration = calibration
        self.twins_id = twin_id(sha256_of(weights), version)

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[Guess]:
        """What to identify faces by, in order; of each face one crop (112, 112, 3) for each of `views`, and what SFace
        itself gave for it.

        Raises ValueError for crops of another size and when both differ in length.
        """
        if len(faces) != len(plain):
            raise ValueError(f"{len(faces)} faces, but {len(plain)} embeddings")
        return [self._guess(crops, p) for crops, p in zip(faces, plain, strict=True)]

    def _guess(self, crops: Sequence[AlignedFace], plain: FaceEmbedding) -> Guess:
        first = mixed(plain, self.look(crops))
        return Guess(first, both_opinions(first.vector, self._second and self._second.look(crops)))

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What both say of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order; the second one
        sees them as they are too. Raises ValueError for crops of another size."""
        return [self._twin(face, worn(face)) for face in faces]

    def _twin(self, face: AlignedFace, damaged: AlignedFace) -> FaceEmbedding:
        first = self.look([damaged])
        vector = both_opinions(first.vector, self._second and self._second.twin(face, damaged))
        return FaceEmbedding(self.twins_id, vector, first.norm)

    def look(self, crops: Sequence[AlignedFace]) -> FaceEmbedding:
        """The student's own vector of one face, unmixed: the mean of what it says of each crop, and of its mirror
        image. Its norm says how near it believes to be to the clean face's."""
        return mean_look(self.id, crops, partial(self._net.embed, self.id))
