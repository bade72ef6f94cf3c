"""Composition root: the only place that builds objects. No model is loaded until something needs it.

A part is imported and built when it is first asked for: listing people needs neither pictures nor models, and a command
that starts in a third of the time is what a file manager, a script and a page feel.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from threading import RLock
from typing import TYPE_CHECKING, Any

from gallery_db import Gallery
from gallery_db.errors import GalleryError
from gallery_db.notes import COPIES_TO_REMOVE

from .parts import part
from .paths import make_private
from .settings import Settings
from .unfinished import finish

if TYPE_CHECKING:
    from gallery_db.vectors.similar import SimilarFaces
    from iconface_core.calibration import EmbedderFacts
    from iconface_core.protocols import AgeReader, DamageFinder, FaceDetector, FaceEmbedder, FaceParser

    from .library.drawn_faces import DrawnFaces
    from .library.indexing import Indexer, Looking
    from .library.library_scan import LibraryScan
    from .library.moved_copies import MovedCopies
    from .library.photo_faces import PhotoFaces
    from .library.photo_reader import PhotoReader
    from .library.roots import Roots
    from .library.scanning import Scanner
    from .library.shared_scan import SharedScan
    from .models.backends import Backends, DamagedBackend, DetectorBackend, EmbedderBackend
    from .models.cache import ModelHost, ModelSlot
    from .models.registry import Registry
    from .models.restorers import Restorers
    from .models.store import ModelStore
    from .people.life_lines import Lives
    from .people.people import People
    from .people.regrouping import Grouper
    from .people.when_taken import WhenTaken
    from .restoring.candidates import ReferenceCandidates
    from .restoring.copies import RestoredCopies
    from .restoring.identification import Identifier
    from .restoring.restore_service import RestoreService
    from .restoring.whole_photo import PhotoMender


class App:
    """Everything a command may need.

    Reading a part raises BackendUnavailableError when the settings name a backend that there is not.
    """

    def __init__(self, settings: Settings, gallery: Gallery, looking: Looking | None = None) -> None:
        self.settings, self.gallery = settings, gallery
        self._looking = looking
        self._lock, self._made = RLock(), dict[str, Any]()

    @part
    def models(self) -> ModelHost:
        """Every loaded model."""
        from .models.cache import ModelHost

        return ModelHost()

    @part
    def embedder(self) -> EmbedderFacts:
        """The embedder whose vectors serve."""
        return self._serving.facts

    @property
    def serving_embedders(self) -> tuple[EmbedderBackend, ...]:
        """The embedder whose vectors serve, and the one that the settings prefer: what a restorer may use."""
        return self._serving, self._preferred

    @part
    def roots(self) -> Roots:
        """The folders of the library."""
        from .library.roots import Roots

        return Roots(self.gallery, self.settings.folders)

    @part
    def people(self) -> People:
        """Names, and what is decided about people."""
        from .people.people import People

        return People(self.gallery)

    @part
    def grouper(self) -> Grouper:
        """Which faces are one person."""
        return self._grouper(self._serving)

    @part
    def similar_faces(self) -> SimilarFaces:
        """The index of vectors."""
        from gallery_db.vectors.similar import SimilarFaces

        return SimilarFaces(self.gallery, self.embedder.id, self.embedder.dim)

    @part
    def drawn_faces(self) -> DrawnFaces:
        """Faces that people drew."""
        from .library.drawn_faces import DrawnFaces

        return DrawnFaces(self.gallery, self.people, self._indexer)

    @part
    def scans(self) -> LibraryScan:
        """From the disk to groups of faces."""
        from .library.library_scan import LibraryScan
        from .library.re_embedding import ReEmbedder

        return LibraryScan(
            self.gallery,
            self._scanner,
            self.moved_copies,
            self.grouper,
            self._grouper(self._preferred),
            ReEmbedder(
                self.gallery, self._make_indexer(self.models.slot(self._preferred.load)), self._preferred.facts.id
            ),
            self.settings.folders,
            max_pixels=self.reader.max_pixels,
        )

    @part
    def shared_scans(self) -> SharedScan:
        """The same, shared by several machines."""
        from .library.shared_scan import SharedScan

        return SharedScan(self.gallery, self._scanner, self.moved_copies, self.scans, self.reader.max_pixels)

    @part
    def reader(self) -> PhotoReader:
        """Reads photos within the settings' limits."""
        from .library.photo_reader import PhotoReader

        megapixel = 1_000_000
        return PhotoReader(self.settings.max_megapixels * megapixel, self.settings.full_megapixels * megapixel)

    @part
    def photo_faces(self) -> PhotoFaces:
        """The faces of a photo, in the library or not."""
        from .library.photo_faces import PhotoFaces

        damaged = self.through_damage
        return PhotoFaces(
            self.gallery,
            self._indexer,
            self.embedder.id,
            self.embedder.calibration,
            self.reader,
            damaged=None if damaged is None else self.models.slot(damaged.load),
        )

    @part
    def identifier(self) -> Identifier:
        """Whose a face is, and which photos help."""
        from .restoring.identification import Identifier

        damaged = self.through_damage
        return Identifier(self.gallery, self.embedder, None if damaged is None else damaged.calibration, self.ages)

    @part
    def ages(self) -> AgeReader | None:
        """Tells how old faces look; None where nothing does."""
        return self.backends.ages(self.embedder.id)

    @part
    def lives(self) -> Lives | None:
        """Tells how many years lie between two people who may be one; None where nothing tells ages."""
        from .people.life_lines import Lives

        return None if self.ages is None else Lives(self.embedder.id, self.ages)

    @part
    def when_taken(self) -> WhenTaken:
        """Tells when photos were taken, as far as the people in them do."""
        from datetime import date

        from .people.when_taken import WhenTaken

        return WhenTaken(self.embedder.id, self.ages, date.today())

    @part
    def through_damage(self) -> DamagedBackend | None:
        """Who identifies faces that damage hides from the embedder; None where nobody does."""
        return self.backends.through_damage(self.embedder.id)

    @part
    def candidates(self) -> ReferenceCandidates:
        """What every face of a person is worth as a reference."""
        from .restoring.candidates import ReferenceCandidates

        return ReferenceCandidates(self.gallery, self.identifier, self.embedder)

    @part
    def registry(self) -> Registry:
        """Every backend there is, of iconface and of other packages."""
        from .models.registry import find_backends

        return find_backends(self.settings.insightface_pack, models=self.settings.folders.models)

    @part
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

    @part
    def model_store(self) -> ModelStore:
        """The model files that are installed."""
        from .models.store import ModelStore

        return ModelStore(self.settings.folders.models, self.registry)

    @part
    def restorers(self) -> Restorers:
        """What restores."""
        from .models.restorers import Restorers

        return Restorers(self.settings.restorer, self.backends, self.serving_embedders, self.models)

    @part
    def moved_copies(self) -> MovedCopies:
        """Restored copies that people moved."""
        from .library.moved_copies import MovedCopies

        return MovedCopies(self.gallery, self.settings.folders.restored)

    @part
    def restored_copies(self) -> RestoredCopies:
        """Where restored copies go."""
        from .restoring.copies import RestoredCopies

        return RestoredCopies(
            self.gallery,
            self.settings.folders.restored,
            self.settings.restored_layout,
            f"iconface {version('iconface')}",
            max_pixels=self.reader.max_pixels,
            full_pixels=self.reader.full_pixels,
        )

    @part
    def restoring(self) -> RestoreService:
        """One restore request, from a photo to a checked, marked copy."""
        from .restoring.attempts import FaceAttempts
        from .restoring.restore_service import RestoreService

        return RestoreService(
            self.gallery,
            self.photo_faces,
            self.identifier,
            self.embedder.calibration,
            self.restorers,
            self.restored_copies,
            self.photo_mender,
            FaceAttempts(self.restorers, self._embedder_slot, self.embedder.calibration, self._parser_slot),
        )

    @part
    def _parser_slot(self) -> ModelSlot[FaceParser] | None:
        load = self.backends.parser()
        return None if load is None else self.models.slot(load)

    @part
    def photo_mender(self) -> PhotoMender:
        """Fills damage in a whole photo and corrects its tones."""
        from .restoring.whole_photo import PhotoMender

        return PhotoMender(self.models.slot(self._damage_finder, exclusive=True))

    def unload_idle(self, ttl_s: float) -> int:
        """Drop models that were not used for `ttl_s` seconds; they are loaded again when needed. Returns how many."""
        return self.models.unload_idle(ttl_s)

    def close(self) -> None:
        """Close the database."""
        self.gallery.close()

    @staticmethod
    def _damage_finder() -> DamageFinder:
        from iconface_core.models.catalogue import NANO_FILE
        from iconface_core.models.files import locate_verified
        from iconface_core.restorers.nano.damage_finder import NanoDamageFinder

        return NanoDamageFinder(locate_verified(NANO_FILE))

    @part
    def _detector(self) -> DetectorBackend:
        return self.backends.detector(self.settings.detector)

    @part
    def _preferred(self) -> EmbedderBackend:
        return self.backends.embedder(self.settings.embedder)

    @part
    def _serving(self) -> EmbedderBackend:
        from .models.serving import serving

        with self.gallery.begin(write=False) as tx:
            counts = tx.faces.embedders()
        return serving(counts, self._preferred, self.backends.installed_embedders())

    @part
    def _detector_slot(self) -> ModelSlot[FaceDetector]:
        return self.models.slot(self._detector.load)

    @part
    def _embedder_slot(self) -> ModelSlot[FaceEmbedder]:
        return self.models.slot(self._serving.load)

    @part
    def _scanner(self) -> Scanner:
        from .library.scanning import Scanner

        return Scanner(
            self.gallery,
            self._indexer,
            self.moved_copies,
            workers=self.settings.workers,
            detector_id=self._detector.id,
            own=(self.settings.folders.restored,),
        )

    @part
    def _indexer(self) -> Indexer:
        return self._make_indexer(self._embedder_slot)

    def _make_indexer(self, embedder: ModelSlot[FaceEmbedder]) -> Indexer:
        from .library.indexing import Indexer, untold

        return Indexer(
            self._detector_slot,
            embedder,
            reduce_to=self.settings.index_side,
            max_pixels=self.reader.max_pixels,
            looking=self._looking or untold,
        )

    def _grouper(self, backend: EmbedderBackend) -> Grouper:
        from iconface_core.grouping import GroupingPolicy

        from .people.regrouping import Grouper

        return Grouper(self.gallery, backend.facts, GroupingPolicy(), self.backends.ages(backend.facts.id))


def build_app(settings: Settings, *, looking: Looking | None = None) -> App:
    """Open the gallery of `settings`, and finish what a killed command left. `looking` is told of every file that is
    read. Raises GalleryError when the database cannot be opened."""
    folders = settings.folders
    make_private(folders.data)
    gallery = Gallery.open(folders.gallery)
    finish(gallery, folders)
    app = App(settings, gallery, looking)
    with suppress(GalleryError, OSError):  # somebody writes, or the disk is read-only: the next command does it
        _finish_removals(app)
    return app


def _finish_removals(app: App) -> None:
    with app.gallery.begin(write=False) as tx:
        left = tx.meta.get(COPIES_TO_REMOVE)
    if left is not None:
        from .restoring.decisions import finish_removals

        finish_removals(app.moved_copies)
