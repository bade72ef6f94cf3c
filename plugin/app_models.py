"""The models of a gallery, as the settings and this machine have them. None is loaded until something needs it."""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any

from gallery_db import Gallery

from .parts import common_part
from .settings import Settings

if TYPE_CHECKING:
    from iconface_core.calibration import EmbedderFacts
    from iconface_core.protocols import (
        AgeReader,
        DamagedFaceEmbedder,
        DamageFinder,
        FaceDetector,
        FaceEmbedder,
        FaceParser,
    )

    from .models.backends import Backends, DamagedBackend, DetectorBackend, EmbedderBackend
    from .models.cache import ModelHost, ModelSlot
    from .models.registry import Registry
    from .models.restorers import Restorers
    from .models.store import ModelStore


class AppModels:
    """What finds, tells apart and restores faces.

    Reading a part raises BackendUnavailableError when the settings name a backend that there is not.
    """

    def __init__(self, settings: Settings, gallery: Gallery) -> None:
        self.settings, self.gallery = settings, gallery
        self._lock, self._made = RLock(), dict[str, Any]()
        self._whole: AppModels = self

    @common_part
    def models(self) -> ModelHost:
        """Every loaded model."""
        from .models.cache import ModelHost

        return ModelHost()

    @common_part
    def registry(self) -> Registry:
        """Every backend there is, of iconface and of other packages."""
        from .models.registry import find_backends

        return find_backends(self.settings.insightface_pack, models=self.settings.folders.models)

    @common_part
    def backends(self) -> Backends:
        """The backends as this machine and the settings have them."""
        from iconface_core.extensions.backends import BackendContext

        from .models.backends import Backends

        s = self.settings
        context = BackendContext(
            s.folders.models,
            device=s.iconface_device,
            weights=s.iconface_weights,
            offload=s.iconface_offload,
            onnx_provider=s.onnx_provider,
        )
        return Backends(self.registry, context)

    @common_part
    def model_store(self) -> ModelStore:
        """The model files that are installed."""
        from .models.store import ModelStore

        return ModelStore(self.settings.folders.models, self.registry)

    @common_part
    def embedder(self) -> EmbedderFacts:
        """The embedder whose vectors serve."""
        return self._serving.facts

    @property
    def serving_embedders(self) -> tuple[EmbedderBackend, ...]:
        """The embedder whose vectors serve, as it is loaded already, and the one that the settings prefer: what a
        restorer may use."""
        shared = replace(self._serving, load=self._embedder_slot.loaded)
        return (shared,) if self._preferred.facts.id == shared.facts.id else (shared, self._preferred)

    @common_part
    def through_damage(self) -> DamagedBackend | None:
        """Who identifies faces that damage hides from the embedder; None where nobody does."""
        return self.backends.through_damage(self.embedder.id)

    @common_part
    def ages(self) -> AgeReader | None:
        """Tells how old faces look; None where nothing does."""
        return self.backends.ages(self.embedder.id)

    @common_part
    def restorers(self) -> Restorers:
        """What restores."""
        from .models.restorers import Restorers

        return Restorers(self.settings.restorer, self.backends, self.serving_embedders, self.models)

    @common_part
    def _detector(self) -> DetectorBackend:
        return self.backends.detector(self.settings.detector)

    @common_part
    def _preferred(self) -> EmbedderBackend:
        return self.backends.embedder(self.settings.embedder)

    @common_part
    def _serving(self) -> EmbedderBackend:
        from .models.serving import serving

        with self.gallery.begin(write=False) as tx:
            counts = tx.faces.embedders()
        return serving(counts, self._preferred, self.backends.installed_embedders())

    @common_part
    def _detector_slot(self) -> ModelSlot[FaceDetector]:
        return self.models.slot(self._detector.load)

    @common_part
    def _embedder_slot(self) -> ModelSlot[FaceEmbedder]:
        return self.models.slot(self._serving.load)

    @common_part
    def _damaged_slot(self) -> ModelSlot[DamagedFaceEmbedder] | None:
        damaged = self.through_damage
        return None if damaged is None else self.models.slot(damaged.load)

    @common_part
    def _parser_slot(self) -> ModelSlot[FaceParser] | None:
        load = self.backends.parser()
        return None if load is None else self.models.slot(load)

    @staticmethod
    def _damage_finder() -> DamageFinder:
        from iconface_core.models.catalogue import NANO_FILE
        from iconface_core.models.files import locate_verified
        from iconface_core.restorers.nano.damage_finder import NanoDamageFinder

        return NanoDamageFinder(locate_verified(NANO_FILE))

    def unload_idle(self, ttl_s: float) -> int:
        """Drop models that were not used for `ttl_s` seconds; they are loaded again when needed. Returns how many."""
        return self.models.unload_idle(ttl_s)
