"""Value types shared by every layer. numpy only: importing this must never import a model runtime."""

from dataclasses import dataclass
from typing import NewType

import numpy as np
from numpy.typing import NDArray

EmbedderId = NewType("EmbedderId", str)
RgbU8 = NDArray[np.uint8]  # (H, W, 3), 0..255, RGB, upright, sRGB
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BBox:
    """Corners in pixels of the upright photo; x2 and y2 are exclusive."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """One detection. `landmarks` is (5, 2): the eye, nose and mouth points in the order of the ArcFace template
    (eye on the picture's left first), pixels of the upright photo. `det_score` is 0..1."""

    bbox: BBox
    landmarks: F32
    det_score: float


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """A crop warped to a template. `from_photo` is the 2x3 affine that maps photo pixels to crop pixels."""

    pixels: RgbU8
    from_photo: F32


@dataclass(frozen=True, slots=True, eq=False)
class FaceEmbedding:
    """`vector` has unit length and shape (dim,); `norm` is its length before scaling, a quality proxy."""

    embedder: EmbedderId
    vector: F32
    norm: float


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """`strength` 0..1 blends input (0) and restorer output (1). `steps` None means the restorer's own default."""

    strength: float = 1.0
    seed: int = 42
    steps: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RestoreInput:
    """`degraded` and `references` are FFHQ_512 crops; `identity` holds the references' embeddings, in order."""

    degraded: AlignedFace
    references: tuple[AlignedFace, ...] = ()
    identity: tuple[FaceEmbedding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RestoredFace:
    """`pixels` has the size and alignment of the degraded crop."""

    pixels: RgbU8
    restorer: str
    options: RestoreOptions
