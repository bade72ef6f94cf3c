"""The backends as they stand on one machine: which can run, what is known of them, how each is made. Loading happens in
the `load` of what is returned, never here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from iconface_core.calibration import Calibration, EmbedderFacts
from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import BackendContext, BackendSpec, EmbedderSpec, MeasuredGain, Quality
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

from .registry import AUTO, OPENCV

if TYPE_CHECKING:
    from .registry import Registry


S = TypeVar("S", bound=BackendSpec)


@dataclass(frozen=True, slots=True)
class DetectorBackend:
    """`load` makes it."""

    id: str
    load: Callable[[], FaceDetector]


@dataclass(frozen=True, slots=True)
class EmbedderBackend:
    """`facts` are known without loading the model; `load` makes it."""

    facts: EmbedderFacts
    load: Callable[[], FaceEmbedder]


@dataclass(frozen=True, slots=True)
class DamagedBackend:
    """What knows an embedder's faces through damage. `calibration` is known without loading it, and so is by what the
    gallery keeps the damaged `twins` of its faces, and what likeness to them means; None: it makes none."""

    id: str
    calibration: Calibration
    load: Callable[[], DamagedFaceEmbedder]
    twins: EmbedderFacts | None = None


@dataclass(frozen=True, slots=True)
class RestorerBackend:
    """`load` makes it. `weights_sha256`, where it is known without loading: results of others, which were refused or
    which nobody would have seen, say nothing of these. `quality_steps` and `gain` are as in its spec."""

    id: str
    load: Callable[[], FaceRestorer]
    weights_sha256: str | None = None
    quality_steps: Mapping[Quality, int] = field(default_factory=dict)
    gain: MeasuredGain | None = None


@dataclass(frozen=True, slots=True)
class Backends:
    """The registry's backends with what this machine gives them."""

    registry: Registry
    context: BackendContext

    def detector(self, name: str) -> DetectorBackend:
        """By id or name. Raises BackendUnavailableError for an unknown one."""
        spec = self.registry.detector(name)
        return DetectorBackend(spec.id, partial(spec.load, self.context))

    def embedder(self, name: str) -> EmbedderBackend:
        """By id or name; "auto" is AdaFace when its file is installed, else SFace.

        Raises BackendUnavailableError for an unknown or uninstalled one.
        """
        return self._embedder(self.registry.embedder(name, self.context))

    def installed_embedders(self) -> list[EmbedderBackend]:
        """Every embedder that could be loaded now. SFace always can: it ships."""
        found: list[EmbedderBackend] = []
        for spec in self.registry.embedders:
            with suppress(BackendUnavailableError):
                found.append(self._embedder(spec))
        return found

    def through_damage(self, embedder: EmbedderId) -> DamagedBackend | None:
        """Who identifies damaged faces in this embedder's space; None where nobody does. Raises WeightsError when what
        was measured of them is damaged."""
        for spec in self.registry.identifiers:
            if spec.base == embedder and (calibration := spec.calibration(self.context)) is not None:
                return DamagedBackend(spec.id, calibration, partial(spec.load, self.context), spec.twins(self.context))
        return None

    def parser(self) -> Callable[[], FaceParser] | None:
        """What loads the first face parser that is installed; None without one."""
        spec = next((s for s in self.registry.parsers if not s.reasons(self.context)), None)
        return None if spec is None else partial(spec.load, self.context)

    def inpainter(self, name: str) -> Callable[[], Inpainter] | None:
        """What loads an inpainter, by id or name; "auto" is the first that is installed. None: OpenCV fills. Raises
        BackendUnavailableError for an unknown one and for one that cannot run, with the reasons."""
        if name == OPENCV:
            return None
        if name != AUTO:
            return partial(self._able(self.registry.inpainter(name)).load, self.context)
        spec = next((s for s in self.registry.inpainters if not s.reasons(self.context)), None)
        return None if spec is None else partial(spec.load, self.context)

    def colouriser(self) -> Callable[[], Colouriser]:
        """What loads the first colouriser that can run. Raises BackendUnavailableError, with the reasons of the first
        one where none can."""
        specs = self.registry.colourisers
        spec = next((s for s in specs if not s.reasons(self.context)), specs[0])
        return partial(self._able(spec).load, self.context)

    def cleaner(self, name: str) -> Callable[[], PhotoCleaner]:
        """What loads a cleaner of whole photos, by the restorer's id or name, or "auto". Raises as `inpainter`."""
        load = self._able(self.registry.cleaner(name)).load_cleaner
        assert load is not None, "the registry gives only such"
        return partial(load, self.context)

    def _able(self, spec: S) -> S:
        if reasons := spec.reasons(self.context):
            raise BackendUnavailableError(f"{spec.id} cannot run here: {'; '.join(reasons)}")
        return spec

    def ages(self, embedder: EmbedderId) -> AgeReader | None:
        """What tells how old this embedder's faces look; None where nothing does. Raises WeightsError when its file is
        damaged."""
        readers = (spec.load(self.context) for spec in self.registry.ages if spec.base == embedder)
        return next((reader for reader in readers if reader is not None), None)

    def restorer(self, name: str, embedders: Sequence[EmbedderBackend]) -> RestorerBackend:
        """By id or name; "auto" is IconFace where it can run, else iconface-nano, and where its weights are missing the
        blind baseline.

        `embedders` are the installed ones, of which a restorer needs the one it was trained with.

        Raises BackendUnavailableError for an unknown one, or for one that cannot run, with the reasons; WeightsError
        when its file is not the one that shipped.
        """
        context = self.with_embedders(embedders)
        spec = self.registry.restorer(name, context)
        digest = spec.weights_sha256(context)
        return RestorerBackend(spec.id, partial(spec.load, context), digest, spec.quality_steps, spec.gain)

    def with_embedders(self, embedders: Sequence[EmbedderBackend]) -> BackendContext:
        """The context of a restorer."""
        return replace(self.context, embedders={e.facts.id: e.load for e in embedders})

    def _embedder(self, spec: EmbedderSpec) -> EmbedderBackend:
        return EmbedderBackend(spec.facts(self.context), partial(spec.load, self.context))
