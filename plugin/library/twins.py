"""The damaged twins of people's faces: what faces in poor photos are compared with too (docs/architecture.md).

Resumable: what is missing is asked of the gallery, and every photo is committed by itself.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import FaceRecord
from iconface_core.faces.damage_facts import TWIN_QUALITY, are_twins
from iconface_core.protocols import DamagedFaceEmbedder
from iconface_core.types import EmbedderId, FaceEmbedding

from ..models.cache import ModelSlot
from ..progress import Progress
from .bad_files import is_no_fault_of
from .indexing import Indexer, crops_at
from .points import detection_of

A_SCAN = 1000
"""So many twins are made by one scan at most: a minute or two."""

EACH = 24
"""Clear faces of one person that get a twin: identification weighs three of them."""


class Twins:
    """Makes the twins that the gallery keeps by `twins_id`."""

    def __init__(
        self,
        gallery: Gallery,
        indexer: Indexer,
        damaged: ModelSlot[DamagedFaceEmbedder],
        twins_id: EmbedderId,
    ) -> None:
        self._gallery, self._indexer, self._damaged, self._id = gallery, indexer, damaged, twins_id

    def add_missing(self, progress: Progress, *, at_most: int = A_SCAN) -> int:
        """Make twins of the clearest faces of everybody that lack one, and forget those that others made.
        Returns how many were made. What cannot be read now, such as a photo on a drive that is away, waits."""
        if not self._gallery.shared:  # with other machines' weights they would be made in turns
            self._drop_others()
        made = 0
        for path, faces in self._missing(progress):
            progress.step(path)
            found = self._twins_of(Path(path), faces[: at_most - made])
            if found:
                with self._gallery.begin() as tx:
                    made += tx.faces.set_embeddings(found)
            if made >= at_most:  # before the next are asked for, and told of
                break
        return made

    def _drop_others(self) -> None:
        with self._gallery.begin(write=False) as tx:
            others = [e for e in tx.faces.embedders() if are_twins(e) and e != self._id]
        for other in others:
            with self._gallery.begin() as tx:
                tx.faces.drop_embedder(other)

    def _missing(self, progress: Progress) -> Iterator[tuple[str, list[FaceRecord]]]:
        after = 0
        while True:
            with self._gallery.begin(write=False) as tx:
                rows = tx.faces.best_without(
                    self._id, each=EACH, min_quality=TWIN_QUALITY, after_id=after, limit=A_SCAN
                )
            if not rows:
                return
            progress.more(len({f.photo for f in rows}))
            for path, faces in groupby(sorted(rows, key=lambda f: (f.photo, f.id)), key=lambda f: f.photo):
                yield path, list(faces)
            after = max(f.id for f in rows)

    def _twins_of(self, path: Path, faces: list[FaceRecord]) -> list[tuple[int, FaceEmbedding]]:
        if not path.is_file():
            return []
        found = [detection_of(f) for f in faces]
        try:
            crops = crops_at(self._indexer.read_for(path, found), found)
        except Exception as e:
            if is_no_fault_of(e):
                raise
            return []  # the scan says what is wrong with it
        with self._damaged.use() as damaged:
            twins = damaged.twins(crops)
        return [(f.id, twin) for f, twin in zip(faces, twins, strict=True)]
