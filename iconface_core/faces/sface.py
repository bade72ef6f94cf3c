"""Default embedder: SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", 2021), 128-d, on the CPU."""

from collections.abc import Sequence
from pathlib import Path

from iconface_core.types import AlignedFace, FaceEmbedding

from .sface_facts import CALIBRATION, DIM, SFACE_ID
from .sface_net import BATCH, SFaceNet


class SFaceEmbedder:
    """`FaceEmbedder` over the shipped file. `threads` are those of the inference session, `batch` the most faces in
    one call. Raises WeightsError when the shipped file is damaged."""

    id = SFACE_ID
    dim = DIM
    calibration = CALIBRATION

    def __init__(self, *, model_dir: Path | None = None, threads: int = 1, batch: int = BATCH) -> None:
        self._net = SFaceNet(model_dir=model_dir, threads=threads, batch=batch)

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """Embed ARCFACE_112 crops (112, 112, 3), in order. Raises ValueError for another size."""
        return self._net.embed(self.id, faces)
