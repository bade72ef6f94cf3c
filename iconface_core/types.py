"""Value types shared by every layer. Importing this must never import a model runtime, and NumPy only where the types
of its arrays are asked for: a list of people or boxes does not wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .ages import ApparentAge
    from .reasons import Reason

    RgbU8 = NDArray[np.uint8]  # (H, W, 3), 0..255, RGB, upright, sRGB
    LabelsU8 = NDArray[np.uint8]  # (H, W)
    F32 = NDArray[np.float32]
    I64 = NDArray[np.int64]

EmbedderId = NewType("EmbedderId", str)
"""What vectors are kept by. With a "/" in it they are kept beside those of another, and nobody searches among them."""


def __getattr__(name: str) -> object:
    if name not in ("RgbU8", "LabelsU8", "F32", "I64"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np
    from numpy.typing import NDArray

    return {
        "RgbU8": NDArray[np.uint8],
        "LabelsU8": NDArray[np.uint8],
        "F32": NDArray[np.float32],
        "I64": NDArray[np.int64],
    }[name]


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
class Patch:
    """A part of a photo: `pixels` (y2 - y1, x2 - x1, 3) lie at `region` x1, y1, x2, y2 of the upright photo."""

    region: tuple[int, int, int, int]
    pixels: RgbU8

    def check_inside(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError unless this is a part of a photo of this shape (H, W, 3)."""
        x1, y1, x2, y2 = self.region
        if not (0 <= x1 <= x2 <= shape[1] and 0 <= y1 <= y2 <= shape[0] and self.pixels.shape == (y2 - y1, x2 - x1, 3)):
            size = f"{shape[1]} x {shape[0]}"
            raise ValueError(f"{self.pixels.shape} pixels at {self.region} are no part of a photo of {size} pixels")

    def put_into(self, strip: RgbU8, top: int = 0, left: int = 0) -> None:
        """Write what falls into `strip` (H, W, 3), whose first pixel is at `left`, `top` of the photo."""
        x1, y1, x2, y2 = self.region
        height, width = strip.shape[:2]
        rows = slice(max(y1, top), min(y2, top + height))
        columns = slice(max(x1, left), min(x2, left + width))
        if rows.start < rows.stop and columns.start < columns.stop:
            part = self.pixels[rows.start - y1 : rows.stop - y1, columns.start - x1 : columns.stop - x1]
            strip[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = part


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


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """What an encoder of damaged faces says of one. `face`: in the space of the embedder it helps; `worn`: a unit
    vector in the space of the twins that it makes."""

    face: FaceEmbedding
    worn: F32


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """`strength` 0..1 blends input (0) and restorer output (1). `steps` None means the restorer's own default."""

    strength: float = 1.0
    seed: int = 42
    steps: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RestoreInput:
    """`degraded` and `references` are FFHQ_512 crops; `identity` holds the references' embeddings, in order. `age`: how
    old the face is or looks, None where nobody can tell."""

    degraded: AlignedFace
    references: tuple[AlignedFace, ...] = ()
    identity: tuple[FaceEmbedding, ...] = ()
    age: ApparentAge | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RestoredFace:
    """`pixels` has the size and alignment of the degraded crop. `choice`: why this one of several, where there were."""

    pixels: RgbU8
    restorer: str
    options: RestoreOptions
    choice: Reason | None = None
