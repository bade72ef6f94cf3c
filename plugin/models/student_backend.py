"""SFace's student on this machine: which file of it is used, and what its numbers mean. Only `load` loads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.models.catalogue import STUDENT_FILE
from iconface_core.models.files import installed_path, locate, sha256_of, verify_file

from .second_opinions import Second, edgeface

if TYPE_CHECKING:
    from iconface_core.calibration import Calibration, EmbedderFacts
    from iconface_core.extensions.backends import BackendContext
    from iconface_core.protocols import DamagedFaceEmbedder


def _weights(context: BackendContext) -> tuple[Path, bool]:
    """The student's file, and whether it is the user's own: that goes first where it was measured."""
    from iconface_core.faces.vectors import calibration_path

    own = installed_path(STUDENT_FILE, context.models)
    is_own = own.is_file() and calibration_path(own).is_file()
    return (own if is_own else locate(STUDENT_FILE)), is_own


def _better_second(context: BackendContext, weights: Path) -> Second | None:
    """The second opinion of another file, where one is at hand and it was measured what twins mean with it."""
    from iconface_core.faces.vectors import twin_calibration_path

    second = edgeface(context)
    measured = second is not None and twin_calibration_path(weights, second.name).is_file()
    return second if measured else None


def calibration(context: BackendContext) -> Calibration | None:
    """Raises WeightsError when the file is damaged."""
    from iconface_core.calibration import Calibration
    from iconface_core.faces.student_facts import UNMEASURED
    from iconface_core.faces.vectors import calibration_path

    try:
        weights, _ = _weights(context)
    except BackendUnavailableError:
        return None
    measured = calibration_path(weights)
    return Calibration.read_or(measured, UNMEASURED) if measured.is_file() else None


def twins(context: BackendContext) -> EmbedderFacts | None:
    """Raises WeightsError when the file of what was measured is damaged."""
    from iconface_core.calibration import Calibration, EmbedderFacts
    from iconface_core.faces.sface_facts import DIM
    from iconface_core.faces.student_facts import TWIN_CALIBRATION, twin_id
    from iconface_core.faces.student_files import second_dim
    from iconface_core.faces.vectors import twin_calibration_path

    weights, is_own = _weights(context)
    second = None if is_own else _better_second(context, weights)
    measured = twin_calibration_path(weights, "" if second is None else second.name)
    if not measured.is_file():
        return None
    more, version = (second_dim(weights), "") if second is None else (second.dim, second.version)
    # What ships is pinned, and checked before it is loaded: no start of the program reads all of it for this.
    digest = sha256_of(weights) if is_own or STUDENT_FILE.sha256 is None else STUDENT_FILE.sha256
    return EmbedderFacts(twin_id(digest, version), DIM + more, Calibration.read_or(measured, TWIN_CALIBRATION))


def load(context: BackendContext) -> DamagedFaceEmbedder:
    from iconface_core.faces.student import DamagedSFace
    from iconface_core.faces.student_facts import UNMEASURED

    weights, is_own = _weights(context)
    measured, second = calibration(context) or UNMEASURED, None
    if not is_own:
        verify_file(weights, STUDENT_FILE)
        second = _better_second(context, weights)
    if second is None:
        return DamagedSFace(weights, calibration=measured, model_dir=context.models)
    return DamagedSFace(weights, second.load(), second.version, calibration=measured, model_dir=context.models)
