"""A face the detector missed: the user's box, with a vector of its own so that it can be recognised."""

from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import FaceDrawn
from iconface_core.types import BBox

from ..errors import NotFoundError
from ..people.people import People
from .indexing import Indexer
from .points import detection_of


class DrawnFaces:
    """Adds boxes drawn by hand."""

    def __init__(self, gallery: Gallery, people: People, indexer: Indexer) -> None:
        self._gallery, self._people, self._indexer = gallery, people, indexer

    def add(self, photo: Path, bbox: BBox, person_id: int | None, *, dry_run: bool = False) -> FaceDrawn:
        """Store the box as a decision, then embed it. Raises NotFoundError for a photo outside the library."""
        with self._gallery.begin(write=False) as tx:
            row = tx.photos.by_path(str(photo))
        if row is None:
            raise NotFoundError(f"{photo} is not in the library; add its folder and scan: iconface library add DIR")
        decision = self._people.decide(
            lambda tx: tx.decisions.add_face(row.id, bbox, person_id=person_id), dry_run=dry_run
        )
        if not dry_run:
            self.embed(decision.face_id)
        return decision

    def embed(self, face_id: int) -> None:
        """Give a face that was drawn its vector. Raises UnknownIdError when the box was taken back meanwhile, and
        ImageReadError when the photo cannot be read now: the next scan makes the vector then."""
        with self._gallery.begin(write=False) as tx:
            face = tx.faces.get(face_id)
        [embedding] = self._indexer.embed_at(self._indexer.read_detailed(Path(face.photo)), [detection_of(face)])
        with self._gallery.begin() as tx:
            tx.faces.set_embeddings([(face.id, embedding)])
