"""Composition root: the only place that builds objects. No model is loaded until something needs it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version

from gallery_db import Gallery
from gallery_db.errors import GalleryError
from gallery_db.vectors.similar import SimilarFaces
from iconface_core.calibration import EmbedderFacts
from iconface_core.grouping import GroupingPolicy
from iconface_core.protocols import FaceDetector, FaceEmbedder
from iconface_core.types import EmbedderId

from .library.drawn_faces import DrawnFaces
from .library.indexing import Indexer, Looking, untold
from .library.library_scan import LibraryScan
from .library.moved_copies import MovedCopies
from .library.photo_faces import PhotoFaces
from .library.re_embedding import ReEmbedder
from .library.roots import Roots
from .library.scanning import Scanner
from .models.backends import (
    EmbedderBackend,
    damaged_backend,
    detector_backend,
    embedder_backend,
    installed_embedders,
)
from .models.cache import ModelHost, ModelSlot
from .models.iconface_backend import IconFaceFiles
from .models.restorers import Restorers
from .paths import make_private
from .people.people import People
from .people.regrouping import Grouper
from .restoring.candidates import ReferenceCandidates
from .restoring.copies import RestoredCopies, layout_of
from .restoring.decisions import finish_removals
from .restoring.identification import Identifier
from .restoring.restore_service import RestoreService
from .settings import Settings
from .unfinished import finish


@dataclass(frozen=True, slots=True)
class App:
    """Everything a command may need."""

    settings: Settings
    gallery: Gallery
    embedder: EmbedderFacts
    roots: Roots
    people: People
    scans: LibraryScan
    grouper: Grouper
    drawn_faces: DrawnFaces
    photo_faces: PhotoFaces
    identifier: Identifier
    similar_faces: SimilarFaces
    restoring: RestoreService
    restorers: Restorers
    restored_copies: RestoredCopies
    moved_copies: MovedCopies
    candidates: ReferenceCandidates
    iconface: IconFaceFiles
    models: ModelHost

    def unload_idle(self, ttl_s: float) -> int:
        """Drop models that were not used for `ttl_s` seconds; they are loaded again when needed. Returns how many."""
        return self.models.unload_idle(ttl_s)

    def close(self) -> None:
        """Close the database."""
        self.gallery.close()


def build_app(settings: Settings, *, looking: Looking = untold) -> App:
    """Open the gallery of `settings` and put everything around it. `looking` is told of every file that is read.

    Raises GalleryError when the database cannot be opened, BackendUnavailableError for an unknown backend.
    """
    folders = settings.folders
    make_private(folders.data)
    gallery = Gallery.open(folders.database)
    finish(gallery, folders)
    detector_id, load_detector = detector_backend(settings.detector, folders.models, settings.insightface_pack)
    preferred = embedder_backend(settings.embedder, folders.models, settings.insightface_pack)
    with gallery.begin(write=False) as tx:
        backend = serving(
            tx.faces.embedders(), preferred, installed_embedders(folders.models, settings.insightface_pack)
        )
    models = ModelHost()
    detector: ModelSlot[FaceDetector] = models.slot(load_detector)
    embedder: ModelSlot[FaceEmbedder] = models.slot(backend.load)
    max_pixels = settings.max_megapixels * 1_000_000
    sizes = {"reduce_to": settings.index_side, "max_pixels": max_pixels}
    indexer = Indexer(detector, embedder, **sizes, looking=looking)
    next_indexer = Indexer(detector, models.slot(preferred.load), **sizes, looking=looking)
    people = People(gallery)
    grouper = Grouper(gallery, backend.facts, GroupingPolicy())
    full_pixels = settings.full_megapixels * 1_000_000
    through_damage = damaged_backend(backend.facts.id, folders.models)
    finder = PhotoFaces(
        gallery,
        indexer,
        backend.facts.id,
        backend.facts.calibration,
        max_pixels=max_pixels,
        full_pixels=full_pixels,
        damaged=None if through_damage is None else models.slot(through_damage.load),
    )
    whois = Identifier(gallery, backend.facts, None if through_damage is None else through_damage.calibration)
    iconface = IconFaceFiles(
        folders.models, settings.iconface_device, settings.iconface_weights, settings.iconface_offload
    )
    restorers = Restorers(settings.restorer, iconface, (backend, preferred), models)
    outputs = RestoredCopies(
        gallery, folders.restored, layout_of(settings), f"iconface {version('iconface')}", full_pixels=full_pixels
    )
    copies = MovedCopies(gallery, folders.restored)
    with suppress(GalleryError, OSError):  # somebody writes, or the disk is read-only: the next command does it
        finish_removals(copies)
    own = (folders.restored,)
    return App(
        settings=settings,
        gallery=gallery,
        embedder=backend.facts,
        roots=Roots(gallery, folders),
        people=people,
        drawn_faces=DrawnFaces(gallery, people, indexer),
        scans=LibraryScan(
            gallery,
            Scanner(gallery, indexer, copies, workers=settings.workers, detector_id=detector_id, own=own),
            copies,
            grouper,
            Grouper(gallery, preferred.facts, GroupingPolicy()),
            ReEmbedder(gallery, next_indexer, preferred.facts.id),
            folders,
        ),
        grouper=grouper,
        photo_faces=finder,
        identifier=whois,
        similar_faces=SimilarFaces(gallery, backend.facts.id, backend.facts.dim),
        restoring=RestoreService(
            gallery,
            finder,
            whois,
            embedder,
            backend.facts.calibration,
            restorers,
            outputs,
        ),
        restorers=restorers,
        restored_copies=outputs,
        moved_copies=copies,
        candidates=ReferenceCandidates(gallery, whois, backend.facts),
        iconface=iconface,
        models=models,
    )


SERVES_FROM = 0.95
"""The preferred embedder serves once it has this share of the vectors of the one with most: a few faces may never get
theirs, because their photo is unreadable or gone, and must not hold up the rest."""


def serving(
    counts: Mapping[EmbedderId, int], preferred: EmbedderBackend, installed: Sequence[EmbedderBackend]
) -> EmbedderBackend:
    """The embedder whose vectors serve, by the number of faces that have one. Until the preferred one has nearly all,
    it is the installed one with most."""
    most = max((preferred, *installed), key=lambda e: counts.get(e.facts.id, 0))
    return preferred if counts.get(preferred.facts.id, 0) >= SERVES_FROM * counts.get(most.facts.id, 0) else most
