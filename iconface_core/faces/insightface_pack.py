"""Selectable backends from InsightFace's model packs: SCRFD (detector) and ArcFace (embedder, 512-d); and AuraFace,
which has ArcFace's layout.

The `insightface` package (MIT) runs the models; the packs themselves are licensed for non-commercial research only,
so the user installs them (`install_files`) and accepts that licence once (`accept_licence`). Nothing is downloaded.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from iconface_core.errors import BackendUnavailableError, WeightsError
from iconface_core.models.catalogue import backend as known_backend
from iconface_core.models.files import Backend, locate_verified, require_licence
from iconface_core.types import F32, AlignedFace, DetectedFace, EmbedderId, FaceEmbedding, RgbU8

from .arcface_facts import plain_calibration
from .candidates import FaceCandidates
from .onnx_graph import open_file
from .pyramid import Scales, propose, propose_turned, search
from .vectors import normalised, stacked

SCALES = Scales(small=192, normal=640, tile=640, certain=0.65)
"""SCRFD was trained at 640; its scores of clear faces lie between 0.7 and 0.9."""


class ScrfdDetector:
    """`FaceDetector` over a pack's SCRFD file with landmarks (9 outputs, strides 8, 16 and 32).

    `backend` is a catalogue entry or its id; `min_face` as for YuNet. Raises LicenceNotAcceptedError,
    BackendUnavailableError (file or package missing) or WeightsError (not the pinned file, not this kind of network).
    """

    def __init__(
        self,
        *,
        model_dir: Path,
        backend: str | Backend = "scrfd-buffalo_l",
        threads: int = 1,
        min_score: float = 0.5,
        min_face: int = 20,
    ) -> None:
        entry = known_backend(backend) if isinstance(backend, str) else backend
        path, session = _open(entry, model_dir, threads)
        self.id = entry.id
        self.backend = entry
        self._scrfd = _insightface("scrfd", "SCRFD")(model_file=str(path), session=session, static_shape_sessions=False)
        if not self._scrfd.use_kps:
            raise WeightsError(f"{path}: this SCRFD file has no landmarks; iconface needs a `kps` one.")
        self._min_score = min_score
        self._min_face = min_face

    def detect(self, image: RgbU8) -> list[DetectedFace]:
        """All faces of an upright RGB photo (H, W, 3), best score first; boxes are clipped to the photo."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        found = propose(image, self._find, SCALES, self._min_face)
        if found.scores.max(initial=0) < SCALES.certain:
            found = FaceCandidates.join([found, propose_turned(image, self._find, SCALES)])
        return found.suppressed().as_faces(width, height)

    def detect_small(self, image: RgbU8) -> list[DetectedFace]:
        """The upright faces of `min_face` to a few hundred pixels, tile by tile at full resolution."""
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        found = search(image, self._find, min(1.0, SCALES.smallest / self._min_face), SCALES)
        return found.suppressed().as_faces(width, height)

    def _find(self, image: RgbU8) -> FaceCandidates:
        height, width = image.shape[:2]
        rows, columns = -(-height // 32) * 32, -(-width // 32) * 32
        padded = np.zeros((rows, columns, 3), np.uint8)
        padded[:height, :width] = image[..., ::-1]
        boxes, points = self._scrfd.detect(padded, input_size=(columns, rows), det_thresh=self._min_score)
        return FaceCandidates(
            boxes[:, :4].astype(np.float32), points.astype(np.float32), boxes[:, 4].astype(np.float32)
        ).suppressed()


class ArcFaceEmbedder:
    """`FaceEmbedder` over a pack's recognition file (RGB, (x - 127.5) / 127.5, 112 x 112 to 512).

    `backend` is a catalogue entry or its id. Errors as for `ScrfdDetector`. The calibration is read from
    `NAME.calibration.json` beside the file, if there is one.
    """

    dim = 512

    def __init__(
        self, *, model_dir: Path, backend: str | Backend = "arcface-buffalo_l", threads: int = 1, batch: int = 8
    ) -> None:
        entry = known_backend(backend) if isinstance(backend, str) else backend
        path, session = _open(entry, model_dir, threads)
        self.id = EmbedderId(entry.id)
        self.calibration = plain_calibration(path, self.id)
        self._arcface = _insightface("arcface_onnx", "ArcFaceONNX")(model_file=str(path), session=session)
        if self._arcface.output_shape[-1] != self.dim:
            raise WeightsError(f"{path}: gives {self._arcface.output_shape} values a face, expected {self.dim}.")
        fixed = isinstance(self._arcface.input_shape[0], int)
        self._batch = int(self._arcface.input_shape[0]) if fixed else batch

    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """Embed ARCFACE_112 crops (112, 112, 3), in order. Raises ValueError for another size."""
        out: list[FaceEmbedding] = []
        for start in range(0, len(faces), self._batch):
            bgr = stacked(faces[start : start + self._batch])[..., ::-1]
            raw: F32 = self._arcface.get_feat([np.ascontiguousarray(crop) for crop in bgr])
            out += normalised(self.id, raw)
        return out


def _open(entry: Backend, model_dir: Path, threads: int) -> tuple[Path, ort.InferenceSession]:
    require_licence(entry, model_dir)
    path = locate_verified(entry.files[0], model_dir)
    return path, open_file(path, threads)


def _insightface(module: str, name: str) -> Any:
    """A class of the `insightface` package, imported on use: it loads much more than we need."""
    try:
        return getattr(import_module(f"insightface.model_zoo.{module}"), name)
    except ImportError as e:
        raise BackendUnavailableError(f"insightface cannot be imported ({e}); run `pip install insightface`.") from e
