"""Second opinions on damaged faces that are at hand: EdgeFace-S where it is installed, else the second student that
ships. Only `load` loads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.models.catalogue import EDGEFACE, STUDENT_FILE
from iconface_core.models.files import installed_path, is_accepted, locate, verify_file

if TYPE_CHECKING:
    from pathlib import Path

    from iconface_core.extensions.backends import BackendContext
    from iconface_core.faces.second_opinion import SecondOpinion


@dataclass(frozen=True, slots=True)
class Second:
    """`name`: what twins mean with it is filed under that. `version` tells its twins from those of others, `dim` is
    how many numbers its vectors have."""

    name: str
    version: str
    dim: int
    load: Callable[[], SecondOpinion]


def second_opinions(context: BackendContext) -> tuple[Second, ...]:
    """Best first. Raises WeightsError when the file of the students that ship is damaged."""
    return tuple(second for second in (edgeface(context), _students(context)) if second is not None)


def edgeface(context: BackendContext) -> Second | None:
    """EdgeFace-S, where it is installed and its licence was accepted."""
    from iconface_core.faces.damage_facts import EDGEFACE_DIM

    [file] = EDGEFACE.files
    if not installed_path(file, context.models).is_file() or not is_accepted(EDGEFACE, context.models):
        return None
    return Second(EDGEFACE.id, (file.sha256 or "")[:8], EDGEFACE_DIM, partial(_edgeface, context))


def _students(context: BackendContext) -> Second | None:
    """The second student that ships."""
    from iconface_core.faces.damage_facts import STUDENTS
    from iconface_core.faces.student_files import second_dim

    try:
        weights = locate(STUDENT_FILE)
    except BackendUnavailableError:
        return None
    dim = second_dim(weights)
    # What ships is pinned, and checked before it is loaded: no start of the program reads all of it for this.
    return Second(STUDENTS, (STUDENT_FILE.sha256 or "")[:8], dim, partial(_shipped, weights, context)) if dim else None


def _edgeface(context: BackendContext) -> SecondOpinion:
    from iconface_core.faces.second_opinion import SecondOpinion

    return SecondOpinion.edgeface(context.models)


def _shipped(weights: Path, context: BackendContext) -> SecondOpinion:
    from iconface_core.faces.second_opinion import SecondOpinion

    verify_file(weights, STUDENT_FILE)
    found = SecondOpinion.of(weights, model_dir=context.models)
    assert found is not None, "its header says that it has one"
    return found
