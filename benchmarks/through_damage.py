"""What an encoder of damaged faces says of the faces of `benchmarks.identify`: kept in `benchmarks/.cache`."""

import hashlib
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.degradation_levels import degrade
from benchmarks.held_out import CACHE, LFW_FACE_PX, ROOT, Faces
from iconface_core.geometry import ARCFACE_112, align_face

_MODELS: dict[str, Any] = {}
Said = tuple[np.ndarray, float]
"""A unit vector (128,) and a norm."""


def guesses_of(faces: Faces, photos: list[Path], weights: Path, processes: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (N, 128) and norms (N,) for the degraded rows; zeros for clean ones."""
    degraded = faces.level != "clean"
    recipe = ROOT / "benchmarks/degradation_levels.py"
    return _asked("damaged", recipe, _guess, faces, degraded, photos, weights, processes)


def worn_of(faces: Faces, photos: list[Path], weights: Path, processes: int) -> np.ndarray:
    """Vectors (N, 128) of the clean rows, damaged on purpose as the product does it; zeros for degraded ones."""
    clean = faces.level == "clean"
    return _asked("worn", ROOT / "iconface_core/faces/wear.py", _wear, faces, clean, photos, weights, processes)[0]


def _asked(
    name: str,
    recipe: Path,
    ask: Callable[[tuple[Path, str, np.ndarray]], Said],
    faces: Faces,
    rows: np.ndarray,
    photos: list[Path],
    weights: Path,
    processes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Kept for every version of the weights and of the file that says how faces are damaged."""
    key = hashlib.sha256(weights.read_bytes() + recipe.read_bytes()).hexdigest()
    file = CACHE / f"identify_{name}_{key[:12]}.npz"
    names = np.array([f"{photos[p].name} {level}" for p, level in zip(faces.photo, faces.level, strict=True)])
    known: dict[str, Said] = {}
    if file.exists():
        with np.load(file) as data:
            known = {n: (v, m) for n, v, m in zip(data["name"], data["vector"], data["norm"], strict=True)}
    todo = [i for i in np.flatnonzero(rows) if names[i] not in known]
    jobs = [(photos[faces.photo[i]], str(faces.level[i]), faces.landmarks[i]) for i in todo]
    with ProcessPoolExecutor(processes, get_context("spawn"), _load, (weights,)) as pool:
        known |= {str(names[i]): said for i, said in zip(todo, pool.map(ask, jobs, chunksize=32), strict=True)}
    if todo:
        columns = zip(*known.values(), strict=True)
        table: dict[str, Any] = dict(zip(("vector", "norm"), map(np.array, columns), strict=True))
        np.savez(file, name=np.array(list(known)), **table)
    nobody = np.zeros(128, np.float32), 0.0
    found = [known.get(str(name), nobody) for name in names]
    return np.array([v for v, _ in found]), np.array([n for _, n in found])


def _guess(job: tuple[Path, str, np.ndarray]) -> Said:
    """Of a face whose landmarks were found before, unmixed."""
    path, level, landmarks = job
    pixels = degrade(_read(path), LFW_FACE_PX, level, zlib.crc32(f"{path.name} {level}".encode()))
    e = _MODELS["damaged"].guess([align_face(pixels, landmarks, view) for view in _MODELS["damaged"].views])
    return e.vector, e.norm


def _wear(job: tuple[Path, str, np.ndarray]) -> Said:
    from iconface_core.faces.wear import worn

    path, _, landmarks = job
    e = _MODELS["damaged"].guess([worn(align_face(_read(path), landmarks, ARCFACE_112))])
    return e.vector, e.norm


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _load(weights: Path) -> None:
    """In every worker process, once."""
    import cv2

    from iconface_core.faces.student import DamagedSFace

    cv2.setNumThreads(1)
    _MODELS["damaged"] = DamagedSFace(weights)
