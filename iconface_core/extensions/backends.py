"""What a backend says of itself before anything of it is loaded: the built-in ones and those of other packages alike.

Importing this must stay cheap, and so must the module of a spec: `models list` and the review page read specs only.
Model runtimes are imported inside `load`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from iconface_core.errors import BackendUnavailableError
from iconface_core.models.files import Backend, OnnxProvider, Role, locate

if TYPE_CHECKING:
    from pathlib import Path

    from iconface_core.calibration import Calibration, EmbedderFacts
    from iconface_core.protocols import (
        AgeReader,
        Colouriser,
        DamagedFaceEmbedder,
        FaceDetector,
        FaceEmbedder,
        FaceParser,
        FaceRestorer,
        Inpainter,
        PhotoCleaner,
    )
    from iconface_core.types import EmbedderId

Quality = Literal["fast", "best"]


@dataclass(frozen=True, slots=True)
class BackendContext:
    """What a backend may use of this machine.

    `models` is the folder of installed model files. `embedders` load the installed embedders, for a restorer that
    compares faces. `device` ("auto", "cpu", "cuda"), `weights` ("full", "int8") and `offload` ("none", "blocks") are
    the user's choices for large models, `onnx_provider` is that for restorers which onnxruntime runs
    (docs/settings.md).
    """

    models: Path
    embedders: Mapping[EmbedderId, Callable[[], FaceEmbedder]] = field(default_factory=dict)
    device: str = "auto"
    weights: Literal["full", "int8"] = "full"
    offload: Literal["none", "blocks"] = "none"
    onnx_provider: OnnxProvider = "cpu"


@dataclass(frozen=True, slots=True)
class MeasuredGain:
    """What a restorer was measured to bring; how: docs/evaluation.md.

    `rises`: by how much a face that cannot be recognised at all becomes more like its person (cosine of an encoder that
    nothing was trained with), with 0, 1, 2, ... references; the last holds for more. `changed`: the mean change of a
    face's pixels, of 255, for a degradation score of 1, and for a face that cannot be recognised at all.
    """

    rises: tuple[float, ...]
    changed: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ExpectedLikeness:
    """By how much a restorer's whole result is more like the truth than the degraded face, a cosine: of a face that an
    embedder finds clear, and of one that it cannot recognise at all. With 0, 1, 2, ... references; the last holds for
    more. The default is that of a blind restorer that nobody measured."""

    clear: tuple[float, ...] = (0.0,)
    ruined: tuple[float, ...] = (0.0,)

    def at(self, quality: float, references: int) -> float:
        """For a face of this quality, 0..1: between the two."""
        clear, ruined = (steps[min(references, len(steps) - 1)] for steps in (self.clear, self.ruined))
        return quality * clear + (1 - quality) * ruined


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSpec:
    """One implementation of a role. Use the class of the role.

    `id` is stored with every result and never changes. `names` are what a user may write for it as well. `label` is
    what a user chooses it by, in a few words. `parts` are its models as `models list` shows them; the first one's title
    and licence are the backend's. `automatic`: it may be what "auto" stands for; only built-in ones are.

    `why_not` says why it cannot run here, each reason with its way out, and nothing when it can; without one, the
    files that are not installed are the reasons.
    """

    role: ClassVar[Role]

    id: str
    label: str
    parts: tuple[Backend, ...]
    names: tuple[str, ...] = ()
    automatic: bool = False
    why_not: Callable[[BackendContext], Sequence[str]] | None = None

    @property
    def called(self) -> str:
        """What users are shown to write for it."""
        return self.names[0] if self.names else self.id

    def reasons(self, context: BackendContext) -> list[str]:
        """Why it cannot run here; empty when it can. May import its runtime to find out."""
        return self.missing(context.models) if self.why_not is None else list(self.why_not(context))

    def missing(self, models: Path) -> list[str]:
        """The files that are not in `models` and do not ship, each with its way out. Looks at names only."""
        found = []
        for part in self.parts:
            if part.folder is not None and not (models / part.folder).is_dir():
                found.append(f"{models / part.folder}: {part.title} is not installed")
            for file in part.files:
                try:
                    locate(file, models)
                except BackendUnavailableError as e:
                    found.append(str(e))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec(BackendSpec):
    """`load` makes the detector; it raises BackendUnavailableError, WeightsError or LicenceNotAcceptedError."""

    role: ClassVar[Role] = "detector"
    load: Callable[[BackendContext], FaceDetector]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderSpec(BackendSpec):
    """`facts` are what grouping and search need before the model is loaded; it raises BackendUnavailableError where the
    files are not there, and loads no runtime: opening a gallery asks for them. `load` is as for a detector."""

    role: ClassVar[Role] = "embedder"
    facts: Callable[[BackendContext], EmbedderFacts]
    load: Callable[[BackendContext], FaceEmbedder]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierSpec(BackendSpec):
    """Knows faces of the embedder `base` (an id) through damage. `calibration` is known without loading it; None where
    it is not installed, or what its numbers mean was not measured. `twins`: by what the gallery keeps the damaged twins
    of its faces, and what likeness to them means; None where it makes none, or nobody measured it."""

    role: ClassVar[Role] = "identifier"
    base: str
    calibration: Callable[[BackendContext], Calibration | None]
    load: Callable[[BackendContext], DamagedFaceEmbedder]
    twins: Callable[[BackendContext], EmbedderFacts | None] = lambda context: None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserSpec(BackendSpec):
    """Says what each part of a face's picture shows. `load` is as for a detector."""

    role: ClassVar[Role] = "parser"
    load: Callable[[BackendContext], FaceParser]


@dataclass(frozen=True, slots=True, kw_only=True)
class InpainterSpec(BackendSpec):
    """Fills the damage of whole photos. `load` is as for a detector."""

    role: ClassVar[Role] = "inpainter"
    load: Callable[[BackendContext], Inpainter]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColouriserSpec(BackendSpec):
    """Invents colours for grey photos. `load` is as for a detector."""

    role: ClassVar[Role] = "colouriser"
    load: Callable[[BackendContext], Colouriser]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSpec(BackendSpec):
    """Tells apparent ages from vectors of the embedder `base` (an id). `load` gives None where it is not installed."""

    role: ClassVar[Role] = "age"
    base: str
    load: Callable[[BackendContext], AgeReader | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorerSpec(BackendSpec):
    """`load` is as for a detector.

    `takes_references`: it uses other photos of the person. `works_at`: the side in pixels of the face it computes, None
    for any. `quality_steps`: its steps for `--quality`; without an entry it has no such choice. `gain`: what it was
    measured to bring, None where nobody measured. `weights_sha256`: of the weights that would be used, where that is
    known without loading them: newer ones may try again what older ones could not. `likeness`: what to expect of it
    where several results are compared. `trained_with`: the id of the embedder that its training listened to, which
    therefore overrates it. `load_cleaner` makes what takes noise away from whole photos and enlarges them, of the same
    weights; None where it cannot.
    """

    role: ClassVar[Role] = "restorer"
    load: Callable[[BackendContext], FaceRestorer]
    takes_references: bool
    works_at: int | None = None
    quality_steps: Mapping[Quality, int] = field(default_factory=dict)
    gain: MeasuredGain | None = None
    likeness: ExpectedLikeness = ExpectedLikeness()
    trained_with: str | None = None
    weights_sha256: Callable[[BackendContext], str | None] = lambda context: None
    load_cleaner: Callable[[BackendContext], PhotoCleaner] | None = None
