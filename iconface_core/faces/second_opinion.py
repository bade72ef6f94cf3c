"""A second opinion on damaged faces: another network than whoever knows an embedder's faces through damage.

It answers in a space of its own and errs about other faces, so its vector stands beside theirs where damaged faces are
compared with damaged twins, and nowhere else. A second student ships, in the file of SFace's; EdgeFace-S, which a user
installs, is better (George et al. 2024, doi 10.1109/TBIOM.2024.3352164).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import final

import numpy as np

from iconface_core.models.catalogue import EDGEFACE, EDGEFACE_FILE
from iconface_core.models.files import locate_verified, require_licence
from iconface_core.types import F32, AlignedFace, EmbedderId, FaceEmbedding

from .looks import mean_look
from .onnx_graph import open_file
from .sface_net import BATCH, SFaceNet
from .student_files import read_student
from .student_graph import graft
from .vectors import normalised, stacked

_ID = EmbedderId("second-opinion")  # its vectors are never kept by themselves


@final
class SecondOpinion:
    """`embed`: what the network says of ARCFACE_112 crops, in order."""

    def __init__(self, embed: Callable[[Sequence[AlignedFace]], list[FaceEmbedding]]) -> None:
        self._embed = embed

    @classmethod
    def edgeface(cls, model_dir: Path, *, threads: int = 1) -> SecondOpinion:
        """Raises BackendUnavailableError when its file is not there, LicenceNotAcceptedError, or WeightsError when it
        is not the pinned file."""
        require_licence(EDGEFACE, model_dir)
        session = open_file(locate_verified(EDGEFACE_FILE, model_dir), threads)
        [given] = session.get_inputs()

        def embed(faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
            pixels = stacked(faces).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
            raw = [session.run(None, {given.name: crop[None]})[0] for crop in pixels]  # the file computes one at a time
            return normalised(_ID, np.concatenate(raw))

        return cls(embed)

    @classmethod
    def of(
        cls, weights: Path, *, model_dir: Path | None = None, threads: int = 1, batch: int = BATCH
    ) -> SecondOpinion | None:
        """The second student in this file of a student; None without one. Raises WeightsError when the file is missing,
        damaged or of another network."""
        tensors = read_student(weights, part="second")
        if not tensors:
            return None
        net = SFaceNet(model_dir=model_dir, threads=threads, batch=batch, change=partial(graft, tensors=tensors))
        return cls(partial(net.embed, _ID))

    def look(self, crops: Sequence[AlignedFace]) -> F32:
        """A unit vector (dim,) of one face, crops (112, 112, 3) of it: the mean of what it says of each, and of its
        mirror image."""
        return mean_look(_ID, crops, self._embed).vector

    def twin(self, face: AlignedFace, damaged: AlignedFace) -> F32:
        """The same of a clear face and of itself damaged on purpose, one way round: thousands are made."""
        return mean_look(_ID, [face, damaged], self._embed, mirrored=False).vector
