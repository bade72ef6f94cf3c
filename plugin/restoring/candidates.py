"""Which faces of the library are worth restoring: told from the gallery alone, no pixel is read.

The restoration itself looks at the photo again and has the last word; this only says what to try, and in what order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import FaceRecord, ReferenceRow, RestorationRecord
from iconface_core.calibration import EmbedderFacts
from iconface_core.damage.sharpness import Degradation, why_left_alone
from iconface_core.extensions.backends import MeasuredGain
from iconface_core.identity.reference_types import ReferenceCandidate, ReferenceChoice
from iconface_core.images.same_picture import Pictures
from iconface_core.reasons import Reason
from iconface_core.types import FaceEmbedding

from ..library.degradation import stored
from ..library.photo_faces import PhotoFace
from ..library.points import detection_of
from ..models.backends import RestorerBackend
from ..reasons import FACE_IS, HOPELESS, NO_VECTOR, NOBODY, NOT_MEASURED, PHOTO_IS, RESTORED_ALREADY
from .copies import why_not_again
from .expected_gain import NOTHING, Gain, expected_gain
from .identification import Identifier
from .judging import likeness
from .presence import presence
from .same_picture import copies_among, pictures_of

MAX_POOL = 200
"""Of a person with more faces only this many, the best, are weighed as references: weighing is quadratic."""

HOPELESS_QUALITY = 0.02
"""A face of less quality is hidden, turned away or gone: what was restored would be its references."""

ASK_AT_MOST = 500
"""Faces without a person that are identified at a time, those most like anybody first."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One face and what speaks for or against restoring it.

    `degradation` is None while the face was not measured. `likeness` is the mean cosine to the closest of the person's
    other faces, None without any. `reason` says why it is left alone, None for a face worth trying. `measured` is what
    the restorer that would do it was measured to bring.
    """

    face: FaceRecord
    photo_hash: str
    degradation: Degradation | None
    choice: ReferenceChoice | None = None
    likeness: float | None = None
    reason: Reason | None = None
    measured: MeasuredGain | None = None

    @property
    def gain(self) -> Gain:
        """What to expect of its restorer; nothing for a face that is left alone."""
        if self.reason is not None or self.degradation is None:
            return NOTHING
        chosen = () if self.choice is None else self.choice.chosen
        return expected_gain(self.measured, self.degradation, [c.score for c in chosen])


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """One person's usable faces, best first: all of them, what their photos look like, and the best as candidates for
    references. `born`: the person's birth date."""

    rows: Sequence[ReferenceRow]
    pictures: Pictures
    best: Sequence[ReferenceCandidate]
    born: date | None


class ReferenceCandidates:
    """Judges faces of one gallery."""

    def __init__(self, gallery: Gallery, whois: Identifier, embedder: EmbedderFacts) -> None:
        self._gallery, self._whois, self._embedder = gallery, whois, embedder

    def of(self, face_ids: Sequence[int], *, restorer: RestorerBackend, again: bool = False) -> list[Candidate]:
        """Judge these faces, in order of id; unknown ids are left out.

        `restorer` would do it (`app.restorers.backend("auto")`). `again` also offers faces
        with a result of another restorer, unless the user accepted it.
        """
        with self._gallery.begin(write=False) as tx:
            seen = [
                Candidate(f, tx.photos.get(f.photo_id).content_hash, stored(f.degradation), measured=restorer.gain)
                for f in tx.faces.by_ids(face_ids)
            ]
            seen = [_hopeless(c) or _with(c, _left_alone(c)) for c in seen]
            strangers = [
                s
                for c in seen
                if c.reason is None and c.face.person_id is None and (s := self._subject(tx, c)) is not None
            ]
        found = self._whois.recognised(strangers, at_most=ASK_AT_MOST)
        with self._gallery.begin(write=False) as tx:
            seen = [_named(c, found.get(c.face.id)) for c in seen]
            by_person = groupby(
                sorted(seen, key=lambda c: (c.face.person_id or 0, c.face.id)), lambda c: c.face.person_id
            )
            judged = [
                c for person_id, theirs in by_person for c in self._of_person(tx, person_id, theirs, restorer, again)
            ]
        return sorted(judged, key=lambda c: c.face.id)

    def _of_person(
        self, tx: Tx, person_id: int | None, seen: Iterable[Candidate], restorer: RestorerBackend, again: bool
    ) -> Iterator[Candidate]:
        pool: _Pool | None = None
        for c in seen:
            if c.reason is not None or person_id is None:
                yield _with(c, c.reason or NOBODY())
                continue
            if pool is None:
                rows = sorted(tx.faces.reference_candidates(person_id, self._embedder.id), key=lambda r: -r.norm)
                birth_date = tx.people.get(person_id).birth_date
                born = None if birth_date is None else date.fromisoformat(birth_date)
                pool = _Pool(rows, pictures_of(tx, rows), self._whois.pool(rows[:MAX_POOL], born), born)
            yield self._choose(tx, c, pool, restorer, again)

    def _choose(self, tx: Tx, c: Candidate, pool: _Pool, restorer: RestorerBackend, again: bool) -> Candidate:
        face, subject = c.face, self._subject(tx, c)
        if subject is None:
            return _with(c, NO_VECTOR())
        rows = tx.restorations.of_face(photo=face.photo, face_id=face.id, input_sha256=c.photo_hash, bbox=face.bbox)
        # What was decided holds for the very references that the restoration would choose: then all are weighed.
        copies = copies_among(tx, subject, pool.rows, pool.pictures)
        best = self._whois.pool(pool.rows, pool.born) if rows else pool.best
        choice = self._whois.choose(subject, best, copies, born=pool.born)
        others = [FaceEmbedding(self._embedder.id, r.vector, r.norm) for r in pool.rows if r.face_id not in copies]
        references = [chosen.face_id for chosen in choice.chosen]
        reason = why_not_again(rows, input_sha256=c.photo_hash, restorer=restorer, references=references)
        if reason is None and not again:
            reason = _has_result(rows)
        return replace(c, choice=choice, likeness=likeness(subject.embedding.vector, others), reason=reason)

    def _subject(self, tx: Tx, c: Candidate) -> PhotoFace | None:
        """The face as identification and references know it; None while it has no vector."""
        face, embedding = c.face, tx.faces.embedding(c.face.id, self._embedder.id)
        if embedding is None:
            return None
        photo = tx.photos.get(face.photo_id)
        return PhotoFace(
            path=Path(face.photo),
            content_hash=c.photo_hash,
            number=0,
            face=detection_of(face),
            embedding=embedding,
            quality=float(self._embedder.calibration.quality(embedding.norm)),
            face_id=face.id,
            photo_id=face.photo_id,
            captured_at=None if face.captured_at is None else datetime.fromisoformat(face.captured_at),
            size=(photo.width, photo.height),
            perceptual_hash=photo.perceptual_hash,
        )


def _named(c: Candidate, who: tuple[int, str | None] | None) -> Candidate:
    """Degraded faces are often recognised without having been grouped."""
    return c if who is None else replace(c, face=replace(c.face, person_id=who[0], person_name=who[1]))


def _left_alone(seen: Candidate) -> Reason | None:
    if seen.face.photo_state != "indexed":
        return PHOTO_IS(state=seen.face.photo_state)
    if seen.face.state not in ("ok", "doubtful"):
        return FACE_IS(state=seen.face.state)
    if seen.degradation is None:
        return NOT_MEASURED()
    return why_left_alone(seen.degradation)


def _hopeless(seen: Candidate) -> Candidate | None:
    quality = None if seen.degradation is None else seen.degradation.quality
    if quality is None or quality >= HOPELESS_QUALITY or _left_alone(seen) is not None:
        return None
    return replace(seen, reason=HOPELESS(quality=quality))


def _has_result(rows: Sequence[RestorationRecord]) -> Reason | None:
    """Any result that is still there will do, whoever made it."""
    for r in rows:
        if r.state == "done" and presence(r, compare=False) != "gone":
            return RESTORED_ALREADY(restoration=r.id, output=str(r.output))
    return None


def _with(seen: Candidate, reason: Reason | None) -> Candidate:
    return replace(seen, reason=reason)
