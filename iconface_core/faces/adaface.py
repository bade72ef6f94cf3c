"""Preferred embedder once installed: AdaFace IR-18/34/50/101, 512-d, in torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from iconface_core.calibration import Calibration
from iconface_core.errors import BackendUnavailableError
from iconface_core.types import AlignedFace, EmbedderId, FaceEmbedding

from .adaface_files import build_network, installed_path, read_adaface
from .adaface_net import DIM
from .vectors import normalised, stacked


def embedder_id(arch: str, digest: str) -> EmbedderId:
    """The id carries the weights: two trainings of one architecture make vectors that must never be compared."""
    return EmbedderId(f"adaface-{arch.replace('_', '')}-{digest[:8]}")


def unmeasured_calibration(embedder: EmbedderId) -> Calibration:
    """A careful guess for weights nobody has calibrated here.

    Published AdaFace norms lie around sqrt(512) = 22.6 for clean faces; strangers' similarities scatter around 0 by
    about 0.06, and 0.3 is a strict published threshold. So evidence starts above 0.32, grows slowly, and no single
    pair counts for more than e^6. `benchmarks/calibrate.py` measures the real one and writes it beside the weights.
    """
    return Calibration(embedder, norm_low=10.0, norm_high=25.0, bias=-8.0, slope=25.0, max_llr=6.0)


class AdaFaceEmbedder:
    """`FaceEmbedder` over a file made by `install_adaface`.

    Give `arch` ("ir_50") with the model folder, or `path` of a checkpoint in any accepted format. `threads` sets
    torch's number of threads, which is one number for the whole process. The calibration is read from
    `NAME.calibration.json` beside the weights if it is there and belongs to them.
    Raises BackendUnavailableError when nothing is installed, WeightsError when the file is damaged.
    """

    dim = DIM

    def __init__(
        self,
        *,
        model_dir: Path | None = None,
        arch: str = "ir_50",
        path: Path | None = None,
        threads: int | None = None,
        batch: int = 8,
        device: str = "cpu",
    ) -> None:
        if path is None:
            if model_dir is None:
                raise BackendUnavailableError("AdaFace does not ship with iconface and no model folder was given.")
            path = installed_path(model_dir, arch)
            if not path.is_file():
                raise BackendUnavailableError(
                    f"{path}: AdaFace is not installed. Run `iconface models pull adaface-{arch.replace('_', '')}`, "
                    "or `iconface models install FILE` without a network."
                )
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


def calibration_path(weights: Path) -> Path:
    """Where the calibration of a weights file lies."""
    return weights.with_suffix(".calibration.json")


def ir_18(*, model_dir: Path, threads: int | None = None) -> AdaFaceEmbedder:
    """Factory for the backend `adaface-ir18`; the others likewise."""
    return AdaFaceEmbedder(model_dir=model_dir, arch="ir_18", threads=threads)


def ir_34(*, model_dir: Path, threads: int | None = None) -> AdaFaceEmbedder:
    return AdaFaceEmbedder(model_dir=model_dir, arch="ir_34", threads=threads)


def ir_50(*, model_dir: Path, threads: int | None = None) -> AdaFaceEmbedder:
    return AdaFaceEmbedder(model_dir=model_dir, arch="ir_50", threads=threads)


def ir_101(*, model_dir: Path, threads: int | None = None) -> AdaFaceEmbedder:
    return AdaFaceEmbedder(model_dir=model_dir, arch="ir_101", threads=threads)
