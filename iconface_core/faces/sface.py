"""Default embedder: SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss", 2021), 128-d, on the CPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iconface_core.models.catalogue import SFACE_FILE
from iconface_core.models.files import locate_verified
from iconface_core.types import AlignedFace, FaceEmbedding

from .onnx_graph import fold_constants, keep_input, load_graph, open_session, spread_prelu
from .sface_facts import CALIBRATION, DIM, SFACE_ID
from .vectors import normalised, stacked


class SFaceEmbedder:
    """`FaceEmbedder` over the shipped file. Input is RGB, 0..255; the network scales it itself.

    `threads` are those of the inference session, `batch` the most faces in one call: what few of them leave behind
    stays in the processor's cache, eight take a third longer each. Raises WeightsError when the shipped file is
    damaged.
    """

    id = SFACE_ID
    dim = DIM
    calibration = CALIBRATION

    def __init__(self, *, model_dir: Path | None = None, threads: int = 1, batch: int = 2) -> None:
        model = load_graph(locate_verified(SFACE_FILE, model_dir))
        fold_constants(model)
        spread_prelu(model)
        keep_input(model, "data", ("n", 3, 112, 112))
        self._session = open_session(model, threads)
        self._batch = batch

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """Embed ARCFACE_112 crops (112, 112, 3), in order. Raises ValueError for another size."""
        out: list[FaceEmbedding] = []
        for start in range(0, len(faces), self._batch):
            pixels = stacked(faces[start : start + self._batch]).astype(np.float32)
            (raw,) = self._session.run(None, {"data": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))})
            out += normalised(self.id, raw)
        return out
