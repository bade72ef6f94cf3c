"""What an installed AdaFace file says of itself, read from its header without torch: opening the gallery needs it."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from iconface_core.calibration import Calibration
from iconface_core.errors import WeightsError
from iconface_core.models.catalogue import backend as known_backend
from iconface_core.models.files import locate
from iconface_core.types import EmbedderId

from .vectors import calibration_path, unmeasured_calibration

DIM = 512


def embedder_id(arch: str, digest: str) -> EmbedderId:
    """The id carries the weights: two trainings of one architecture make vectors that must never be compared."""
    return EmbedderId(f"adaface-{arch.replace('_', '')}-{digest[:8]}")


def read_facts(model_dir: Path, backend: str) -> tuple[EmbedderId, int, Calibration]:
    """Id, dimension and calibration of an installed AdaFace. Raises BackendUnavailableError or WeightsError."""
    path = locate(known_backend(backend).files[0], model_dir)
    try:
        with safe_open(path, framework="np") as opened:
            metadata = opened.metadata() or {}
        found = embedder_id(metadata["arch"], metadata["weights_sha256"])
    except (SafetensorError, KeyError, OSError) as e:
        raise WeightsError(f"{path}: not a file made by `iconface models install` ({e!r}); install it again.") from e
    return found, DIM, Calibration.read_or(calibration_path(path), unmeasured_calibration(found))
