"""What is said of the faces of `benchmarks.identify` by whoever sees through damage: kept in `benchmarks/.cache`."""

import hashlib
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.degradation_levels import degrade
from benchmarks.held_out import CACHE, LFW_FACE_PX, ROOT, Faces
from iconface_core.faces.closer_look import CloserLook
from iconface_core.faces.damage_facts import VIEWS
from iconface_core.faces.second_opinion import SecondOpinion
from iconface_core.faces.student import DamagedSFace
from iconface_core.faces.student_files import second_dim
from iconface_core.faces.wear import worn
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.models.catalogue import EDGEFACE_FILE, backend
from iconface_core.models.files import locate
from iconface_core.protocols import FaceEmbedder
from iconface_core.types import AlignedFace, FaceEmbedding

Said = tuple[np.ndarray, float]
"""A unit vector (dim,) and a norm."""
Job = tuple[Path, str, np.ndarray]
"""A photo, how it is degraded ("clean": not at all), and where its face's landmarks are."""


@dataclass(frozen=True, slots=True)
class Student:
    """A student of SFace in the file `weights`."""

    weights: Path


@dataclass(frozen=True, slots=True)
class Installed:
    """An embedder in ArcFace's layout in the models folder `models`, which sees through damage by itself."""

    name: str
    models: Path

    @property
    def weights(self) -> Path:
        return locate(backend(self.name).files[0], self.models)

    def plain(self) -> FaceEmbedder:
        from iconface_core.faces.insightface_pack import ArcFaceEmbedder

        return ArcFaceEmbedder(model_dir=self.models, backend=self.name, threads=1)


@dataclass(frozen=True, slots=True)
class EdgeFace:
    """A second opinion that is installed in the models folder `models`."""

    models: Path

    @property
    def weights(self) -> Path:
        return locate(EDGEFACE_FILE, self.models)


Seer = Student | Installed
LEVELS_OF = ROOT / "benchmarks/degradation_levels.py"
WORN_BY = ROOT / "iconface_core/faces/wear.py"
_MODELS: dict[str, Any] = {}


def plain_of(faces: Faces, photos: list[Path], embedder: Installed, processes: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (N, dim) and norms (N,) of all rows by another embedder, at the landmarks that were found before."""
    return _asked("plain", LEVELS_OF, _embed, faces, np.ones(len(faces.photo), bool), photos, embedder, processes)


def guesses_of(
    faces: Faces, rows: np.ndarray, photos: list[Path], seer: Seer, processes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (N, dim) and norms (N,), unmixed, for these rows; zeros for others."""
    return _asked("damaged", LEVELS_OF, _guess, faces, rows, photos, seer, processes)


def worn_of(faces: Faces, photos: list[Path], seer: Seer, processes: int) -> np.ndarray:
    """Vectors (N, dim) of the clean rows, damaged on purpose as the product does it; zeros for degraded ones."""
    clean = faces.level == "clean"
    return _asked("worn", WORN_BY, _wear, faces, clean, photos, seer, processes)[0]


def second_of(
    faces: Faces, rows: np.ndarray, photos: list[Path], whose: Student | EdgeFace, processes: int
) -> np.ndarray | None:
    """The vectors (N, its dim) of a second opinion, the second student in a file or EdgeFace-S, of these rows and of
    the clean ones, of which it sees both the face and the worn face; zeros for others; None without one."""
    if isinstance(whose, Student) and not second_dim(whose.weights):
        return None
    through, _ = _asked("second", LEVELS_OF, _second, faces, rows, photos, whose, processes)
    clean = faces.level == "clean"
    return through + _asked("second_worn", WORN_BY, _second_worn, faces, clean, photos, whose, processes)[0]


def _asked(
    name: str,
    recipe: Path,
    ask: Callable[[Job], Said],
    faces: Faces,
    rows: np.ndarray,
    photos: list[Path],
    seer: Seer | EdgeFace,
    processes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Kept for every version of the weights and of the file that says how faces are damaged."""
    key = hashlib.sha256(seer.weights.read_bytes() + recipe.read_bytes()).hexdigest()
    file = CACHE / f"identify_{name}_{key[:12]}.npz"
    names = np.array([f"{photos[p].name} {level}" for p, level in zip(faces.photo, faces.level, strict=True)])
    known: dict[str, Said] = {}
    if file.exists():
        with np.load(file) as data:
            known = {n: (v, m) for n, v, m in zip(data["name"], data["vector"], data["norm"], strict=True)}
    todo = [i for i in np.flatnonzero(rows) if names[i] not in known]
    jobs = [(photos[faces.photo[i]], str(faces.level[i]), faces.landmarks[i]) for i in todo]
    with ProcessPoolExecutor(processes, get_context("spawn"), _load, (seer,)) as pool:
        known |= {str(names[i]): said for i, said in zip(todo, pool.map(ask, jobs, chunksize=32), strict=True)}
    if todo:
        columns = zip(*known.values(), strict=True)
        table: dict[str, Any] = dict(zip(("vector", "norm"), map(np.array, columns), strict=True))
        np.savez(file, name=np.array(list(known)), **table)
    nobody = np.zeros_like(next(iter(known.values()))[0]), 0.0
    found = [known.get(str(name), nobody) for name in names]
    return np.array([v for v, _ in found]), np.array([n for _, n in found])


def _embed(job: Job) -> Said:
    return _said(*_MODELS["plain"].embed([_crops(job)[0]]))


def _guess(job: Job) -> Said:
    """Of a face whose landmarks were found before."""
    crops = _crops(job)
    if "plain" in _MODELS:
        [guess] = _MODELS["damaged"].embed([crops], _MODELS["plain"].embed(crops[:1]))
        return _said(guess.face)
    return _said(_MODELS["damaged"].look(crops))


def _wear(job: Job) -> Said:
    [face, *_] = _crops(job)
    if "plain" in _MODELS:
        return _said(*_MODELS["damaged"].twins([face]))
    return _said(_MODELS["damaged"].look([worn(face)]))


def _second(job: Job) -> Said:
    return _MODELS["second"].look(_crops(job)), 1.0


def _second_worn(job: Job) -> Said:
    [face, *_] = _crops(job)
    return _MODELS["second"].twin(face, worn(face)), 1.0


def _crops(job: Job) -> list[AlignedFace]:
    """The face as the embedder sees it, and as it is looked at besides."""
    path, level, landmarks = job
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    if level != "clean":
        pixels = degrade(pixels, LFW_FACE_PX, level, zlib.crc32(f"{path.name} {level}".encode()))
    assert VIEWS[0] is ARCFACE_112
    return [align_face(pixels, landmarks, view) for view in VIEWS]


def _said(e: FaceEmbedding) -> Said:
    return e.vector, e.norm


def _load(seer: Seer | EdgeFace) -> None:
    """In every worker process, once."""
    import cv2

    cv2.setNumThreads(1)
    if isinstance(seer, EdgeFace):
        _MODELS["second"] = SecondOpinion.edgeface(seer.models)
    elif isinstance(seer, Student):
        _MODELS["damaged"] = DamagedSFace(seer.weights)
        _MODELS["second"] = SecondOpinion.of(seer.weights)
    else:
        _MODELS["plain"] = plain = seer.plain()
        _MODELS["damaged"] = CloserLook(plain, plain.calibration)
