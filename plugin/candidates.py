"""Which faces of the library are worth restoring: told from the gallery alone, no pixel is read.

The restoration itself looks at the photo again and has the last word; this only says what to try, and in what order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord, ReferenceRow, RestorationRecord
from iconface_core.reference_types import ReferenceChoice
from iconface_core.sharpness import Degradation, why_left_alone
from iconface_core.types import FaceEmbedding

from .degradation import stored
from .outputs import presence, why_not_again
from .regrouping import EmbedderFacts
from .restoring import likeness
from .subjects import Subject, detection_of
from .whois import WhoIs

MAX_POOL = 200
"""Of a person with more faces only this many, the best, are weighed as references: weighing is quadratic."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One face and what speaks for or against restoring it.

    `degradation` is None while the face was not measured. `likeness` is the mean cosine to the closest of the person's
    other faces, None without any. `reason` says why it is left alone, None for a face worth trying.
    """

    face: FaceRecord
    photo_hash: str
    degradation: Degradation | None
    choice: ReferenceChoice | None = None
    likeness: float | None = None
    reason: str | None = None

    @property
    def gain(self) -> float:
        """What to expect, 0..1, to put faces in order: how degraded it is, times how well the best reference serves
        (half of it without any). 0 for a face that is left alone."""
        if self.reason is not None or self.degradation is None:
            return 0.0
        best = 0.0 if self.choice is None else max((c.score for c in self.choice.chosen), default=0.0)
        return self.degradation.score * (0.5 + 0.5 * best)


class Candidates:
    """Judges faces of one gallery."""

    def __init__(self, gallery: Gallery, whois: WhoIs, embedder: EmbedderFacts) -> None:
        self._gallery, self._whois, self._embedder = gallery, whois, embedder

    def of(self, face_ids: Sequence[int], *, restorer: str, again: bool = False) -> list[Candidate]:
        """Judge these faces, in order of id; unknown ids are left out.

        `restorer` is the id of the restorer that would do it (`app.restorers.id("auto")`). `again` also offers faces
        with a result of another restorer, unless the user accepted it.
        """
        with self._gallery.begin(write=False) as tx:
            faces = sorted(tx.faces.by_ids(face_ids), key=lambda f: (f.person_id or 0, f.id))
            found = [
                c
                for person_id, theirs in groupby(faces, key=lambda f: f.person_id)
                for c in self._of_person(tx, person_id, list(theirs), restorer, again)
            ]
        return sorted(found, key=lambda c: c.face.id)

    def _of_person(
        self, tx: Tx, person_id: int | None, faces: Sequence[FaceRecord], restorer: str, again: bool
    ) -> Iterator[Candidate]:
        pool: list[ReferenceRow] | None = None
        for face in faces:
            photo = tx.photos.get(face.photo_id)
            seen = Candidate(face, photo.content_hash, stored(face.degradation))
            reason = _left_alone(seen, photo.state)
            if reason is not None or person_id is None:
                yield _with(seen, reason or "nobody is known for this face")
                continue
            if pool is None:
                pool = sorted(tx.faces.reference_candidates(person_id, self._embedder.id), key=lambda r: -r.norm)
            yield self._choose(tx, seen, pool, restorer, again)

    def _choose(self, tx: Tx, seen: Candidate, pool: Sequence[ReferenceRow], restorer: str, again: bool) -> Candidate:
        face = seen.face
        embedding = tx.faces.embedding(face.id, self._embedder.id)
        if embedding is None:
            return _with(seen, "it has no vector yet: iconface scan --re-embed")
        subject = Subject(
            path=Path(face.photo),
            content_hash=seen.photo_hash,
            number=0,
            face=detection_of(face),
            embedding=embedding,
            quality=float(self._embedder.calibration.quality(embedding.norm)),
            face_id=face.id,
            photo_id=face.photo_id,
            captured_at=None if face.captured_at is None else datetime.fromisoformat(face.captured_at),
        )
        rows = tx.restorations.of_face(photo=face.photo, face_id=face.id, input_sha256=seen.photo_hash, bbox=face.bbox)
        choice = self._whois.choose(subject, pool if rows else pool[:MAX_POOL])
        others = [FaceEmbedding(self._embedder.id, r.vector, r.norm) for r in pool if r.photo_id != face.photo_id]
        reason = why_not_again(
            rows,
            input_sha256=seen.photo_hash,
            restorer=restorer,
            references=[c.face_id for c in choice.chosen],
        ) or (None if again else _has_result(rows))
        return Candidate(face, seen.photo_hash, seen.degradation, choice, likeness(embedding.vector, others), reason)


def _left_alone(seen: Candidate, photo_state: str) -> str | None:
    if photo_state != "indexed":
        return f"its photo is {photo_state}"
    if seen.face.state not in ("ok", "doubtful"):
        return f"it is {seen.face.state}"
    if seen.degradation is None:
        return "not measured yet"
    return why_left_alone(seen.degradation)


def _has_result(rows: Sequence[RestorationRecord]) -> str | None:
    """Any result that is still there will do, whoever made it."""
    for r in rows:
        if r.state == "done" and presence(r, compare=False) != "gone":
            return f"restored already (restoration {r.id}, {r.output})"
    return None


def _with(seen: Candidate, reason: str) -> Candidate:
    return Candidate(seen.face, seen.photo_hash, seen.degradation, reason=reason)
