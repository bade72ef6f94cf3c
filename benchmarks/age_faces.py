"""Faces with ages for the benchmarks: `ages`, `lag` and `families` of the shared data, seen once and kept in CACHE."""

import re
from dataclasses import dataclass
from hashlib import sha1

import cv2
import numpy as np

from benchmarks.faces import CACHE, SHARED, central_face, make_engine
from iconface_core.geometry import ARCFACE_112, align_face
from iconface_core.images.read import read_photo
from iconface_core.types import F32, AlignedFace, RgbU8

PATTERNS = {"ages": "ages/*.jpg", "lag": "lag/*/*.jpg", "families": "families/*/MID*/*"}
FOLDS = 5
MARGIN = 60  # pixels added around a crop so tight that no face is found in it


@dataclass(frozen=True)
class AgedFaces:
    """`names` (N,) are paths below the shared data, `vectors` (N, 128) of unit length, `norms` (N,)."""

    names: np.ndarray
    vectors: F32
    norms: F32

    @property
    def people(self) -> np.ndarray:
        """Who each shows (N,): the folder, or in `ages` the file, for it has one photo a person."""
        return np.array([n.split("/", 1)[1].rsplit("/", 1)[0] for n in self.names])

    @property
    def ages(self) -> np.ndarray:
        """In years, of `ages` only, up to 100."""
        return np.array([min(100, int(re.search(r"_(\d{3})_", n)[1])) for n in self.names])  # type: ignore[index]

    @property
    def young(self) -> np.ndarray:
        """Of `lag` only: whether it is the child's photo."""
        return np.array(["/young_" in n for n in self.names])

    @property
    def folds(self) -> np.ndarray:
        """0..4 by the first byte of the SHA-1 of who it shows: nobody is in two."""
        return np.array([first_byte(p) % FOLDS for p in self.people])


def first_byte(name: str) -> int:
    return sha1(name.encode(), usedforsecurity=False).digest()[0]


def faces_of(which: str) -> AgedFaces:
    """The central face of every photo of `which`; photos without one are left out."""
    kept = CACHE / f"aged-{which}.npz"
    if not kept.is_file():
        engine, names, raw = make_engine("sface-2021dec"), [], []
        for path in sorted(SHARED.glob(PATTERNS[which])):
            aligned = _aligned(engine, read_photo(path).pixels)
            if aligned is not None:
                [embedding] = engine.embedder.embed([aligned])
                names.append(path.relative_to(SHARED).as_posix())
                raw.append(embedding.vector * embedding.norm)
        CACHE.mkdir(exist_ok=True)
        np.savez(kept, names=np.array(names), raw=np.array(raw, np.float32))
    with np.load(kept) as file:
        norms = np.linalg.norm(file["raw"], axis=1)
        return AgedFaces(file["names"], (file["raw"] / norms[:, None]).astype(np.float32), norms.astype(np.float32))


def _aligned(engine, pixels: RgbU8) -> AlignedFace | None:
    face = central_face(engine.detector.detect(pixels), pixels)
    if face is None:
        pixels = cv2.copyMakeBorder(pixels, *(MARGIN,) * 4, cv2.BORDER_REPLICATE)
        face = central_face(engine.detector.detect(pixels), pixels)
    return None if face is None else align_face(pixels, face.landmarks, ARCFACE_112)
