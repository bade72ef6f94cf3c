"""Which models this machine should have: by memory, GPU, licence, and the speed of what is installed, measured here."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from iconface_core.errors import IconFaceError
from iconface_core.extensions.backends import BackendContext, RestorerSpec
from iconface_core.models.catalogue import CHECKPOINT, KLEIN
from iconface_core.models.files import Backend
from iconface_core.models.public_models import AURAFACE, GFPGAN

if TYPE_CHECKING:
    from ..rows import Row
    from .backends import Backends
    from .store import ModelStore

Advice = Literal["installed", "pull", "possible", "package", "restricted", "no_memory", "no_disk", "no_gpu"]
"""`possible`: it would run here, and another one is recommended first. `package`: so it would, with a package of PyPI.
`restricted`: so it would, but its licence does not allow free use, which nobody can recommend."""

WORTH_IT = (GFPGAN, AURAFACE)
"""What is worth its download to nearly everybody: of each role the first one under a free licence."""

MEMORY_PER_BYTE = 4
"""A rule of thumb: a network of 512 px needs for weights, activations and runtime about four times its file."""

MEMORY_SHARE = 0.5
"""Of the machine's memory: so much a model may need, since the photo, the system and other programs need the rest."""

DISK_LEFT = 1_000_000_000
"""So many bytes stay free after a download."""

KLEIN_BYTES = 8_100_000_000
ONCE_S = 5.0
"""A restorer that takes longer for its first face is not run a second time to be measured warm."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What models can use, in bytes. `gpu` is the name of the one that torch would use, None without."""

    memory: int
    disk_free: int
    gpu: str | None = None
    gpu_memory: int = 0

    def row(self) -> Row:
        """The JSON object."""
        return {
            "memory_bytes": self.memory,
            "disk_free_bytes": self.disk_free,
            "gpu": self.gpu,
            "gpu_memory_bytes": self.gpu_memory or None,
        }


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What is advised of one model. `size` is its download in bytes, `memory` what it needs by rule of thumb, both None
    for what ships. `seconds` a face are measured, None where it is not installed or cannot run."""

    model: Backend
    name: str
    advice: Advice
    size: int | None
    memory: int | None
    seconds: float | None

    def row(self) -> Row:
        """The JSON row."""
        return {
            "id": self.model.id,
            "name": self.name,
            "role": self.model.role,
            "title": self.model.title,
            "licence": self.model.licence,
            "non_commercial": self.model.non_commercial,
            "advice": self.advice,
            "bytes": self.size,
            "memory_bytes": self.memory,
            "seconds_per_face": None if self.seconds is None else round(self.seconds, 2),
        }


def this_machine(models: Path) -> Machine:
    """Its memory, the disk of the models folder, and the GPU if torch finds one."""
    import psutil
    import torch  # knows best which GPU it can use

    there = next(p for p in (models, *models.parents) if p.is_dir())
    memory, free = psutil.virtual_memory().total, shutil.disk_usage(there).free
    if not torch.cuda.is_available():
        return Machine(memory, free)
    gpu = torch.cuda.get_device_properties(0)
    return Machine(memory, free, gpu.name, gpu.total_memory)


def recommend(machine: Machine, store: ModelStore, backends: Backends) -> Iterator[Recommendation]:
    """One for each embedder and restorer that is installed or can be pulled, as each is measured."""
    context = backends.with_embedders(backends.installed_embedders())
    for spec in (*store.registry.restorers, *store.registry.embedders):
        model = spec.parts[0]
        installed = store.installed(model)
        if not installed and model.pull_url is None and model.extra is None and model != KLEIN:
            continue
        size = KLEIN_BYTES if model == KLEIN else sum(f.size or 0 for f in model.files if not f.bundled) or None
        memory = _klein_memory() if model == KLEIN else None if size is None else MEMORY_PER_BYTE * size
        advice: Advice = "installed" if installed else advise(machine, store, model, size or 0, memory or 0)
        seconds = seconds_per_face(spec, context) if installed and isinstance(spec, RestorerSpec) else None
        yield Recommendation(model, spec.called, advice, size, memory, seconds)


def advise(machine: Machine, store: ModelStore, model: Backend, size: int, memory: int) -> Advice:
    """What to do about a model that is not installed; `size` of its download and `memory` it needs in bytes."""
    if model == KLEIN and machine.gpu_memory < memory:
        return "no_gpu"
    if model != KLEIN and memory > MEMORY_SHARE * machine.memory:
        return "no_memory"
    if size + DISK_LEFT > machine.disk_free:
        return "no_disk"
    if model.non_commercial:
        return "restricted"
    if model.extra is not None:
        return "package"
    # A backbone alone restores nothing.
    wanted = model in WORTH_IT or (model == KLEIN and store.installed(CHECKPOINT))
    return "pull" if wanted else "possible"


def seconds_per_face(spec: RestorerSpec, context: BackendContext) -> float | None:
    """How long a drawn face of 170 pixels takes, without references; None for what cannot run here, and for large
    models, which would take minutes to load."""
    if spec.parts[0].folder is not None:
        return None
    import numpy as np

    from iconface_core.restorers.common.drawn_face import drawn_face
    from iconface_core.types import AlignedFace, RestoreInput, RestoreOptions

    scale = 3.0
    face = RestoreInput(AlignedFace(drawn_face(scale, seed=1), np.array([[scale, 0, 0], [0, scale, 0]], np.float32)))
    try:
        restorer = spec.load(context)
        seconds = _timed(lambda: restorer.restore(face, RestoreOptions()))
        return seconds if seconds > ONCE_S else _timed(lambda: restorer.restore(face, RestoreOptions()))
    except IconFaceError:
        return None


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _klein_memory() -> int:
    from iconface_core.restorers.iconface.placement import Placement, estimated_bytes

    return estimated_bytes(Placement(device="cuda"))
