"""The face engine as the benchmarks use it: which photos, which detector and embedder, the face a photo is about."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from iconface_core.models.catalogue import backend
from iconface_core.protocols import FaceDetector, FaceEmbedder
from iconface_core.types import DetectedFace, RgbU8

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("ICONFACE_SHARED_DATA", ROOT.parent / "shared" / "data"))
DATA = SHARED / "lfw"
CACHE = Path(__file__).with_name(".cache")


@dataclass(frozen=True)
class Engine:
    detector: FaceDetector
    embedder: FaceEmbedder


def make_engine(embedder: str, model_dir: Path | None = None) -> Engine:
    """YuNet and the embedder with this catalogue id, one thread each: the benchmarks run several processes."""
    from iconface_core.faces.yunet import YuNetDetector

    cv2.setNumThreads(1)
    return Engine(YuNetDetector(threads=1), _embedder(embedder, model_dir))


def _embedder(name: str, model_dir: Path | None) -> FaceEmbedder:
    if backend(name).id.startswith("sface"):
        from iconface_core.faces.sface import SFaceEmbedder

        return SFaceEmbedder(threads=1)
    if model_dir is None:
        raise SystemExit(f"{name} does not ship: give --model-dir")
    if name.startswith("adaface"):
        from iconface_core.faces.adaface import AdaFaceEmbedder

        return AdaFaceEmbedder(model_dir=model_dir, backend=name, threads=1)
    from iconface_core.faces.insightface_pack import ArcFaceEmbedder

    return ArcFaceEmbedder(model_dir=model_dir, backend=name, threads=1)


def photos_by_person() -> dict[str, list[Path]]:
    """LFW: a folder per person."""
    return {folder.name: sorted(folder.glob("*.jpg")) for folder in sorted(DATA.iterdir()) if folder.is_dir()}


def central_face(faces: Sequence[DetectedFace], image: RgbU8) -> DetectedFace | None:
    """An LFW photo is about the face in its middle."""
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    return min(
        faces,
        key=lambda f: float(np.hypot(*(np.array([f.bbox.x1 + f.bbox.x2, f.bbox.y1 + f.bbox.y2]) / 2 - middle))),
        default=None,
    )
