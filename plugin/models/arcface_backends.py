"""Networks in ArcFace's layout that a user installs: InsightFace's packs and AuraFace. Only `load` loads one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import BackendSpec, DetectorSpec, EmbedderSpec, IdentifierSpec
from iconface_core.models.files import Backend, locate
from iconface_core.types import EmbedderId

from .second_opinions import Second, second_opinions

if TYPE_CHECKING:
    from iconface_core.calibration import Calibration, EmbedderFacts
    from iconface_core.extensions.backends import BackendContext
    from iconface_core.protocols import DamagedFaceEmbedder, FaceDetector, FaceEmbedder


def backend(model: Backend, names: tuple[str, ...]) -> BackendSpec:
    """The model as a detector or an embedder, whichever it is."""

    def detector(context: BackendContext) -> FaceDetector:
        from iconface_core.faces.insightface_pack import ScrfdDetector

        return ScrfdDetector(model_dir=context.models, backend=model.id)

    def facts(context: BackendContext) -> EmbedderFacts:
        from iconface_core.calibration import EmbedderFacts
        from iconface_core.faces.arcface_facts import plain_calibration

        embedder = EmbedderId(model.id)
        return EmbedderFacts(embedder, _dim(model), plain_calibration(_file(model, context), embedder))

    if model.role == "detector":
        return DetectorSpec(id=model.id, label=model.title, parts=(model,), names=names, load=detector)
    return EmbedderSpec(
        id=model.id,
        label=model.title,
        parts=(model,),
        names=names,
        facts=facts,
        load=lambda context: _embedder(model, context),
    )


def closer_look(model: Backend) -> IdentifierSpec:
    """The embedder `model` as what knows its own faces through damage, where it was measured what that means."""

    def calibration(context: BackendContext) -> Calibration | None:
        from iconface_core.faces.arcface_facts import looks_calibration

        try:
            return looks_calibration(_file(model, context), EmbedderId(model.id))
        except BackendUnavailableError:
            return None

    def twins(context: BackendContext) -> EmbedderFacts | None:
        from iconface_core.calibration import EmbedderFacts
        from iconface_core.faces.arcface_facts import twins_calibration
        from iconface_core.faces.damage_facts import twins_id_of

        embedder, second = EmbedderId(model.id), _second(model, context)
        name, version, more = ("", "", 0) if second is None else (second.name, second.version, second.dim)
        measured = twins_calibration(_file(model, context), embedder, name)
        if measured is None:
            return None
        return EmbedderFacts(twins_id_of(embedder, version), _dim(model) + more, measured)

    def load(context: BackendContext) -> DamagedFaceEmbedder:
        from iconface_core.faces.closer_look import CloserLook

        embedder, measured = _embedder(model, context), calibration(context)
        known = embedder.calibration if measured is None else measured
        second = _second(model, context)
        if second is None:
            return CloserLook(embedder, known)
        return CloserLook(embedder, known, second.load(), second.version)

    return IdentifierSpec(
        id=f"{model.id}/looks",
        label=f"{model.title} for damaged faces",
        parts=(model,),
        base=model.id,
        calibration=calibration,
        load=load,
        twins=twins,
    )


def _embedder(model: Backend, context: BackendContext) -> FaceEmbedder:
    from iconface_core.faces.insightface_pack import ArcFaceEmbedder

    return ArcFaceEmbedder(model_dir=context.models, backend=model.id)


def _second(model: Backend, context: BackendContext) -> Second | None:
    """The best second opinion on damaged faces of which it was measured what it means beside `model`."""
    from iconface_core.faces.arcface_facts import twins_calibration

    file, embedder = _file(model, context), EmbedderId(model.id)
    return next((s for s in second_opinions(context) if twins_calibration(file, embedder, s.name) is not None), None)


def _dim(model: Backend) -> int:
    return model.dim or 512


def _file(model: Backend, context: BackendContext) -> Path:
    """Raises BackendUnavailableError where it is not installed."""
    return locate(model.files[0], context.models)
