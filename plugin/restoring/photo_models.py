"""Which models take part in the steps of a whole photo: what is installed, and what a step lacks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import UsageError
from ..job_payloads import PHOTO_STEPS, USUAL_STEPS, PhotoStep
from ..languages import _
from ..models.backends import Backends
from ..models.cache import ModelHost, ModelSlot
from ..models.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from iconface_core.protocols import Colouriser, DamageFinder, Inpainter, PhotoCleaner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """One step that a front end may offer. `needs`: what is not installed, as the command that brings it; None where it
    can be done. `usual`: it is done unless somebody says otherwise."""

    step: PhotoStep
    usual: bool
    needs: str | None


def offered_steps(registry: Registry, models: Path) -> list[OfferedStep]:
    """All steps, in their order. Looks at files only."""
    there = any(not spec.missing(models) for spec in registry.colourisers)
    first = next((spec.called for spec in registry.colourisers), None)
    needs = None if there or first is None else f"iconface models pull {first}"
    return [OfferedStep(step, step in USUAL_STEPS, needs if step == "colour" else None) for step in PHOTO_STEPS]


def some_steps(named: Sequence[PhotoStep] | None) -> tuple[PhotoStep, ...]:
    """The steps that a form names, in the order in which they are done. Raises UsageError when it names none."""
    if not named:
        raise UsageError(_("Choose at least one thing to do."))
    return tuple(step for step in PHOTO_STEPS if step in named)


@contextmanager
def lent_once(slot: ModelSlot[T]) -> Generator[T]:
    """Lend a model that works at tiles for the length of the block. It keeps the memory that a tile takes, half a
    gigabyte and more, and is loaded again in a moment: so it is dropped, also when somebody cancels."""
    try:
        with slot.use() as model:
            yield model
    finally:
        slot.unload_if_idle(0)


def check_previewed(steps: Sequence[PhotoStep]) -> None:
    """Raises UsageError where a preview of these steps would show nothing."""
    if not set(steps) - {"faces"}:
        raise UsageError(_("A preview shows what is done around the faces. Choose one of these steps as well."))


class PhotoModels:
    """Loads each model of the steps when it is first used. Names are decided by the registry; each raises
    BackendUnavailableError for one that is unknown or cannot run here, with the way out."""

    def __init__(self, finder: Callable[[], DamageFinder], backends: Backends, models: ModelHost) -> None:
        self.finder = models.slot(finder, exclusive=True)
        self._models, self._backends = models, backends
        self._slots: dict[str, ModelSlot[Any]] = {}

    def inpainter(self, name: str) -> ModelSlot[Inpainter] | None:
        """What fills damage; None: OpenCV."""
        load = self._backends.inpainter(name)
        return None if load is None else self._slot(f"fill {name}", load)

    def colouriser(self) -> ModelSlot[Colouriser]:
        """What invents colours."""
        return self._slot("colour", self._backends.colouriser())

    def cleaner(self, name: str) -> ModelSlot[PhotoCleaner]:
        """What takes noise away, and enlarges."""
        return self._slot(f"clean {name}", self._backends.cleaner(name))

    def _slot(self, key: str, load: Callable[[], T]) -> ModelSlot[T]:
        if key not in self._slots:
            self._slots[key] = self._models.slot(load, exclusive=True)
        return self._slots[key]
