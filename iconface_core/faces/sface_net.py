"""SFace's network: crops in, vectors out. What asks it, and with which weights, is in `sface.py` and `student.py`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx

from iconface_core.models.catalogue import SFACE_FILE
from iconface_core.models.files import locate_verified
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding

from .onnx_graph import fold_constants, keep_input, load_graph, open_session, spread_prelu
from .vectors import normalised, stacked

BATCH = 2
"""Faces in one call: what few of them leave behind stays in the processor's cache, eight take a third longer each."""


class SFaceNet:
    """The network in an onnxruntime session, which several threads may call. Input is RGB, 0..255; the network scales
    it itself. `change` alters its graph, once the constants are folded.

    Raises WeightsError when the shipped file is damaged, and what `change` raises.
    """

    def __init__(
        self,
        *,
        model_dir: Path | None = None,
        threads: int = 1,
        batch: int = BATCH,
        change: Callable[[onnx.GraphProto], None] | None = None,
    ) -> None:
        model = load_graph(locate_verified(SFACE_FILE, model_dir))
        fold_constants(model)
        if change is not None:
            change(model.graph)
        spread_prelu(model)
        keep_input(model, "data", ("n", 3, 112, 112))
        self._session = open_session(model, threads)
        self._batch = batch

    def embed(self, embedder: EmbedderId, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What it says of ARCFACE_112 crops (112, 112, 3), in order. Raises ValueError for another size."""
        out: list[FaceEmbedding] = []
        for start in range(0, len(faces), self._batch):
            pixels = stacked(faces[start : start + self._batch]).astype(np.float32)
            (raw,) = self._session.run(None, {"data": np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))})
            out += normalised(embedder, raw)
        return out
