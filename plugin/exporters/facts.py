"""What exporters may read of a gallery."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gallery_db.gallery import Tx
from gallery_db.records import FaceFilter
from iconface_core.extensions.exchange import ExportedFace, ExportedPerson

PAGE = 2000
"""Faces read at a time."""


@dataclass(frozen=True, slots=True)
class TxFacts:
    """`GalleryFacts` of one transaction: what is written meanwhile is not seen."""

    tx: Tx

    def people(self) -> Iterator[ExportedPerson]:
        """As promised by `GalleryFacts`."""
        for p in self.tx.people.find():
            yield ExportedPerson(p.id, p.name, p.birth_date, p.faces, p.photos)

    def faces(self) -> Iterator[ExportedFace]:
        """As promised by `GalleryFacts`."""
        shown = {p.id for p in self.tx.people.find()}
        after = 0
        while page := self.tx.faces.find(FaceFilter(states=("ok", "doubtful"), after_id=after, limit=PAGE)):
            after = page[-1].id
            for f in page:
                if f.person_id is None or f.person_id in shown:
                    box = (f.bbox.x1, f.bbox.y1, f.bbox.x2, f.bbox.y2)
                    name = f.person_name
                    yield ExportedFace(f.id, Path(f.photo), box, f.person_id, name, f.confirmed, f.captured_at)
