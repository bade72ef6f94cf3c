"""Composition root: the only place that builds objects. No model is loaded until something needs it.

A part is imported and built when it is first asked for: listing people needs neither pictures nor models, and a command
that starts in a third of the time is what a file manager, a script and a page feel.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from gallery_db import Gallery
from gallery_db.errors import GalleryError
from gallery_db.notes import COPIES_TO_REMOVE

from .app_models import AppModels
from .parts import common_part, part
from .paths import make_private
from .settings import Settings
from .unfinished import finish
from .users import own_gallery

if TYPE_CHECKING:
    from gallery_db.vectors.similar import SimilarFaces
    from iconface_core.protocols import FaceEmbedder

    from .library.drawn_faces import DrawnFaces
    from .library.indexing import Indexer, Looking
    from .library.library_scan import LibraryScan
    from .library.missing import Missing
    from .library.moved_copies import MovedCopies
    from .library.photo_faces import PhotoFaces
    from .library.photo_reader import PhotoReader
    from .library.roots import Roots
    from .library.scanning import Scanner
    from .library.shared_scan import SharedScan
    from .models.backends import EmbedderBackend
    from .models.cache import ModelSlot
    from .people.life_lines import Lives
    from .people.people import People
    from .people.regrouping import Grouper
    from .people.when_taken import WhenTaken
    from .restoring.attempts import FaceAttempts
    from .restoring.candidates import ReferenceCandidates
    from .restoring.copies import RestoredCopies
    from .restoring.identification import Identifier
    from .restoring.preview import PhotoPreviews
    from .restoring.restore_service import RestoreService
    from .restoring.whole_photo import PhotoMender


class App(AppModels):
    """Everything a command may need.

    Reading a part raises BackendUnavailableError when the settings name a backend that there is not.
    """

    def __init__(self, settings: Settings, gallery: Gallery, looking: Looking | None = None) -> None:
        super().__init__(settings, gallery)
        self._looking = looking

    def acting_as(self, actor: str) -> App:
        """The same application for what `actor` decides and asks for; models and the database are shared."""
        other = App(self.settings, self.gallery.acting_as(actor), self._looking)
        other._whole = self._whole
        return other

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

    @common_part
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

        return LibraryScan(
            self.gallery,
            self._scanner,
            self.moved_copies,
            self.grouper,
            self._grouper(self._preferred),
            self._missing,
            self.settings.folders,
        )

    @part
    def shared_scans(self) -> SharedScan:
        """The same, shared by several machines."""
        from .library.shared_scan import SharedScan

        return SharedScan(self.gallery, self._scanner, self.moved_copies, self.scans, self.reader.max_pixels)

    @common_part
    def reader(self) -> PhotoReader:
        """Reads photos within the settings' limits."""
        from .library.photo_reader import PhotoReader

        megapixel = 1_000_000
        return PhotoReader(self.settings.max_megapixels * megapixel, self.settings.full_megapixels * megapixel)

    @part
    def photo_faces(self) -> PhotoFaces:
        """The faces of a photo, in the library or not."""
        from .library.photo_faces import PhotoFaces

        return PhotoFaces(
            self.gallery,
            self._indexer,
            self.embedder.id,
            self.embedder.calibration,
            self.reader,
            damaged=self._damaged_slot,
        )

    @part
    def identifier(self) -> Identifier:
        """Whose a face is, and which photos help."""
        from .restoring.identification import Identifier

        damaged = self.through_damage
        if damaged is None:
            return Identifier(self.gallery, self.embedder, ages=self.ages)
        return Identifier(self.gallery, self.embedder, damaged.calibration, damaged.twins, ages=self.ages)

    @common_part
    def lives(self) -> Lives | None:
        """Tells how many years lie between two people who may be one; None where nothing tells ages."""
        from .people.life_lines import Lives

        return None if self.ages is None else Lives(self.embedder.id, self.ages)

    @common_part
    def when_taken(self) -> WhenTaken:
        """Tells when photos were taken, as far as the people in them do."""
        from datetime import date

        from .people.when_taken import WhenTaken

        return WhenTaken(self.embedder.id, self.ages, date.today())

    @part
    def candidates(self) -> ReferenceCandidates:
        """What every face of a person is worth as a reference."""
        from .restoring.candidates import ReferenceCandidates

        return ReferenceCandidates(self.gallery, self.identifier, self.embedder)

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
        from .restoring.restore_service import RestoreService

        return RestoreService(
            self.gallery,
            self.photo_faces,
            self.identifier,
            self.embedder.calibration,
            self.restorers,
            self.restored_copies,
            self.photo_mender,
            self._face_attempts,
        )

    @part
    def photo_mender(self) -> PhotoMender:
        """What is done to whole photos."""
        from .restoring.photo_models import PhotoModels
        from .restoring.whole_photo import PhotoMender

        return PhotoMender(PhotoModels(self._damage_finder, self.backends, self.models))

    @part
    def photo_previews(self) -> PhotoPreviews:
        """What would be done to whole photos."""
        from .restoring.preview import PhotoPreviews

        return PhotoPreviews(self.photo_faces, self.photo_mender, self._face_attempts)

    def close(self) -> None:
        """Close the database."""
        self.gallery.close()

    @part
    def _face_attempts(self) -> FaceAttempts:
        from .restoring.attempts import FaceAttempts

        return FaceAttempts(self.restorers, self._embedder_slot, self.embedder.calibration, self._parser_slot)

    @part
    def _missing(self) -> Missing:
        from .library.missing import Missing
        from .library.re_embedding import ReEmbedder
        from .library.twins import Twins

        preferred = self._make_indexer(self.models.slot(self._preferred.load))
        filled = ReEmbedder(self.gallery, preferred, self._preferred.facts.id)
        damaged, twins = self.through_damage, None
        if damaged is not None and damaged.twins is not None and self._damaged_slot is not None:
            twins = Twins(self.gallery, self._indexer, self._damaged_slot, damaged.twins.id)
        return Missing(self.gallery, self.reader.max_pixels, filled, twins)

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
    gallery = own_gallery(Gallery.open(folders.gallery), settings)
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
