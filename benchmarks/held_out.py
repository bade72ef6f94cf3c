"""Held-out photos of LFW, degraded and embedded end to end; what was embedded once is kept in `benchmarks/.cache`.

    python -m benchmarks.held_out DIR

links the photos of those people into DIR whom the benchmark neither tests nor has in its gallery: they may be trained
on (strangers of the half that policies are tuned on).
"""

import hashlib
import os
import sys
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.degradation_levels import LEVELS, degrade
from iconface_core.geometry import ARCFACE_112, align_face

# LFW files these people under two names, or one's photo under the other's: nobody could answer them "correctly"
TWO_NAMES = frozenset(
    {
        "Abdullah_Gul",
        "Recep_Tayyip_Erdogan",
        "Andrew_Caldecott",
        "Andrew_Gilligan",
        "Anja_Paerson",
        "Janica_Kostelic",
        "Bill_Pryor",
        "William_Pryor_Jr",
        "Bison_Dele",
        "Brian_Williams",
        "Carlos_Beltran",
        "Raul_Ibanez",
        "Carlos_Ruckauf",
        "Eduardo_Duhalde",
        "Choi_Sung-hong",
        "Sung_Hong_Choi",
        "Chyung_Dai-chul",
        "Dai_Chul_Chyung",
        "Doc_Rivers",
        "Glenn_Rivers",
        "Emmy_Rossum",
        "Eva_Amurri",
        "Felipe_De_Borbon",
        "Prince_Felipe",
        "Gabrielle_Rose",
        "John_Gruden",
        "Jon_Gruden",
        "Martha_Bowen",
        "Harold_Scott",
        "Jeff_Roehm",
        "Hasan_Wirayuda",
        "Hassan_Wirajuda",
        "Jason_Kapono",
        "Ray_Young",
        "Mireya_Moscoso",
        "Mireya_Elisa_Moscoso_Rodriguez",
        "Shinya_Taniguchi",
        "Takahiro_Mori",
        "Talisa_Bratt",
        "Talisa_Soto",
    }
)
ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("ICONFACE_SHARED_DATA", ROOT.parent / "shared" / "data")) / "lfw"
CACHE = Path(__file__).with_name(".cache")
PROBES_PER_PERSON = 2
SEED = 20


@dataclass(frozen=True)
class Faces:
    """Columns, one row per embedded face; `photo`, `person`: indices of the plan; `level`: "clean" or a level; `worn`:
    unit vectors by which damaged faces are compared with the damaged twins of clean ones, (N, 0) where nobody is."""

    photo: np.ndarray
    person: np.ndarray
    level: np.ndarray
    vector: np.ndarray
    norm: np.ndarray
    det_score: np.ndarray
    width: np.ndarray
    landmarks: np.ndarray
    worn: np.ndarray

    def where(self, mask: np.ndarray) -> "Faces":
        return Faces(*(getattr(self, name)[mask] for name in Faces.__dataclass_fields__))


def plan(limit: int | None) -> tuple[list[Path], np.ndarray, list[int], set[int]]:
    """Photos, the person of each, the photos to degrade, and the people who are strangers."""
    rng = np.random.default_rng(SEED)
    folders = sorted(p for p in DATA.iterdir() if p.is_dir())
    photos = {f: sorted(f.glob("*.jpg")) for f in folders}
    several = [f for f in folders if len(photos[f]) >= 2]
    alone = [folders[i] for i in rng.permutation(len(folders)) if len(photos[folders[i]]) == 1]
    if limit is not None:
        several = [several[i] for i in sorted(rng.permutation(len(several))[:limit])]
        alone = alone[: 3 * limit]
    strangers = alone[: min(len(several), len(alone) // 2)]
    used = sorted([*several, *alone])
    person_of = {f: i for i, f in enumerate(used)}
    flat = [p for f in used for p in photos[f]]
    person = np.array([person_of[p.parent] for p in flat])
    index = {p: i for i, p in enumerate(flat)}
    held_out = [
        index[photos[f][j]] for f in [*several, *strangers] for j in rng.permutation(len(photos[f]))[:PROBES_PER_PERSON]
    ]
    return flat, person, held_out, {person_of[f] for f in strangers}


def tested(person: np.ndarray) -> np.ndarray:
    """Of each person whether they belong to the half that is tested; policies are tuned on the others."""
    return np.random.default_rng(SEED + 1).permutation(person.max() + 1) % 2 == 0


def free_for_training() -> list[Path]:
    """The photos of people who are strangers to the gallery and not tested."""
    photos, person, _, strangers = plan(None)
    test = tested(person)
    return [
        path
        for path, i in zip(photos, person, strict=True)
        if i in strangers and not test[i] and path.parent.name not in TWO_NAMES
    ]


def embed_photo(job: tuple[Path, str, float]) -> tuple[np.ndarray, float, float, float, np.ndarray] | None:
    """The most central face of the photo, degraded first unless the level is "clean"; None when none is found."""
    path, level, face_px = job
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    if level != "clean":
        pixels = degrade(pixels, face_px, level, zlib.crc32(f"{path.name} {level}".encode()))
    found = _MODELS["detector"].detect(pixels)
    if not found:
        return None
    centre = np.array([pixels.shape[1], pixels.shape[0]]) / 2
    face = min(found, key=lambda f: float(np.linalg.norm(f.landmarks.mean(0) - centre)))
    (e,) = _MODELS["embedder"].embed([align_face(pixels, face.landmarks, ARCFACE_112)])
    return e.vector, e.norm, face.det_score, face.bbox.width, face.landmarks


_MODELS: dict[str, Any] = {}


def load_models() -> None:
    """In every worker process, once."""
    import cv2

    from iconface_core.faces.sface import SFaceEmbedder
    from iconface_core.faces.yunet import YuNetDetector

    cv2.setNumThreads(1)
    _MODELS.update(detector=YuNetDetector(threads=1), embedder=SFaceEmbedder(threads=1))


LFW_FACE_PX = 93.0  # median width of a detected face in LFW's 250-pixel photos
COLUMNS = ("vector", "norm", "det_score", "width", "landmarks")


def faces_of(
    photos: list[Path], person: np.ndarray, held_out: list[int], processes: int
) -> tuple[Faces, dict[str, int]]:
    """All clean photos and the degraded ones; also how many were not detected, per level.

    What was embedded once is kept for later runs with more people. Delete the cache after changing a model's code.
    """
    jobs = [(i, "clean") for i in range(len(photos))] + [(i, level) for level in LEVELS for i in held_out]
    key = hashlib.sha256((ROOT / "benchmarks/degradation_levels.py").read_bytes()).hexdigest()[:12]
    file = CACHE / f"identify_{key}.npz"
    known: dict[str, tuple[Any, ...] | None] = {}
    if file.exists():
        with np.load(file) as data:
            rows = zip(*(data[c] for c in COLUMNS), strict=True)
            known = {str(name): None if row[1] == 0 else row for name, row in zip(data["name"], rows, strict=True)}
    names = {job: f"{photos[job[0]].name} {job[1]}" for job in jobs}
    todo = [job for job in jobs if names[job] not in known]
    with ProcessPoolExecutor(processes, get_context("spawn"), load_models) as pool:
        for start in range(0, len(todo), 2000):
            part = todo[start : start + 2000]
            found = pool.map(embed_photo, [(photos[i], level, LFW_FACE_PX) for i, level in part], chunksize=32)
            known |= {names[job]: row for job, row in zip(part, found, strict=True)}
            nobody = (np.zeros(128, np.float32), 0.0, 0.0, 0.0, np.zeros((5, 2), np.float32))
            columns = [np.array(c) for c in zip(*(row or nobody for row in known.values()), strict=True)]
            CACHE.mkdir(exist_ok=True)
            table: dict[str, Any] = dict(zip(COLUMNS, columns, strict=True))
            np.savez(file.with_suffix(".part.npz"), name=np.array(list(known)), **table)
            file.with_suffix(".part.npz").replace(file)
            print(f"embedded {start + len(part)} of {len(todo)}", file=sys.stderr, flush=True)
    kept = [(job, known[names[job]]) for job in jobs if known[names[job]] is not None]
    photo, level = np.array([i for (i, _), _ in kept]), np.array([lv for (_, lv), _ in kept])
    missing = {lv: sum(lv == x for _, x in jobs) - int((level == lv).sum()) for lv in ("clean", *LEVELS)}
    rows = zip(*(row for _, row in kept if row is not None), strict=True)
    named = dict(zip(COLUMNS, map(np.array, rows), strict=True))
    return Faces(photo, person[photo], level, **named, worn=np.zeros((len(kept), 0), np.float32)), missing


if __name__ == "__main__":
    for source in free_for_training():
        link = Path(sys.argv[1]) / source.parent.name / source.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)
