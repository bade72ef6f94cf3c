"""What all embedders share: crops to one array, raw outputs to `FaceEmbedding`, calibration of unmeasured weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iconface_core.calibration import Calibration
from iconface_core.errors import WeightsError
from iconface_core.geometry import ARCFACE_112
from iconface_core.types import F32, AlignedFace, EmbedderId, FaceEmbedding, RgbU8


def stacked(faces: Sequence[AlignedFace]) -> RgbU8:
    """ARCFACE_112 crops as (N, 112, 112, 3) uint8. Raises ValueError for any other shape."""
    expected = (ARCFACE_112.size, ARCFACE_112.size, 3)
    for face in faces:
        if face.pixels.shape != expected:
            raise ValueError(f"an embedder needs ARCFACE_112 crops of shape {expected}, got {face.pixels.shape}")
    return np.stack([face.pixels for face in faces])


def normalised(embedder: EmbedderId, raw: F32) -> list[FaceEmbedding]:
    """Split network outputs (N, dim) into directions and norms.

    Raises WeightsError when an output is not finite or has no direction: only a broken model file does that.
    """
    norms = np.linalg.norm(raw, axis=1)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise WeightsError(
            f"{embedder}: the model answered without a direction; its file is damaged. Install it again."
        )
    return [
        FaceEmbedding(embedder, (vector / norm).astype(np.float32), float(norm))
        for vector, norm in zip(raw, norms, strict=True)
    ]


def calibration_path(weights: Path) -> Path:
    """Where the calibration of an installed weights file lies."""
    return weights.with_suffix(".calibration.json")


def looks_calibration_path(weights: Path) -> Path:
    """Where it lies what likeness means to damaged faces that were looked at more closely."""
    return weights.with_suffix(".looks.calibration.json")


def twin_calibration_path(weights: Path, second: str = "") -> Path:
    """Where it lies what likeness to the damaged twins means that these weights make; `second`: with that second
    opinion, which is of another file."""
    return weights.with_suffix(f".twins{second and '-' + second}.calibration.json")


def unmeasured_calibration(embedder: EmbedderId) -> Calibration:
    """A careful guess for a 512-d margin-trained network whose weights nobody has calibrated here.

    Its last layer is a batch normalisation, so clean faces have norms around sqrt(512) = 22.6 and degraded ones less;
    strangers' similarities scatter around 0 by about 0.06, and 0.3 is a strict published threshold. So evidence starts
    above 0.32, grows slowly, and no single pair counts for more than e^6. `benchmarks/calibrate.py` measures the real
    one and writes it beside the weights.
    """
    return Calibration(embedder, norm_low=10.0, norm_high=25.0, bias=-8.0, slope=25.0, max_llr=6.0)
