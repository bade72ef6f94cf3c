"""Who resembles whom: people alike, and faces that may be a person's, for a human to judge. Nothing here decides.

A person is compared as up to three means of their best faces over time: a child and the adult it became are both found.
What people decided comes first: rejected faces and people declared different never come back, nor anybody who is with
the person in one photo.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gallery_db.gallery import Gallery, Tx
from iconface_core.types import F32, I64, EmbedderId

from . import Nearest

_ERAS = 3
_PER_ERA = 16
_FACES_PER_ERA = 12  # with fewer there is nothing to divide
_FACES_OF_OTHERS = 8
_CLOSEST = 3
_BEYOND = 400  # how many faces besides the person's own are looked at
_AT_MOST = 4_000
_REPLAY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Resembling:
    """A person or a face by `id`, and the mean cosine of their closest pairs of faces."""

    id: int
    similarity: float


class SimilarFaces:
    """Answers for the faces of one embedder, by what `Nearest` finds. Safe between threads."""

    def __init__(self, gallery: Gallery, embedder: EmbedderId, dim: int) -> None:
        self._embedder = embedder
        self._nearest = Nearest(gallery.vectors_dir, embedder, dim, max_share=_REPLAY_SHARE)
        self._lock = threading.Lock()

    def people(self, tx: Tx, person_id: int, *, limit: int = 24) -> list[Resembling]:
        """Other people, the most alike first. Left out: hidden ones, strangers, and those declared different."""
        own, known = self._of_person(tx, person_id)
        return self._people(tx, own, person_id, known, limit)

    def people_like(
        self, tx: Tx, face_ids: Sequence[int], *, but: int | None = None, limit: int = 24
    ) -> list[Resembling]:
        """Whose these faces might be, the most alike first. `but`: a person who is out of the question."""
        some = self._vectors(tx, list(face_ids)[:_PER_ERA])
        known = 0 if but is None else len(tx.browse.in_time(but))
        return self._people(tx, [some] if len(some) else [], but, known, limit)

    def faces(self, tx: Tx, person_id: int, *, limit: int = 12) -> list[Resembling]:
        """Faces of nobody, or of somebody without a name, that may be the person's (`BrowseRepo.may_be`); the most
        alike first."""
        own, known = self._of_person(tx, person_id)
        if not own:
            return []
        wanted = tx.browse.may_be(person_id, self._near(tx, own, known).tolist())
        theirs = tx.faces.matrix(self._embedder, np.array(sorted(wanted), np.int64))
        if not len(theirs):
            return []
        found = zip(theirs.face_ids.tolist(), _closest(theirs.vectors, own).tolist(), strict=True)
        return sorted((Resembling(i, s) for i, s in found), key=lambda r: (-r.similarity, r.id))[:limit]

    def _people(self, tx: Tx, own: list[F32], but: int | None, known: int, limit: int) -> list[Resembling]:
        if not own:
            return []
        near = self._near(tx, own, known).tolist()
        owners = tx.browse.owners(near, but=but)
        some = list(dict.fromkeys(owners[i] for i in near if i in owners))[: limit + limit // 2]
        best = tx.browse.best(some, _FACES_OF_OTHERS)
        theirs = tx.faces.matrix(self._embedder, np.array(sorted(best), np.int64))
        if not len(theirs):
            return []
        similar: dict[int, list[float]] = {}
        for face_id, s in zip(theirs.face_ids.tolist(), _closest(theirs.vectors, own).tolist(), strict=True):
            similar.setdefault(best[face_id], []).append(s)
        found = [Resembling(p, float(np.mean(sorted(s)[-_CLOSEST:]))) for p, s in similar.items()]
        return sorted(found, key=lambda r: (-r.similarity, r.id))[:limit]

    def _of_person(self, tx: Tx, person_id: int) -> tuple[list[F32], int]:
        """The vectors of the person's best faces, one array for each part of their life; and how many faces there are
        in all."""
        rows = tx.browse.in_time(person_id)
        parts = max(1, min(_ERAS, len(rows) // _FACES_PER_ERA))
        out = []
        for start, end in pairwise(len(rows) * n // parts for n in range(parts + 1)):
            best = sorted(rows[start:end], key=lambda r: -r[1])[:_PER_ERA]
            vectors = self._vectors(tx, [i for i, _ in best])
            if len(vectors):
                out.append(vectors)
        return out, len(rows)

    def _vectors(self, tx: Tx, face_ids: Sequence[int]) -> F32:
        return tx.faces.matrix(self._embedder, np.array(sorted(face_ids), np.int64)).vectors

    def _near(self, tx: Tx, own: list[F32], known: int) -> I64:
        """Ids of the faces closest to any part of a life, the closest first. `known` of them are the person's."""
        means = np.stack([v.mean(0) for v in own])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        with self._lock:
            ids, similarities = self._nearest.among(tx)(means, min(known + _BEYOND, _AT_MOST))
        ids = ids.ravel()[np.argsort(-similarities, axis=None, kind="stable")]
        _, first = np.unique(ids, return_index=True)
        ids = ids[np.sort(first)]
        return ids[ids >= 0]


def _closest(theirs: F32, own: list[F32]) -> F32:
    """Of every row of `theirs` (N, dim) the mean cosine to the closest few of all `own` faces: (N,)."""
    cosines = np.sort(theirs @ np.concatenate(own).T, axis=1)
    mean: F32 = cosines[:, -_CLOSEST:].mean(1)
    return mean
