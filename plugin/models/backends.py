"""Which backends there are and how each is made. Loading happens in the returned callables, never here."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from iconface_core.calibration import Calibration, EmbedderFacts
from iconface_core.errors import BackendUnavailableError
from iconface_core.faces.vectors import calibration_path, unmeasured_calibration
from iconface_core.models.catalogue import ADAFACE, NANO, NANO_FILE, STUDENT_FILE
from iconface_core.models.catalogue import backend as known_backend
from iconface_core.models.files import locate, locate_verified, sha256_of, verify_file
from iconface_core.protocols import DamagedFaceEmbedder, FaceDetector, FaceEmbedder, FaceRestorer
from iconface_core.types import EmbedderId

from .iconface_backend import ICONFACE, IconFaceFiles

WAIFU2X = "waifu2x-upconv7-photo"


Quality = Literal["fast", "best"]


@dataclass(frozen=True, slots=True)
class EmbedderBackend:
    """`facts` are known without loading the model; `load` makes it."""

    facts: EmbedderFacts
    load: Callable[[], FaceEmbedder]


def detector_backend(name: str, models: Path, pack: str) -> tuple[str, Callable[[], FaceDetector]]:
    """The id and the loader of a detector: `yunet` or `insightface`. Raises BackendUnavailableError."""
    if name == "yunet":

        def yunet() -> FaceDetector:
            from iconface_core.faces.yunet import YuNetDetector

            return YuNetDetector(model_dir=models)

        return "yunet-2023mar", yunet
    if name == "insightface":

        def scrfd() -> FaceDetector:
            from iconface_core.faces.insightface_pack import ScrfdDetector

            return ScrfdDetector(model_dir=models, backend=f"scrfd-{pack}")

        return f"scrfd-{pack}", scrfd
    raise BackendUnavailableError(f"unknown detector {name!r}; known: yunet, insightface")


def embedder_backend(name: str, models: Path, pack: str) -> EmbedderBackend:
    """`sface`, `adaface`, `insightface`, or `auto`: AdaFace when its file is installed, else SFace.

    Raises BackendUnavailableError for an unknown or uninstalled one.
    """
    adaface = _installed_adaface(models)
    if name == "auto":
        name = "sface" if adaface is None else "adaface"
    if name == "sface":
        from iconface_core.faces.sface_facts import CALIBRATION, DIM, SFACE_ID

        def sface() -> FaceEmbedder:
            from iconface_core.faces.sface import SFaceEmbedder

            return SFaceEmbedder(model_dir=models)

        return EmbedderBackend(EmbedderFacts(SFACE_ID, DIM, CALIBRATION), sface)
    if name == "adaface":
        from iconface_core.faces.adaface_facts import read_facts

        entry = adaface or ADAFACE[0].id
        embedder_id, dim, calibration = read_facts(models, entry)

        def load_adaface() -> FaceEmbedder:
            from iconface_core.faces.adaface import AdaFaceEmbedder

            return AdaFaceEmbedder(model_dir=models, backend=entry)

        return EmbedderBackend(EmbedderFacts(embedder_id, dim, calibration), load_adaface)
    if name == "insightface":
        pack_entry = known_backend(f"arcface-{pack}")
        path = locate(pack_entry.files[0], models)
        pack_id = EmbedderId(pack_entry.id)
        calibration = Calibration.read_or(calibration_path(path), unmeasured_calibration(pack_id))

        def arcface() -> FaceEmbedder:
            from iconface_core.faces.insightface_pack import ArcFaceEmbedder

            return ArcFaceEmbedder(model_dir=models, backend=pack_entry.id)

        return EmbedderBackend(EmbedderFacts(pack_id, pack_entry.dim or 512, calibration), arcface)
    raise BackendUnavailableError(f"unknown embedder {name!r}; known: auto, sface, adaface, insightface")


def installed_embedders(models: Path, pack: str) -> list[EmbedderBackend]:
    """Every embedder that could be loaded now. SFace always can: it ships."""
    found: list[EmbedderBackend] = []
    for name in ("sface", "adaface", "insightface"):
        with suppress(BackendUnavailableError):
            found.append(embedder_backend(name, models, pack))
    return found


@dataclass(frozen=True, slots=True)
class DamagedBackend:
    """What knows an embedder's faces through damage. `calibration` is known without loading it."""

    calibration: Calibration
    load: Callable[[], DamagedFaceEmbedder]


def damaged_backend(embedder: EmbedderId, models: Path) -> DamagedBackend | None:
    """Who identifies damaged faces in this embedder's space: for SFace its student, of one's own where there is one
    that was measured (`calibration_path`), else the one that ships; None for the others, and where it or what was
    measured of it is missing. Raises WeightsError when a calibration is damaged."""
    from iconface_core.faces.sface_facts import SFACE_ID
    from iconface_core.faces.student_facts import UNMEASURED

    own = models / STUDENT_FILE.folder / STUDENT_FILE.filename
    is_own = own.is_file() and calibration_path(own).is_file()
    try:
        weights = own if is_own else locate(STUDENT_FILE)
    except BackendUnavailableError:
        return None
    measured = calibration_path(weights)
    if embedder != SFACE_ID or not measured.is_file():
        return None
    calibration = Calibration.read_or(measured, UNMEASURED)

    def load() -> DamagedFaceEmbedder:
        from iconface_core.faces.student import DamagedSFace

        if not is_own:
            verify_file(weights, STUDENT_FILE)
        return DamagedSFace(weights, calibration=calibration, model_dir=models)

    return DamagedBackend(calibration, load)


@dataclass(frozen=True, slots=True)
class RestorerBackend:
    """`load` makes it. `weights_sha256`, where it is known without loading: results of others, which were refused or
    which nobody would have seen, say nothing of these."""

    id: str
    load: Callable[[], FaceRestorer]
    weights_sha256: str | None = None


def restorer_backend(name: str, iconface: IconFaceFiles, embedders: Sequence[EmbedderBackend]) -> RestorerBackend:
    """A restorer by name. `auto` is IconFace where it can run, else iconface-nano, and where its weights are missing
    the blind baseline.

    `embedders` are the installed ones, of which a restorer needs the one it was trained with; SFace ships.

    Raises BackendUnavailableError for an unknown one, or for IconFace where it cannot run, with the reasons;
    WeightsError when nano's file is not the one that shipped.
    """
    if name in ("auto", "iconface", ICONFACE):
        loaders = {e.facts.id: e.load for e in embedders}
        reasons = iconface.why_not(frozenset(loaders))
        if not reasons:
            return RestorerBackend(ICONFACE, lambda: iconface.load(loaders))
        if name != "auto":
            raise BackendUnavailableError(f"{ICONFACE} cannot run here: " + "; ".join(reasons))
    if name in ("auto", "nano", NANO.id):
        own = iconface.folder / NANO_FILE.folder / NANO_FILE.filename  # trained on photos of one's own
        try:
            is_own = own.is_file()
            weights = own if is_own else locate_verified(NANO_FILE)
        except BackendUnavailableError:
            if name != "auto":
                raise
        else:
            digest = sha256_of(own) if is_own else NANO_FILE.sha256  # the latter was just verified
            return RestorerBackend(NANO.id, lambda: _load_nano(weights, embedders), digest)
    if name in ("auto", "waifu2x", WAIFU2X):

        def waifu2x() -> FaceRestorer:
            from iconface_core.restorers.waifu2x.restorer import Waifu2xRestorer

            return Waifu2xRestorer()

        return RestorerBackend(WAIFU2X, waifu2x)
    raise BackendUnavailableError(f"unknown restorer {name!r}; known: auto, {ICONFACE}, {NANO.id}, {WAIFU2X}")


def steps_for(restorer_id: str, quality: Quality | None) -> int | None:
    """The steps of a restorer for a wish; None is its own default. Only iconface-nano has a choice: the paper's twelve
    steps are what IConFace was trained for, waifu2x has none."""
    if restorer_id != NANO.id or quality is None:
        return None
    return {"fast": 1, "best": 8}[quality]


def _load_nano(weights: Path, embedders: Sequence[EmbedderBackend]) -> FaceRestorer:
    from iconface_core.faces.sface_facts import SFACE_ID
    from iconface_core.restorers.nano.restorer import NanoRestorer

    sface = next((e for e in embedders if e.facts.id == SFACE_ID), None)
    return NanoRestorer(weights, embedder=(sface or embedder_backend("sface", weights.parent, "")).load)


def _installed_adaface(models: Path) -> str | None:
    """The largest installed AdaFace."""
    for entry in reversed(ADAFACE):
        try:
            locate(entry.files[0], models)
        except BackendUnavailableError:
            continue
        return entry.id
    return None
