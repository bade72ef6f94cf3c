"""Preferred embedder once installed: AdaFace IR-18/34/50/101, 512-d, in torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from iconface_core.calibration import Calibration
from iconface_core.models.catalogue import backend as known_backend
from iconface_core.models.files import locate
from iconface_core.types import AlignedFace, FaceEmbedding

from .adaface_facts import embedder_id
from .adaface_files import build_network, read_adaface
from .adaface_net import DIM
from .vectors import calibration_path, normalised, stacked, unmeasured_calibration


class AdaFaceEmbedder:
    """`FaceEmbedder` over a file made by `install_adaface`.

    Give the model folder and `backend`, a catalogue id, or the `path` of a checkpoint in any accepted format.
    `threads` sets torch's number of threads, which is one number for the whole process. The calibration is read from
    `NAME.calibration.json` beside the weights if it is there and belongs to them.
    Raises BackendUnavailableError when nothing is installed, WeightsError when the file is damaged.
    """

    dim = DIM

    def __init__(
        self,
        *,
        model_dir: Path | None = None,
        backend: str = "adaface-ir50",
        path: Path | None = None,
        threads: int | None = None,
        batch: int = 8,
        device: str = "cpu",
    ) -> None:
        if path is None:
            path = locate(known_backend(backend).files[0], model_dir)
        weights = read_adaface(path)
        if threads is not None:
            torch.set_num_threads(threads)
        self.id = embedder_id(weights.arch, weights.digest)
        self.calibration = Calibration.read_or(calibration_path(path), unmeasured_calibration(self.id))
        self._bgr = weights.color == "BGR"
        self._network = build_network(weights).to(device)
        self._device = device
        self._batch = batch

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """Embed ARCFACE_112 crops (112, 112, 3), in order. Raises ValueError for another size."""
        out: list[FaceEmbedding] = []
        for start in range(0, len(faces), self._batch):
            pixels = stacked(faces[start : start + self._batch])
            if self._bgr:
                pixels = pixels[..., ::-1]
            scaled = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / 127.5 - 1.0
            with torch.inference_mode():
                direction, norm = self._network(torch.from_numpy(scaled).to(self._device))
            out += normalised(self.id, (direction * norm).cpu().numpy())
        return out
