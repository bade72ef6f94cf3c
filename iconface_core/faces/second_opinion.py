"""A second opinion on damaged faces: a student of SFace that other embedders taught, with a head of its own.

It answers in a space of its own and errs about other faces than whoever knows an embedder's faces through damage, so
its vector stands beside theirs where damaged faces are compared with damaged twins, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import final

from iconface_core.types import F32, AlignedFace, EmbedderId

from .looks import mean_look
from .sface_net import BATCH, SFaceNet
from .student_files import read_student
from .student_graph import graft

_ID = EmbedderId("second-opinion")  # its vectors are never kept by themselves


@final
class SecondOpinion:
    """Raises WeightsError when a file is missing, damaged or of another network."""

    def __init__(self, tensors: dict[str, F32], *, model_dir: Path | None, threads: int, batch: int) -> None:
        change = partial(graft, tensors=tensors)
        self._net = SFaceNet(model_dir=model_dir, threads=threads, batch=batch, change=change)

    @classmethod
    def of(
        cls, weights: Path, *, model_dir: Path | None = None, threads: int = 1, batch: int = BATCH
    ) -> SecondOpinion | None:
        """The second student in this file; None without one."""
        tensors = read_student(weights, part="second")
        return cls(tensors, model_dir=model_dir, threads=threads, batch=batch) if tensors else None

    def look(self, crops: Sequence[AlignedFace]) -> F32:
        """A unit vector (dim,) of one face, crops (112, 112, 3) of it: the mean of what it says of each, and of its
        mirror image."""
        return mean_look(_ID, crops, partial(self._net.embed, _ID)).vector

    def twin(self, face: AlignedFace, damaged: AlignedFace) -> F32:
        """The same of a clear face and of itself damaged on purpose, one way round: thousands are made."""
        return mean_look(_ID, [face, damaged], partial(self._net.embed, _ID), mirrored=False).vector
