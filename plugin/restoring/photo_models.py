"""Which models take part in the steps of a whole photo: what is installed, and what a step lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from iconface_core.errors import BackendUnavailableError
from iconface_core.models.extra_models import REAL_ESRGAN
from iconface_core.models.files import locate

from ..errors import UsageError
from ..job_payloads import PHOTO_STEPS, USUAL_STEPS, CleanerName, FillName, PhotoStep
from ..languages import _
from ..models.backends import Backends
from ..models.cache import ModelHost, ModelSlot
from ..models.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from iconface_core.protocols import Colouriser, DamageFinder, Inpainter, PhotoCleaner


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


class PhotoModels:
    """Loads each model of the steps when it is first used."""

    def __init__(self, finder: Callable[[], DamageFinder], backends: Backends, models: ModelHost) -> None:
        self.finder = models.slot(finder, exclusive=True)
        self._models, self._backends = models, backends
        self._slots: dict[str, ModelSlot[PhotoCleaner]] = {}
        load_fill, load_colour = backends.inpainter(), backends.colouriser()
        self._inpainter = None if load_fill is None else models.slot(load_fill, exclusive=True)
        self._colouriser = None if load_colour is None else models.slot(load_colour, exclusive=True)

    def inpainter(self, name: FillName) -> ModelSlot[Inpainter] | None:
        """What fills damage; None: OpenCV. Raises BackendUnavailableError when one is named that is not installed."""
        if name == "lama" and self._inpainter is None:
            raise BackendUnavailableError("LaMa is not installed: iconface models pull lama. Or fill with OpenCV.")
        return None if name == "opencv" else self._inpainter

    def colouriser(self) -> ModelSlot[Colouriser]:
        """What invents colours. Raises BackendUnavailableError where nothing that does is installed."""
        if self._colouriser is None:
            raise BackendUnavailableError("colours need DDColor, which is not installed: iconface models pull ddcolor")
        return self._colouriser

    def cleaner(self, name: CleanerName) -> ModelSlot[PhotoCleaner]:
        """What takes noise away. Raises BackendUnavailableError when it is not installed."""
        folder = self._backends.context.models
        if name == "real-esrgan":
            for file in REAL_ESRGAN.files:
                locate(file, folder)
        if name not in self._slots:
            load = _waifu2x if name == "waifu2x" else partial(_real_esrgan, folder)
            self._slots[name] = self._models.slot(load, exclusive=True)
        return self._slots[name]


def _waifu2x() -> PhotoCleaner:
    from iconface_core.restorers.waifu2x.photo import Waifu2xPhotos

    return Waifu2xPhotos(threads=_threads())


def _real_esrgan(folder: Path) -> PhotoCleaner:
    from iconface_core.restorers.realesrgan.restorer import RealEsrganPhotos, load_network

    return RealEsrganPhotos(load_network(folder, threads=_threads()))


def _threads() -> int:
    """A whole photo takes minutes, and nothing else of ours runs beside it."""
    import os

    return os.cpu_count() or 1
