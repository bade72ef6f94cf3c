"""Whose face is it, and which photos of that person would help: the rules of the core over rows of the gallery."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np

from gallery_db import Gallery
from gallery_db.gallery import Tx
from gallery_db.records import ReferenceRow
from iconface_core.ages import ApparentAge
from iconface_core.calibration import Calibration, EmbedderFacts
from iconface_core.faces.damage_facts import twin_share
from iconface_core.identity.company import Hint
from iconface_core.identity.identification import FaceFacts, Identification, IdentityKind, Probe
from iconface_core.identity.identify import identify
from iconface_core.identity.references import (
    DegradedFace,
    ReferenceCandidate,
    ReferenceChoice,
    pose_of,
    select_references,
)
from iconface_core.protocols import AgeReader
from iconface_core.types import F32

from ..library.photo_faces import PhotoFace, PhotoFaces, pick
from ..library.points import frontal_landmarks
from ..reasons import GROUPED_BUT, GROUPED_WITH, WITH_HINT, YOU_CONFIRMED_IT, YOU_SAID_SO
from .identified_face import IdentifiedFace
from .known_people import KnownPeople, PeopleReader
from .same_picture import copies_among, pictures_of


class Identifier:
    """Answers for the faces of one embedder, from the gallery as it is now. Everybody's faces are read when a face has
    to be recognised, and kept until they change."""

    def __init__(
        self,
        gallery: Gallery,
        embedder: EmbedderFacts,
        damaged: Calibration | None = None,
        twins: EmbedderFacts | None = None,
        *,
        ages: AgeReader | None = None,
    ) -> None:
        """`damaged`: what the vectors mean that subjects guessed through damage carry; of `embedder`'s space. `twins`:
        the damaged twins of the gallery's faces, and what likeness to them means; where most people have some, such
        subjects are compared with them too. `ages` tells how old faces look, from that space; None: nobody does."""
        self._gallery, self._embedder, self._ages = gallery, embedder, ages
        self._damaged, self._twins = damaged, twins
        self._people = PeopleReader(embedder, twins)

    def answer(
        self, subjects: list[PhotoFace], *, person_id: int | None = None, limit: int = 3
    ) -> list[IdentifiedFace]:
        """One answer per face of a photo. `person_id` is the user's word on who it is and is not questioned.

        Raises UnknownIdError for an unknown person.
        """
        with self._gallery.begin(write=False) as tx:
            if person_id is not None:
                tx.people.get(person_id)
            names, born, rejections = tx.people.names(), _births(tx), tx.faces.rejections()
            known = cache(lambda: self._people.read(tx))  # not for faces whose person is certain
            present = {s.number: s.person_id for s in subjects if s.person_id is not None}

            def one(s: PhotoFace, around: Mapping[int, Hint]) -> IdentifiedFace:
                facts = FaceFacts(
                    rejected=frozenset(p for f, p in rejections if f == s.face_id),
                    present=frozenset(p for n, p in present.items() if n != s.number),
                    born=born,
                )
                return self._one(tx, s, known, names, facts, around, person_id, limit)

            alone = [one(s, {}) for s in subjects]
            found = present | {a.subject.number: a.person_id for a in alone if a.person_id is not None}
            around = cache(lambda others, day, photo_id: known().around(others, day, photo_id))
            return [
                one(
                    a.subject,
                    around(
                        frozenset(p for n, p in found.items() if n != a.subject.number),
                        None if a.subject.roughly else a.subject.captured_at and a.subject.captured_at.date(),
                        a.subject.photo_id,
                    ),
                )
                if a.how == "unsure"
                else a
                for a in alone
            ]

    def recognised(self, subjects: Sequence[PhotoFace], *, at_most: int) -> dict[int, tuple[int, str | None]]:
        """Face id to person id and name, of those faces that are recognised; of any photos, none of them grouped.

        Only the `at_most` faces most like anybody are asked about: identifying takes its time in a large library.
        """
        if not subjects:
            return {}
        with self._gallery.begin(write=False) as tx:
            known, names, born = self._people.read(tx), tx.people.names(), _births(tx)
            rejections: dict[int, set[int]] = {}
            for face_id, person_id in tx.faces.rejections():
                rejections.setdefault(face_id, set()).add(person_id)
        people = known.people
        if not len(people):
            return {}
        vectors = np.stack([s.embedding.vector for s in subjects])
        parts = np.array_split(vectors, len(vectors) // 64 + 1)  # a few at a time: one row per face of the library
        closest = np.concatenate([(part @ people.vectors.T).max(1) for part in parts])
        asked = [subjects[i] for i in np.argsort(-closest, kind="stable")[:at_most]]
        with self._gallery.begin(write=False) as tx:
            copies = {s.face_id: known.copies_of(tx, s) for s in asked}
        out: dict[int, tuple[int, str | None]] = {}
        for s in asked:
            assert s.face_id is not None, "faces of the library"
            rejected = frozenset(rejections.get(s.face_id, ()))
            facts = FaceFacts(rejected=rejected, born=born, copies=copies[s.face_id])
            found = self._identify(s, known, facts)
            if found.person_id is not None:
                out[s.face_id] = found.person_id, names.get(found.person_id)
        return out

    def pool(self, rows: Iterable[ReferenceRow], born: date | None = None) -> list[ReferenceCandidate]:
        """A person's faces, ready for `choose`; worth keeping for several faces of that person. `born`: the person's
        birth date."""
        listed = list(rows)
        dates = [None if r.captured_at is None else datetime.fromisoformat(r.captured_at) for r in listed]
        ages = self._ages_of([r.vector for r in listed], dates, born)
        return [self._candidate(r, at, age) for r, at, age in zip(listed, dates, ages, strict=True)]

    def choose(
        self,
        s: PhotoFace,
        pool: Sequence[ReferenceCandidate],
        copies: frozenset[int],
        *,
        limit: int = 3,
        born: date | None = None,
    ) -> ReferenceChoice:
        """Which faces of a person's `pool` would help to restore `s`; `copies` are in copies of its photo."""
        return select_references(
            DegradedFace(
                s.face.landmarks,
                s.content_hash,
                s.embedding.vector,
                s.quality,
                s.face_id,
                s.photo_id,
                s.captured_at,
                copies,
                self._age_of(s, born),
            ),
            pool,
            self._embedder.calibration,
            limit=limit,
        )

    def _one(
        self,
        tx: Tx,
        s: PhotoFace,
        everybody: Callable[[], KnownPeople],
        names: Mapping[int, str],
        facts: FaceFacts,
        around: Mapping[int, Hint],
        given: int | None,
        limit: int,
    ) -> IdentifiedFace:
        who, how, reason, found = given, "given", YOU_SAID_SO(), None
        if given is None and s.person_id is not None and s.confirmed:
            who, how, reason = s.person_id, "confirmed", YOU_CONFIRMED_IT()
        elif given is None:
            known = everybody()
            facts = replace(facts, copies=known.copies_of(tx, s))
            found = self._identify(s, known, facts, around)
            reason = found.reason(names)
            if found.best is not None and found.best.hint > 0:
                best = found.best.person_id
                hint = around[best].reason(names)
                reason = WITH_HINT(why=reason, person=best, name=names.get(best), hint=hint)
            if found.kind is IdentityKind.KNOWN:
                who, how = found.person_id, "identified"
                if s.person_id is not None and who != s.person_id:
                    who, how = None, "unsure"
                    reason = GROUPED_BUT(person=s.person_id, name=names.get(s.person_id), looks=reason)
            elif s.person_id is not None:
                who, how = s.person_id, "grouped"
                reason = GROUPED_WITH(person=s.person_id, name=names.get(s.person_id))
            else:
                who, how = None, found.kind.value
        if who is None:
            return IdentifiedFace(s, how, reason, None, None, found, None, {}, age=self._age_of(s, None))
        rows = {r.face_id: r for r in tx.faces.reference_candidates(who, self._embedder.id)}
        theirs = list(rows.values())
        copies = copies_among(tx, s, theirs, pictures_of(tx, theirs))
        born = facts.born.get(who)
        choice = self.choose(s, self.pool(theirs, born), copies, limit=limit, born=born)
        age = self._age_of(s, born)
        return IdentifiedFace(s, how, reason, who, names.get(who), found, choice, rows, copies, age)

    def _identify(
        self, s: PhotoFace, known: KnownPeople, facts: FaceFacts, around: Mapping[int, Hint] | None = None
    ) -> Identification:
        vector, quality, calibration = s.embedding.vector, s.quality, self._embedder.calibration
        worn, share = None, 0.0
        if s.guess is not None and self._damaged is not None:
            vector, worn, calibration = s.guess.face.vector, s.guess.worn, self._damaged
            quality = float(calibration.quality(s.guess.face.norm))
            share = twin_share(quality)
        probe = Probe(vector, quality, s.face_id, s.photo_id, s.captured_at, share, worn)
        nats = {p: h.nats for p, h in (around or {}).items()}
        return identify(probe, known.people, calibration, facts=facts, hints=nats)

    def _age_of(self, s: PhotoFace, born: date | None) -> ApparentAge | None:
        """Of a face to be restored. `born`: when its person was, where that is known."""
        told_from = s.embedding if s.guess is None else s.guess.face
        return self._ages_of([told_from.vector], [s.captured_at], born)[0]

    def _ages_of(
        self, vectors: Sequence[F32], dates: Sequence[datetime | None], born: date | None
    ) -> list[ApparentAge | None]:
        """How old one person's faces are where that is known, else how old they look; None where nobody can tell."""
        looks = self._ages.ages(np.stack(vectors)) if self._ages is not None and vectors else [None] * len(vectors)
        return [
            age if born is None or at is None else ApparentAge.known((at.date() - born).days / 365.25)
            for age, at in zip(looks, dates, strict=True)
        ]

    def _candidate(self, row: ReferenceRow, at: datetime | None, age: ApparentAge | None) -> ReferenceCandidate:
        landmarks = frontal_landmarks(row.bbox) if row.landmarks is None else row.landmarks
        return ReferenceCandidate(
            face_id=row.face_id,
            photo_id=row.photo_id,
            photo_hash=row.content_hash,
            vector=row.vector,
            quality=float(self._embedder.calibration.quality(row.norm)),
            det_score=row.det_score,
            face_px=min(row.bbox.width, row.bbox.height),
            landmarks=landmarks,
            pose=pose_of(landmarks),
            captured_at=at,
            confirmed=row.confirmed,
            age=age,
        )


def identify_photo(
    finder: PhotoFaces, identifier: Identifier, path: Path, *, face: int | None, person_id: int | None, limit: int
) -> list[IdentifiedFace]:
    """What `Identifier.answer` says of the faces in a photo, of all or of number `face`.

    Raises NotFoundError for an unknown photo or face, UnknownIdError for an unknown person, ImageReadError for what is
    no picture.
    """
    _, subjects = finder.find(path)
    return identifier.answer(pick(subjects, face, path), person_id=person_id, limit=limit)


def _births(tx: Tx) -> dict[int, date]:
    return {p.person_id: date.fromordinal(p.birth_day) for p in tx.people.constraints() if p.birth_day > 0}
