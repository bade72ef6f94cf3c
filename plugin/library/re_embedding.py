"""Make one embedder's vectors for faces that lack them: after installing a better embedder, or for boxes drawn by hand.

Resumable: what is missing is asked of the gallery, and each photo is committed by itself.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from gallery_db import Gallery
from gallery_db.records import FaceRecord
from iconface_core.reasons import Reason
from iconface_core.types import EmbedderId

from ..progress import Progress
from .bad_files import in_file, is_no_fault_of
from .indexing import Indexer
from .points import detection_of


class ReEmbedder:
    """Fills the vectors of the embedder that `indexer` uses."""

    def __init__(self, gallery: Gallery, indexer: Indexer, embedder: EmbedderId) -> None:
        self._gallery, self._indexer, self._embedder = gallery, indexer, embedder

    def run(self, progress: Progress) -> tuple[int, dict[str, Reason]]:
        """Returns how many faces got a vector, and the photos that could not be read with the reason."""
        done = 0
        failed: dict[str, Reason] = {}
        for path, faces in self._missing():
            found = [detection_of(f) for f in faces]
            try:
                embeddings = self._indexer.embed_at(self._indexer.read_for(Path(path), found), found)
            except Exception as e:
                if is_no_fault_of(e):
                    raise
                failed[path] = in_file(Path(path), e)
                continue
            with self._gallery.begin() as tx:
                done += tx.faces.set_embeddings([(f.id, e) for f, e in zip(faces, embeddings, strict=True)])
            progress.step(path)
        return done, failed

    def _missing(self) -> Iterator[tuple[str, list[FaceRecord]]]:
        after = 0
        while True:
            with self._gallery.begin(write=False) as tx:
                rows = tx.faces.missing(self._embedder, after_id=after)
            if not rows:
                return
            for path, faces in groupby(sorted(rows, key=lambda f: (f.photo, f.id)), key=lambda f: f.photo):
                yield path, list(faces)
            after = max(f.id for f in rows)
