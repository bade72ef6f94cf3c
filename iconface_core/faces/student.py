"""SFace for damaged faces: the vector of the clean face, guessed from a damaged one, in SFace's own space.

A student of SFace (docs/training.md): the same network with other weights in its later convolutions. On a clear face
it knows less than SFace, so both are asked and mixed by how clear the face is. Never stored, never a judge.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from iconface_core.calibration import Calibration
from iconface_core.errors import WeightsError
from iconface_core.models.files import sha256_of
from iconface_core.types import F32, AlignedFace, FaceEmbedding

from .damage_facts import VIEWS
from .looks import mean_look
from .sface_facts import SFACE_ID
from .sface_net import BATCH, SFaceNet
from .student_facts import STUDENT_ID, UNMEASURED, mixed, twin_id
from .student_files import read_student
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
        change = partial(graft, tensors=read_student(weights))
        self._net = SFaceNet(model_dir=model_dir, threads=threads, batch=batch, change=change)
        self.calibration = calibration
        self.twins_id = twin_id(sha256_of(weights))

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[FaceEmbedding]:
        """The vectors to identify faces by, in order; of each face one crop (112, 112, 3) for each of `views`, and what
        SFace itself gave for it.

        Raises ValueError for crops of another size and when both differ in length.
        """
        if len(faces) != len(plain):
            raise ValueError(f"{len(faces)} faces, but {len(plain)} embeddings")
        return [mixed(p, self.guess(crops)) for p, crops in zip(plain, faces, strict=True)]

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What it says of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order. Raises ValueError
        for crops of another size."""
        said = (self.guess([worn(face)]) for face in faces)
        return [FaceEmbedding(self.twins_id, e.vector, e.norm) for e in said]

    def guess(self, crops: Sequence[AlignedFace]) -> FaceEmbedding:
        """The student's own vector of one face, unmixed: the mean of what it says of each crop, and of its mirror
        image. Its norm says how near it believes to be to the clean face's."""
        return mean_look(self.id, crops, partial(self._net.embed, self.id))


def graft(graph: onnx.GraphProto, tensors: Mapping[str, F32]) -> None:
    """Replace, in place, the convolutions of SFace's graph that `tensors` name (`BLOCK.weight`, `BLOCK.bias`), each
    with the normalisation after it, which is folded into the tensors. Raises WeightsError when one does not fit."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    after = {node.input[0]: node for node in graph.node if node.input}
    left = dict(tensors)
    for number, conv in enumerate(convolutions):
        names = f"{number}.weight", f"{number}.bias"
        if not any(name in left for name in names):
            continue
        weight, bias = (left.pop(name, np.zeros(0, np.float32)) for name in names)
        expected = shapes[conv.input[1]]
        if weight.shape != expected or bias.shape != expected[:1]:
            raise WeightsError(
                f"the student's block {number} is {weight.shape} and {bias.shape}, SFace's is {expected}; "
                "it was made for another network"
            )
        norm = after[conv.output[0]]
        graph.initializer.extend(
            numpy_helper.from_array(value, f"student_{name}") for name, value in zip(names, (weight, bias), strict=True)
        )
        conv.input[:] = [conv.input[0], *(f"student_{name}" for name in names)]
        conv.output[0] = norm.output[0]
        graph.node.remove(norm)
    if left:
        raise WeightsError(f"the student has {sorted(left)[0]!r}, which SFace has not; it was made for another network")
