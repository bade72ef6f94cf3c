"""The model seams. Data members are read-only; an implementation is made by the `load` of its spec
(`extensions/backends.py`), and `iconface_core.testing` checks that it keeps what is promised here."""

from collections.abc import Callable, Sequence
from typing import Protocol

from .ages import ApparentAge
from .calibration import Calibration
from .geometry import Template
from .types import (
    F32,
    AlignedFace,
    DetectedFace,
    EmbedderId,
    FaceEmbedding,
    Guess,
    LabelsU8,
    RestoredFace,
    RestoreInput,
    RestoreOptions,
    RgbU8,
)


class FaceDetector(Protocol):
    @property
    def id(self) -> str: ...
    def detect(self, image: RgbU8) -> list[DetectedFace]:
        """Find all faces, best score first."""
        ...

    def detect_small(self, image: RgbU8) -> list[DetectedFace]:
        """Find upright faces tile by tile at full resolution: in a photo so large that `detect` overlooks small ones.
        Best score first."""
        ...


class FaceEmbedder(Protocol):
    @property
    def id(self) -> EmbedderId: ...
    @property
    def dim(self) -> int: ...
    @property
    def calibration(self) -> Calibration: ...
    def embed(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """Embed ARCFACE_112 crops, in order. An empty sequence gives an empty list."""
        ...


class DamagedFaceEmbedder(Protocol):
    """Knows faces of one embedder through damage: guesses the clean face's vector in that embedder's space, and makes
    damaged twins of the gallery's faces, in a space that may be its own. Guesses are never stored; none judges a
    result."""

    @property
    def id(self) -> EmbedderId: ...
    @property
    def base(self) -> EmbedderId:
        """The embedder whose space it answers in."""
        ...

    @property
    def calibration(self) -> Calibration: ...
    @property
    def views(self) -> Sequence[Template]:
        """How it wants to see each face."""
        ...

    def embed(self, faces: Sequence[Sequence[AlignedFace]], plain: Sequence[FaceEmbedding]) -> list[Guess]:
        """What to identify faces by, in order. Each is given as its crops, one for each of `views`; `plain` is what
        the base embedder gave for it."""
        ...

    @property
    def twins_id(self) -> EmbedderId:
        """By what the gallery keeps the damaged twins that these weights make."""
        ...

    def twins(self, faces: Sequence[AlignedFace]) -> list[FaceEmbedding]:
        """What it says of clear faces, ARCFACE_112 crops, when they are damaged on purpose, in order: damaged faces are
        compared with that too."""
        ...


class AgeReader(Protocol):
    """How old faces look, told from one embedder's stored vectors."""

    def ages(self, vectors: F32) -> list[ApparentAge]:
        """Of unit vectors (N, dim), in order."""
        ...

    def without_age(self, vectors: F32) -> F32:
        """Unit vectors (N, dim) less what faces of their age have in common: comparable over the years."""
        ...


class FaceRestorer(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def max_references(self) -> int:
        """0 for a blind restorer."""
        ...

    @property
    def default_strength(self) -> float:
        """`RestoreOptions.strength` when the user names none, 0..1: where results were measured to be best."""
        ...

    @property
    def weights_sha256(self) -> str:
        """64 hexadecimal digits: of the weights, or without any of whatever else decides the pixels."""
        ...

    def restore(
        self,
        face: RestoreInput,
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> RestoredFace:
        """Restore one FFHQ_512 crop; same input, options and device give the same pixels.

        `on_step(done, total)` may raise to cancel.
        """
        ...

    def restore_many(
        self,
        faces: Sequence[RestoreInput],
        options: RestoreOptions,
        *,
        on_step: Callable[[int, int], None] | None = None,
    ) -> list[RestoredFace]:
        """Restore several faces, in order, each as `restore` would; a restorer may batch them."""
        ...


class FaceParser(Protocol):
    @property
    def id(self) -> str: ...
    def parse(self, crop: RgbU8) -> LabelsU8:
        """Which of the 19 classes of CelebAMask-HQ (`pasting.in_front.CLASSES`) each pixel of an FFHQ_512 crop shows:
        (512, 512)."""
        ...


class DamageFinder(Protocol):
    @property
    def weights_sha256(self) -> str:
        """64 hexadecimal digits."""
        ...

    def __call__(self, picture: RgbU8) -> F32:
        """How probably each pixel of (H, W, 3) is hidden by scratches, dust, folds or tears: (H, W) in 0..1. H and W
        are multiples of 16."""
        ...


class PhotoCleaner(Protocol):
    """Takes noise away from pictures of any content, and enlarges them."""

    @property
    def id(self) -> str: ...
    @property
    def weights_sha256(self) -> str:
        """64 hexadecimal digits."""
        ...

    @property
    def tile(self) -> int:
        """The side, in pixels, of the parts of a photo that it is best given one by one."""
        ...

    @property
    def context(self) -> int:
        """Pixels around such a part that it is shown as well."""
        ...

    def cleaned(self, picture: RgbU8, *, denoise: bool, enlarge: int = 1) -> RgbU8:
        """A picture (H, W, 3), `enlarge` (1 or 2) times as large; with `denoise` without its noise. The same input
        gives the same pixels."""
        ...


class Inpainter(Protocol):
    """Fills holes in pictures from what is around them."""

    @property
    def id(self) -> str: ...
    @property
    def weights_sha256(self) -> str:
        """64 hexadecimal digits."""
        ...

    @property
    def side(self) -> int:
        """Of the square pictures that it takes, pixels."""
        ...

    def inpaint(self, picture: RgbU8, hole: LabelsU8) -> RgbU8:
        """What a picture (side, side, 3) may show where `hole` (side, side) is not 0; elsewhere its pixels need not be
        kept. Raises UnusableOutputError when what comes out is no picture."""
        ...


class Colouriser(Protocol):
    """Invents colours for grey pictures."""

    @property
    def id(self) -> str: ...
    @property
    def weights_sha256(self) -> str:
        """64 hexadecimal digits."""
        ...

    def chroma(self, photo: RgbU8) -> F32:
        """Lab's a and b (h, w, 2) for a photo (H, W, 3) of any size, to be stretched over it. Raises
        UnusableOutputError when what comes out cannot be that."""
        ...
